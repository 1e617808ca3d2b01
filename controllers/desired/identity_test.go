package desired_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
)

func TestWhatTheUserDidNotDeclareMakesNoRelease(t *testing.T) {
	want := desired.Build(inputs())
	for why, in := range map[string]desired.Inputs{
		"labels and annotations are not part of a release": edited(func(in *desired.Inputs) {
			in.Stage.Labels, in.Stage.Annotations = map[string]string{"a": "b"}, map[string]string{"c": "d"}
		}),
		"an apply counts the generation up": edited(func(in *desired.Inputs) {
			in.Stage.Generation, in.Stage.ResourceVersion = 7, "42"
		}),
		"the Stage was deleted with Retain and made again": edited(func(in *desired.Inputs) {
			in.Stage.UID, in.Stage.CreationTimestamp = "another", metav1.Time{Time: time.Unix(1, 0)}
		}),
		"the status is a cache": edited(func(in *desired.Inputs) {
			in.Stage.Status.Live = &v1alpha1.Release{ID: "0123"}
		}),
		"suspending holds a release, no more": edited(func(in *desired.Inputs) { in.Stage.Spec.Suspend = true }),
		"what becomes of it when it is deleted": edited(func(in *desired.Inputs) {
			in.Stage.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
		}),
		"how many old releases are kept": edited(func(in *desired.Inputs) { in.Stage.Spec.Retention.Releases = 9 }),
		"how the image is pulled":        edited(func(in *desired.Inputs) { in.PullSecret = []byte("another") }),
		"the same content from another registry": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Image.Repository = "ghcr.io/acme/mirror"
		}),
		"the digest that the tag has is pinned": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Image.Digest = in.ImageDigest
		}),
		"an edited profile waits for a release": edited(editProfile),
		"labels of the namespace":               edited(func(in *desired.Inputs) { in.NamespaceLabels["more"] = "labels" }),
		"a Secret that no source refers to": edited(func(in *desired.Inputs) {
			in.Secrets["other"] = map[string][]byte{"X": []byte("y")}
		}),
		"an entry of the secrets has a new name": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Secrets[0].Name = "variables"
		}),
		"the same variables from another Secret": edited(moveSecret),
		"the order of maps by name":              edited(reverse),
		"nil and empty lists are the same nothing": edited(func(in *desired.Inputs) {
			in.Stage.Spec.Manifest.Workers[1].BackoffSeconds = []int32{}
			in.Stage.Spec.Manifest.Workers[1].Command = v1alpha1.Command{}
		}),
	} {
		t.Run(why, func(t *testing.T) {
			if got := desired.Build(in); got.ID != want.ID || got.ConfigHash != want.ConfigHash {
				t.Errorf("release %s with bundle %s became %s with %s", want.ID, want.ConfigHash, got.ID, got.ConfigHash)
			}
		})
	}
}

func editProfile(in *desired.Inputs) {
	spec := &in.Profile.Spec
	spec.RoleARN, spec.StackRoleARN, spec.PermissionsBoundaryARN = "arn:1", "arn:2", "arn:3"
	spec.AllowedRegistries, spec.ExternalID, spec.CommandOutput = nil, "another", "StoreOnly"
}

func moveSecret(in *desired.Inputs) {
	in.Secrets["moved"] = in.Secrets["clouder-env"]
	delete(in.Secrets, "clouder-env")
	in.Stage.Spec.Manifest.Secrets[0].SecretRef = &v1alpha1.LocalReference{Name: "moved"}
}

func reverse(in *desired.Inputs) {
	m := &in.Stage.Spec.Manifest
	slices.Reverse(m.Workers)
	for i := range m.Workers {
		slices.Reverse(m.Workers[i].Queues)
	}
	slices.Reverse(m.Schedules)
	slices.Reverse(m.Secrets)
}

func TestEmptyAndAbsentManifestsAreTheSameRelease(t *testing.T) {
	absent, empty := inputs(), inputs()
	absent.Stage.Spec.Manifest = v1alpha1.Manifest{}
	absent.Secrets = nil
	empty.Stage.Spec.Manifest = v1alpha1.Manifest{
		Environment: map[string]v1alpha1.EnvironmentValue{}, Secrets: []v1alpha1.SecretSource{},
		Schedules: []v1alpha1.Schedule{}, Workers: []v1alpha1.Worker{}, DeployCommands: []v1alpha1.DeployCommand{},
	}
	if a, b := desired.Build(absent).ID, desired.Build(empty).ID; a != b {
		t.Errorf("%s and %s", a, b)
	}
}

func TestTheOrderOfMapsByNameMakesNoRelease(t *testing.T) {
	want := desired.Build(inputs()).ID
	rapid.Check(t, func(t *rapid.T) {
		in := inputs()
		m := &in.Stage.Spec.Manifest
		m.Workers = rapid.Permutation(m.Workers).Draw(t, "workers")
		for i := range m.Workers {
			m.Workers[i].Queues = rapid.Permutation(m.Workers[i].Queues).Draw(t, "queues")
		}
		m.Schedules = rapid.Permutation(m.Schedules).Draw(t, "schedules")
		m.Secrets = rapid.Permutation(m.Secrets).Draw(t, "secrets")
		if got := desired.Build(in).ID; got != want {
			t.Fatalf("%s became %s", want, got)
		}
	})
}

// declarations change one declared field each.
var declarations = map[string]func(*v1alpha1.StageSpec){
	"image.tag":                      func(s *v1alpha1.StageSpec) { s.Image.Tag = "5a0b1c2" },
	"assets":                         func(s *v1alpha1.StageSpec) { s.Assets = nil },
	"assets.fromImage.path":          func(s *v1alpha1.StageSpec) { s.Assets.FromImage.Path = "/app/public" },
	"manifest.architecture":          func(s *v1alpha1.StageSpec) { s.Manifest.Architecture = "arm64" },
	"manifest.functionRoleName":      func(s *v1alpha1.StageSpec) { s.Manifest.FunctionRoleName = "reporting" },
	"manifest.environment, a value":  func(s *v1alpha1.StageSpec) { s.Manifest.Environment["APP_ENV"] = "staging" },
	"manifest.environment, a name":   func(s *v1alpha1.StageSpec) { s.Manifest.Environment["MORE"] = "" },
	"manifest.environment, one less": func(s *v1alpha1.StageSpec) { delete(s.Manifest.Environment, "APP_ENV") },
	"manifest.secrets":               func(s *v1alpha1.StageSpec) { s.Manifest.Secrets = s.Manifest.Secrets[:1] },
	"manifest.runtime.http.port":     func(s *v1alpha1.StageSpec) { s.Manifest.Runtime.HTTP.Port = 3000 },
	"manifest.http.healthPath":       func(s *v1alpha1.StageSpec) { s.Manifest.HTTP.HealthPath = "/up" },
	"manifest.http.memoryMiB":        func(s *v1alpha1.StageSpec) { s.Manifest.HTTP.MemoryMiB++ },
	"manifest.http.timeoutSeconds":   func(s *v1alpha1.StageSpec) { s.Manifest.HTTP.TimeoutSeconds-- },
	"manifest.http.warmEnvironments": func(s *v1alpha1.StageSpec) { s.Manifest.HTTP.WarmEnvironments++ },
	"manifest.http.reservedConcurrency": func(s *v1alpha1.StageSpec) {
		s.Manifest.HTTP.ReservedConcurrency = new(int32(0))
	},
	"manifest.cli.memoryMiB":      func(s *v1alpha1.StageSpec) { s.Manifest.CLI.MemoryMiB++ },
	"manifest.cli.timeoutSeconds": func(s *v1alpha1.StageSpec) { s.Manifest.CLI.TimeoutSeconds-- },
	"manifest.cli.reservedConcurrency": func(s *v1alpha1.StageSpec) {
		s.Manifest.CLI.ReservedConcurrency = new(int32(0))
	},
	"manifest.schedules, one less":      func(s *v1alpha1.StageSpec) { s.Manifest.Schedules = s.Manifest.Schedules[:1] },
	"manifest.schedules[].name":         func(s *v1alpha1.StageSpec) { s.Manifest.Schedules[0].Name = "minutely" },
	"manifest.schedules[].rateMinutes":  func(s *v1alpha1.StageSpec) { s.Manifest.Schedules[0].RateMinutes = 2 },
	"manifest.schedules[].cron":         func(s *v1alpha1.StageSpec) { s.Manifest.Schedules[1].Cron = "0 4 * * ? *" },
	"manifest.schedules[].command":      func(s *v1alpha1.StageSpec) { s.Manifest.Schedules[1].Command[1] = "other" },
	"manifest.workers, one less":        func(s *v1alpha1.StageSpec) { s.Manifest.Workers = s.Manifest.Workers[:1] },
	"manifest.workers[].name":           func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].Name = "main" },
	"manifest.workers[].memoryMiB":      func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].MemoryMiB++ },
	"manifest.workers[].timeoutSeconds": func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].TimeoutSeconds++ },
	"manifest.workers[].maxConcurrency": func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].MaxConcurrency = nil },
	"manifest.workers[].maxAttempts":    func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].MaxAttempts++ },
	"manifest.workers[].backoffSeconds": func(s *v1alpha1.StageSpec) {
		slices.Reverse(s.Manifest.Workers[0].BackoffSeconds)
	},
	"manifest.workers[].queues, moved": moveQueue,
	"manifest.workers[].queues, one more": func(s *v1alpha1.StageSpec) {
		s.Manifest.Workers[1].Queues = append(s.Manifest.Workers[1].Queues, v1alpha1.Queue{Name: "more"})
	},
	"manifest.workers[].queues[].fifo": func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].Queues[0].FIFO = true },
	"manifest.workers[].command":       func(s *v1alpha1.StageSpec) { s.Manifest.Workers[0].Command[1] = "other" },
	"manifest.workers[].httpPath":      func(s *v1alpha1.StageSpec) { s.Manifest.Workers[1].HTTPPath = "/other" },
	"manifest.workers[].reserved": func(s *v1alpha1.StageSpec) {
		s.Manifest.Workers[1].ReservedConcurrency = new(int32(0))
	},
	"manifest.deployCommands, one less": func(s *v1alpha1.StageSpec) {
		s.Manifest.DeployCommands = s.Manifest.DeployCommands[:1]
	},
	"manifest.deployCommands, their order": func(s *v1alpha1.StageSpec) { slices.Reverse(s.Manifest.DeployCommands) },
	"manifest.deployCommands[].name":       func(s *v1alpha1.StageSpec) { s.Manifest.DeployCommands[0].Name = "other" },
	"manifest.deployCommands[].command": func(s *v1alpha1.StageSpec) {
		s.Manifest.DeployCommands[0].Command[1] = "other"
	},
	"manifest.deployCommands[].timeout": func(s *v1alpha1.StageSpec) { s.Manifest.DeployCommands[0].TimeoutSeconds++ },
}

func moveQueue(s *v1alpha1.StageSpec) {
	s.Manifest.Workers[1].Queues = append(s.Manifest.Workers[1].Queues, s.Manifest.Workers[0].Queues[0])
	s.Manifest.Workers[0].Queues = s.Manifest.Workers[0].Queues[1:]
}

func TestEachDeclaredFieldMakesARelease(t *testing.T) {
	ids := map[string]string{desired.Build(inputs()).ID: "no change"}
	for field, change := range declarations {
		id := desired.Build(edited(func(in *desired.Inputs) { change(&in.Stage.Spec) })).ID
		if other, taken := ids[id]; taken {
			t.Errorf("changing %s gives the same release as %s", field, other)
		}
		ids[id] = field
	}
}

func TestWhatTheFieldsStandForMakesARelease(t *testing.T) {
	before := desired.Build(inputs()).ID
	for why, in := range map[string]desired.Inputs{
		"the tag stands for other content":      edited(func(in *desired.Inputs) { in.ImageDigest = "sha256:b" }),
		"the templates are of another revision": edited(func(in *desired.Inputs) { in.Revision = "2" }),
		"a value in a Secret changed": edited(func(in *desired.Inputs) {
			in.Secrets["clouder-env"]["TOKEN"] = []byte("other")
		}),
		"a Secret has another key": edited(func(in *desired.Inputs) {
			in.Secrets["clouder-env"]["MORE"] = []byte("")
		}),
		"a value went from a secret to a variable": edited(revealToken),
	} {
		t.Run(why, func(t *testing.T) {
			if desired.Build(in).ID == before {
				t.Error("it is the same release")
			}
		})
	}
}

func revealToken(in *desired.Inputs) {
	delete(in.Secrets["clouder-env"], "TOKEN")
	in.Stage.Spec.Manifest.Environment["TOKEN"] = "canary"
}

func TestTheBundlesNameGivesNoGuessAtItsSecretsAway(t *testing.T) {
	one := desired.Build(inputs())
	other := desired.Build(edited(func(in *desired.Inputs) { in.HashKey = []byte("a key of another cluster") }))
	if one.ConfigHash == other.ConfigHash {
		t.Error("the key does not matter, so that anyone can try values")
	}
	plain := sha256.Sum256(fmt.Appendf(nil, "%v", one.Config))
	if one.ConfigHash == hex.EncodeToString(plain[:])[:len(one.ConfigHash)] {
		t.Error("the hash is a plain one")
	}
}

func TestNobodyLearnsAnothersSecretsByGuessingInAStageOfHisOwn(t *testing.T) {
	one := desired.Build(inputs())
	for why, change := range map[string]func(*desired.Inputs){
		"another namespace": func(in *desired.Inputs) { in.Stage.Namespace = "mallory" },
		"another name":      func(in *desired.Inputs) { in.Stage.Name = "guess" },
	} {
		if guess := desired.Build(edited(change)); guess.ConfigHash == one.ConfigHash {
			t.Errorf("%s has the same bundle: %s", why, guess.ConfigHash)
		}
	}
}

func anotherKey(in *desired.Inputs) { in.HashKey = []byte("the key that took its place") }

func withoutSecrets(in *desired.Inputs) { in.Secrets, in.Stage.Spec.Manifest.Secrets = nil, nil }

func TestAStageWithoutSecretsNeedsNoKey(t *testing.T) {
	before := desired.Build(edited(withoutSecrets))
	after := desired.Build(edited(func(in *desired.Inputs) { withoutSecrets(in); anotherKey(in) }))
	if before.ID != after.ID || before.ConfigHash != after.ConfigHash {
		t.Errorf("another key makes %s of %s", after.ID, before.ID)
	}
}

func TestWhereTheKeyIsGoneTheRecordDecides(t *testing.T) {
	live := desired.Build(inputs())
	for why, row := range map[string]struct {
		change func(*desired.Inputs)
		same   bool
	}{
		"nothing else has changed": {func(*desired.Inputs) {}, true},
		"a variable stands in the manifest in the open": {
			func(in *desired.Inputs) { in.Stage.Spec.Manifest.Environment["APP_ENV"] = "staging" }, false,
		},
		"another tag":       {func(in *desired.Inputs) { in.Stage.Spec.Image.Tag = "next" }, false},
		"no Secret is left": {withoutSecrets, false},
	} {
		t.Run(why, func(t *testing.T) {
			in := edited(row.change)
			anotherKey(&in)
			in.RecordedConfig = live.ConfigHash
			if got := desired.Build(in); (got.ID == live.ID) != row.same {
				t.Errorf("the release is %s, and %s is live", got.ID, live.ID)
			}
		})
	}
}

func TestAsLongAsTheKeyIsThereTheSecretsDecide(t *testing.T) {
	live := desired.Build(inputs())
	changed := desired.Build(edited(func(in *desired.Inputs) {
		in.Secrets["clouder-env"]["TOKEN"], in.RecordedConfig = []byte("rotated"), live.ConfigHash
	}))
	if changed.ID == live.ID {
		t.Error("a changed Secret makes no release")
	}
	open := desired.Build(edited(withoutSecrets))
	first := desired.Build(edited(func(in *desired.Inputs) { in.RecordedConfig = open.ConfigHash }))
	if first.ConfigHash == open.ConfigHash {
		t.Error("the first Secret makes no release")
	}
}

func TestTheDeclarationThatIsStoredHoldsNoSecret(t *testing.T) {
	text := encoded(t, desired.Build(inputs()))
	for _, canary := range []string{"canary", "auths"} {
		if bytes.Contains(text, []byte(canary)) {
			t.Errorf("%q is in %s", canary, text)
		}
	}
}
