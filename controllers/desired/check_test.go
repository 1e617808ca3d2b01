package desired_test

import (
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestInputsThatKeepAllRulesAreAllowed(t *testing.T) {
	for why, in := range map[string]desired.Inputs{
		"everything that a manifest can hold": inputs(),
		"an empty selector selects every namespace": edited(func(in *desired.Inputs) {
			in.Profile.Spec.AllowedNamespaces, in.NamespaceLabels = &metav1.LabelSelector{}, nil
		}),
		"no list of registries allows all of them": edited(func(in *desired.Inputs) {
			in.Profile.Spec.AllowedRegistries, in.Stage.Spec.Image.Repository = nil, "docker.io/library/nginx"
		}),
		"the repository itself is on the list": edited(func(in *desired.Inputs) {
			in.Profile.Spec.AllowedRegistries = []string{"ghcr.io/acme/clouder"}
		}),
		"a slash at the end of a registry": edited(func(in *desired.Inputs) {
			in.Profile.Spec.AllowedRegistries = []string{"ghcr.io/"}
		}),
		"a role that is offered to the namespace": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.FunctionRoleName = "reporting"
		}),
		"two entries that refer to the same Secret": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Secrets[1].SecretRef.Name = "clouder-env"
		}),
		"a variable that a secret has as well": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Environment["TOKEN"] = "mine"
		}),
		"braces that are no dynamic reference": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Schedules[0].Command[1] = "{{ .Values }}"
		}),
		"a bundle that is as large as it may be": edited(bundleOf(1 << 20)),
		"a long region's name beside a short prefix": edited(func(in *desired.Inputs) {
			in.Profile.Spec.Region = "us-isof-south-1"
		}),
	} {
		t.Run(why, func(t *testing.T) {
			if err := desired.Check(in); err != nil {
				t.Error(err)
			}
		})
	}
}

// refusals tell the inputs, the reason, and what the message has to name: the field or object, and the remedy.
var refusals = []struct {
	why    string
	change func(*desired.Inputs)
	reason string
	names  []string
}{
	{
		"a profile that selects no namespaces grants itself to none",
		func(in *desired.Inputs) { in.Profile.Spec.AllowedNamespaces = nil },
		v1alpha1.ReasonProfileNotAllowed,
		[]string{`StageProfile "production"`, `namespace "clouder"`, "spec.allowedNamespaces", "spec.profileRef"},
	}, {
		"the namespace is not selected",
		func(in *desired.Inputs) { in.NamespaceLabels = map[string]string{"team": "other"} },
		v1alpha1.ReasonProfileNotAllowed, []string{`namespace "clouder"`, "ask the platform team"},
	}, {
		"a selector that cannot be read allows nothing",
		func(in *desired.Inputs) {
			in.Profile.Spec.AllowedNamespaces = &metav1.LabelSelector{
				MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "x", Operator: "Near"}},
			}
		},
		v1alpha1.ReasonProfileNotAllowed, []string{"allowedNamespaces", `StageProfile "production"`},
	}, {
		"a worker's command is larger than the variables of its function",
		func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Workers[0].Command = []string{strings.Repeat(`"`, 1000)}
		},
		v1alpha1.ReasonInvalidManifest,
		[]string{"spec.manifest.workers[default].command takes 4008 bytes", "room for 2560", "a script in the image"},
	}, {
		"a schedule's command is larger than EventBridge takes",
		func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Schedules[0].Command = []string{strings.Repeat("<", 4000)}
		},
		v1alpha1.ReasonInvalidManifest,
		[]string{"spec.manifest.schedules[scheduler].command takes 24", "room for 8192", "a script in the image"},
	}, {
		"all commands together are larger than a declaration may be",
		func(in *desired.Inputs) {
			for len(in.Stage.Spec.Manifest.DeployCommands) < 30 {
				in.Stage.Spec.Manifest.DeployCommands = append(in.Stage.Spec.Manifest.DeployCommands,
					v1alpha1.DeployCommand{Command: []string{strings.Repeat("<", 4000)}})
			}
		},
		v1alpha1.ReasonInvalidManifest,
		[]string{"the commands of spec.manifest take", "at most 524288", "scripts in the image"},
	}, {
		"the image comes from elsewhere",
		func(in *desired.Inputs) { in.Stage.Spec.Image.Repository = "docker.io/library/nginx" },
		v1alpha1.ReasonRegistryNotAllowed, []string{"spec.image.repository", "docker.io/library/nginx", "ghcr.io/acme"},
	}, {
		"a registry whose name only begins like one that is allowed",
		func(in *desired.Inputs) { in.Stage.Spec.Image.Repository = "ghcr.io/acme-evil/clouder" },
		v1alpha1.ReasonRegistryNotAllowed, []string{"spec.image.repository"},
	}, {
		"a role that the profile does not have",
		func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "admin" },
		v1alpha1.ReasonRoleNotAllowed, []string{"spec.manifest.functionRoleName", `"admin"`, "leave it out"},
	}, {
		"a role that is offered to another namespace",
		func(in *desired.Inputs) { in.Stage.Spec.Manifest.FunctionRoleName = "billing" },
		v1alpha1.ReasonRoleNotAllowed, []string{"spec.manifest.functionRoleName", `namespace "clouder"`},
	}, {
		"a function with more memory than the profile allows",
		func(in *desired.Inputs) { in.Profile.Spec.Limits = &v1alpha1.ProfileLimits{MemoryMiB: 256} },
		v1alpha1.ReasonQuotaExceeded, []string{"memoryMiB 512", "limits.memoryMiB 256", `StageProfile "production"`},
	}, {
		"functions that reserve more together than the profile allows",
		func(in *desired.Inputs) {
			in.Profile.Spec.Limits = &v1alpha1.ProfileLimits{ReservedConcurrency: 10}
			in.Stage.Spec.Manifest.HTTP.ReservedConcurrency = new(int32(6))
			in.Stage.Spec.Manifest.Workers[0].ReservedConcurrency = new(int32(5))
		},
		v1alpha1.ReasonQuotaExceeded, []string{"concurrency of 11", "limits.reservedConcurrency 10"},
	}, {
		"a key with a dot cannot be a variable",
		func(in *desired.Inputs) { in.Secrets["clouder-env"]["tls.crt"] = nil },
		v1alpha1.ReasonInvalidSecret, []string{`"tls.crt"`, `Secret "clouder-env"`, "rename the key"},
	}, {
		"a key that begins with a digit cannot be a variable",
		func(in *desired.Inputs) { in.Secrets["clouder-env"]["1ST"] = nil },
		v1alpha1.ReasonInvalidSecret, []string{`"1ST"`, "rename the key"},
	}, {
		"a key that would take over the functions' credentials",
		func(in *desired.Inputs) { in.Secrets["clouder-env"]["AWS_ACCESS_KEY_ID"] = nil },
		v1alpha1.ReasonInvalidSecret, []string{`"AWS_ACCESS_KEY_ID"`, "reserved", "rename the key"},
	}, {
		"a key that would take over the runtime's own",
		func(in *desired.Inputs) { in.Secrets["clouder-env"]["ALOFT_ROLE"] = nil },
		v1alpha1.ReasonInvalidSecret, []string{`"ALOFT_ROLE"`, "reserved"},
	}, {
		"two Secrets with the same key: which one counts is nobody's guess",
		func(in *desired.Inputs) { in.Secrets["clouder-mail"]["TOKEN"] = []byte("another") },
		v1alpha1.ReasonInvalidSecret, []string{`"TOKEN"`, `"clouder-env"`, `"clouder-mail"`, "remove it from one of them"},
	}, {
		"a bundle that is too large for a function's memory",
		bundleOf(1<<20 + 1),
		v1alpha1.ReasonInvalidSecret, []string{"1048577 bytes", "at most 1048576", "keep large files in the image"},
	}, {
		"CloudFormation would read another stage's secret for a schedule",
		func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Schedules[0].Command[1] = "{{resolve:secretsmanager:other}}"
		},
		v1alpha1.ReasonInvalidManifest, []string{"spec.manifest.schedules[scheduler].command", "secrets"},
	}, {
		"CloudFormation would read another stage's secret for a worker",
		func(in *desired.Inputs) { in.Stage.Spec.Manifest.Workers[0].Command[1] = "{{resolve:ssm:other}}" },
		v1alpha1.ReasonInvalidManifest, []string{"spec.manifest.workers[default].command", "secrets"},
	}, {
		"a control character in a template",
		func(in *desired.Inputs) { in.Stage.Spec.Manifest.Workers[0].Command[1] = "a\x00b" },
		v1alpha1.ReasonInvalidManifest, []string{"spec.manifest.workers[default].command", "control character"},
	},
}

func TestInputsThatBreakARuleAreRefusedWithFieldAndRemedy(t *testing.T) {
	for _, row := range refusals {
		t.Run(row.why, func(t *testing.T) {
			rejected, ok := release.AsRejected(desired.Check(edited(row.change)))
			if !ok {
				t.Fatal("it is allowed")
			}
			if rejected.Reason != row.reason {
				t.Errorf("the reason is %s, want %s", rejected.Reason, row.reason)
			}
			for _, name := range row.names {
				if !strings.Contains(rejected.Message, name) {
					t.Errorf("the message does not name %q: %s", name, rejected.Message)
				}
			}
			if strings.Contains(rejected.Message, "canary") {
				t.Errorf("the message shows a secret: %s", rejected.Message)
			}
		})
	}
}

func TestARefusalReadsTheSameEachTime(t *testing.T) {
	in := edited(func(in *desired.Inputs) {
		for _, key := range []string{"a.b", "c.d", "e.f", "g.h"} {
			in.Secrets["clouder-env"][key] = nil
		}
	})
	want := desired.Check(in).Error()
	for range 50 {
		if got := desired.Check(in).Error(); got != want {
			t.Fatalf("%q, then %q: each would be a new status", want, got)
		}
	}
}

// bundleOf fills the bundle up to so many bytes.
func bundleOf(size int) func(*desired.Inputs) {
	return func(in *desired.Inputs) {
		in.Stage.Spec.Manifest.Environment = nil
		in.Stage.Spec.Manifest.Secrets = in.Stage.Spec.Manifest.Secrets[:1]
		in.Secrets["clouder-env"] = map[string][]byte{"BLOB": make([]byte, size-len("BLOB"))}
	}
}

func TestTheOldestStagesOfANamespaceHaveTheProfile(t *testing.T) {
	limited := func(older int, allowed int32) desired.Inputs {
		return edited(func(in *desired.Inputs) {
			in.OlderStages, in.Profile.Spec.Limits = older, &v1alpha1.ProfileLimits{StagesPerNamespace: allowed}
		})
	}
	if err := desired.Admit(limited(2, 3)); err != nil {
		t.Errorf("the third of three is refused: %v", err)
	}
	waiting, ok := release.AsWaiting(desired.Admit(limited(3, 3)))
	if !ok || waiting.Reason != v1alpha1.ReasonQuotaExceeded ||
		!strings.Contains(waiting.Message, "limits.stagesPerNamespace allows 3 in all") {
		t.Errorf("the fourth of three: %+v", waiting)
	}
}

func TestWhatIsAsIsAllowedIsWithinTheLimits(t *testing.T) {
	in := edited(func(in *desired.Inputs) {
		in.Profile.Spec.Limits = &v1alpha1.ProfileLimits{MemoryMiB: 512, ReservedConcurrency: 5, StagesPerNamespace: 1}
		in.Stage.Spec.Manifest.HTTP.ReservedConcurrency = new(int32(5))
	})
	if err := desired.Admit(in); err != nil {
		t.Error(err)
	}
}
