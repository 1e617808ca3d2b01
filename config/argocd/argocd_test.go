package argocd_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/config/argocd"
)

const folder = "resource_customizations/aloft.dev/Stage"

// The test files have Argo CD's own form, so that they can be contributed with the scripts.
type (
	healthTests struct {
		Tests []struct {
			HealthStatus struct{ Status, Message string }
			InputPath    string
		}
	}
	actionTests struct {
		DiscoveryTests []struct {
			InputPath string
			Result    []struct {
				Name     string
				Disabled bool
			}
		}
		ActionTests []struct{ Action, InputPath, ExpectedOutputPath string }
	}
)

func read(t *testing.T, path string, into any) {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func object(t *testing.T, path string) map[string]any {
	t.Helper()
	result := map[string]any{}
	read(t, path, &result)
	return result
}

func script(t *testing.T, path string) string {
	t.Helper()
	text, err := argocd.Scripts.ReadFile(folder + "/" + path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestHealthOfEveryState(t *testing.T) {
	var tests healthTests
	read(t, folder+"/health_test.yaml", &tests)
	files, err := filepath.Glob(folder + "/testdata/*.yaml")
	if err != nil || len(files) != len(tests.Tests) {
		t.Fatalf("%d cases for %d files of test data (%v)", len(tests.Tests), len(files), err)
	}
	for _, test := range tests.Tests {
		t.Run(test.InputPath, func(t *testing.T) {
			got, err := run(t, script(t, "health.lua"), object(t, folder+"/"+test.InputPath))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{"status": test.HealthStatus.Status, "message": test.HealthStatus.Message}
			if diff := cmp.Diff(want, toGo(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestActionsAreOfferedWhereTheyHelp(t *testing.T) {
	var tests actionTests
	read(t, folder+"/actions/action_test.yaml", &tests)
	for _, test := range tests.DiscoveryTests {
		t.Run(test.InputPath, func(t *testing.T) {
			got, err := run(t, script(t, "actions/discovery.lua"), object(t, folder+"/actions/"+test.InputPath))
			if err != nil {
				t.Fatal(err)
			}
			want := map[string]any{}
			for _, action := range test.Result {
				want[action.Name] = map[string]any{"disabled": action.Disabled}
			}
			if diff := cmp.Diff(want, toGo(got)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestActionsChangeWhatTheySayAndNothingElse(t *testing.T) {
	var tests actionTests
	read(t, folder+"/actions/action_test.yaml", &tests)
	for _, test := range tests.ActionTests {
		t.Run(test.Action, func(t *testing.T) {
			got, err := run(t, script(t, "actions/"+test.Action+"/action.lua"), object(t, folder+"/actions/"+test.InputPath))
			if err != nil {
				t.Fatal(err)
			}
			result := toGo(got).(map[string]any)
			withoutTime(t, result)
			if diff := cmp.Diff(object(t, folder+"/actions/"+test.ExpectedOutputPath), result); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// withoutTime puts <now> for annotations that hold a time, after it has read the time.
func withoutTime(t *testing.T, object map[string]any) {
	annotations, _ := object["metadata"].(map[string]any)["annotations"].(map[string]any)
	for name, value := range annotations {
		if _, err := time.Parse(time.RFC3339, value.(string)); err != nil {
			t.Errorf("annotation %s: %v", name, err)
		}
		annotations[name] = "<now>"
	}
}

func TestTheSandboxIsArgoCDs(t *testing.T) {
	for _, forbidden := range []string{`return string.len("x")`, `return math.floor(1.5)`, `return os.execute("true")`,
		`return os.getenv("HOME")`, `return io.read()`} {
		if _, err := run(t, forbidden, nil); err == nil {
			t.Errorf("%s is possible here and not in Argo CD", forbidden)
		}
	}
	if _, err := run(t, `while true do end`, nil); err == nil {
		t.Error("an endless script ends")
	}
}

func TestThePatchIsUpToDate(t *testing.T) {
	g := NewWithT(t)
	want, err := argocd.Patch()
	g.Expect(err).NotTo(HaveOccurred())
	got, err := os.ReadFile("patch.yaml")
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(string(got)).To(HaveSuffix(string(want)), "run `make manifests`")
}

func TestThePatchJoinsAnInstallation(t *testing.T) {
	kubectl, err := exec.LookPath("kubectl")
	if err != nil {
		t.Skip("kubectl is not installed: the kustomization is not rendered here")
	}
	g := NewWithT(t)
	here, err := filepath.Abs(".")
	g.Expect(err).NotTo(HaveOccurred())
	installation := t.TempDir()
	component, err := filepath.Rel(resolved(t, installation), here)
	g.Expect(err).NotTo(HaveOccurred())
	for name, text := range map[string]string{
		"kustomization.yaml": "resources: [cm.yaml]\ncomponents: [" + component + "]\n",
		"cm.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: argocd-cm, namespace: argocd}\ndata: " +
			"{admin.enabled: 'false'}\n",
	} {
		g.Expect(os.WriteFile(filepath.Join(installation, name), []byte(text), 0o600)).To(Succeed())
	}
	output, err := exec.CommandContext(t.Context(), kubectl, "kustomize", "--load-restrictor=LoadRestrictionsNone",
		installation).CombinedOutput()
	g.Expect(err).NotTo(HaveOccurred(), string(output))
	var rendered struct{ Data map[string]string }
	g.Expect(yaml.Unmarshal(output, &rendered)).To(Succeed())
	g.Expect(rendered.Data).To(HaveKeyWithValue("admin.enabled", "false"))
	g.Expect(rendered.Data).To(HaveKeyWithValue("resource.customizations.health.aloft.dev_Stage", script(t, "health.lua")))

	var actions struct {
		Discovery   string `json:"discovery.lua"`
		Definitions []struct {
			Name   string
			Script string `json:"action.lua"`
		}
	}
	g.Expect(yaml.UnmarshalStrict([]byte(rendered.Data["resource.customizations.actions.aloft.dev_Stage"]),
		&actions)).To(Succeed())
	g.Expect(actions.Discovery).To(Equal(script(t, "actions/discovery.lua")))
	g.Expect(actions.Definitions).To(HaveLen(4))
}

// resolved follows the links of a path, without which a relative path out of a temporary folder leads astray.
func resolved(t *testing.T, path string) string {
	t.Helper()
	result, err := filepath.EvalSymlinks(path)
	if err != nil {
		t.Fatal(err)
	}
	return result
}
