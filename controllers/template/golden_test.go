package template_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

var update = flag.Bool("update", false, "write the golden files anew")

// scenarios are the templates that a person has looked at.
func scenarios() map[string]template.Rendering {
	withRole := stage("v1")
	withRole.Account.FunctionRoleARN = "arn:aws:iam::123456789012:role/platform"
	bounded := stage("v1")
	bounded.Account.PermissionsBoundaryARN = "arn:aws:iam::123456789012:policy/boundary"
	first := template.Expand(app(stage("v1")), nil, nil)
	moved := withWorker(withWorker(stage("v2"), "default", "default"), "mail", "orders!", "my-mails")
	before := released(full("v1"))
	removed := allLive(app(stage("v2")))
	removed.Keep = map[string]bool{"mail-queue": true}
	return map[string]template.Rendering{
		"foundation":                        template.Foundation(stage("v1")),
		"foundation-with-the-profiles-role": template.Foundation(withRole),
		"foundation-with-a-boundary":        template.Foundation(bounded),
		"first-release-expand":              first,
		"first-release-activate": template.Activate(app(stage("v1"), "http", "cli"), first.Template,
			first.Parameters),
		"everything-settled":                            before,
		"queue-moved-to-another-worker-expand":          template.Expand(app(moved), before.Template, before.Parameters),
		"workers-and-schedule-removed-one-kept-settled": template.Settled(removed, before.Template, before.Parameters),
	}
}

func TestTemplatesAreAsReviewed(t *testing.T) {
	for name, rendering := range scenarios() {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".golden.json")
			got := indented(t, rendering.JSON())
			if *update {
				if err := os.WriteFile(path, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatalf("%v (go test ./controllers/template -update writes it)", err)
			}
			if diff := cmp.Diff(string(want), string(got)); diff != "" {
				t.Errorf("the template changed; when that is intended, run go test ./controllers/template -update\n%s", diff)
			}
		})
	}
}

func indented(t *testing.T, body []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, body, "", "  "); err != nil {
		t.Fatal(err)
	}
	b.WriteByte('\n')
	return b.Bytes()
}

func TestTemplatesPassCfnLint(t *testing.T) {
	tool, err := exec.LookPath("cfn-lint")
	if err != nil {
		t.Skip("cfn-lint is not installed (pip install cfn-lint)")
	}
	files, err := filepath.Glob("testdata/*.golden.json")
	if err != nil || len(files) != len(scenarios()) {
		t.Fatalf("%d golden files for %d scenarios: %v", len(files), len(scenarios()), err)
	}
	// W8001: the conditions of the latches are there before the first entry resource uses them.
	arguments := append([]string{"--regions", "eu-central-1", "--non-zero-exit-code", "warning", "--ignore-checks",
		"W8001", "--"}, files...)
	if output, err := exec.Command(tool, arguments...).CombinedOutput(); err != nil {
		t.Errorf("cfn-lint: %v\n%s", err, output)
	}
}

func TestTheFoundationStaysBelowTheInlineLimitAndIsTheSameForEveryRelease(t *testing.T) {
	first, second := template.Foundation(stage("v1")), template.Foundation(full("v2"))
	if size := len(first.JSON()); size > template.MaxInlineBytes {
		t.Errorf("%d bytes", size)
	}
	if first.Hash() != second.Hash() {
		t.Error("a release changed the foundation")
	}
	if got := first.Template.Outputs[release.OutputTemplateHash].Value; got != "" {
		t.Errorf("rendering wrote the hash %q into the template that it was made from", got)
	}
}
