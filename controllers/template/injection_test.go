package template_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/template"
)

// hostile texts are what a user could put into any field that reaches a template.
var hostile = []string{
	"{{resolve:secretsmanager:prod/db:SecretString:password}}", "{{ Resolve : ssm:/a}}", "${AWS::AccountId}",
	"${!Literal}", "$${a}", `{"Ref":"AWS::AccountId"}`, `{"Fn::Sub":"${AWS::StackId}"}`, `","x":"`, `\`,
	`\u007b\u007bresolve:ssm:a}}`, "Fn::Transform", "</script>&<>",
	"äöü 日本 🎈", "line\nline\ttab", "\u2028\u2029", "a\x00b", "a\x1bb", "a\x7fb",
	"\xff\xfe", strings.Repeat("x", 9000), "",
}

func FuzzWhatAUserWroteIsALiteralOrRefused(f *testing.F) {
	for _, s := range hostile {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if template.Unsafe(text) {
			return // refused before anything is rendered
		}
		d := full("v1")
		d.BuildID = text
		d.Schedules[0].Command = []string{text, text}
		d.Schedules[0].Expression = text
		d.Functions[0].Command = []string{text, "x" + text}
		d.Functions[0].HTTPPath = text
		body := template.Expand(allLive(app(d)), released(d).Template, nil).JSON()

		tpl := parsed(t, body)
		worker := variables(t, tpl, "MailWorkerFunction")
		rule := properties(t, tpl, "SchedulerSchedule")
		target := rule["Targets"].([]any)[0].(map[string]any)
		for where, got := range map[string]any{
			"ALOFT_BUILD_ID": worker["ALOFT_BUILD_ID"], "ALOFT_QUEUE_HTTP_PATH": orEmpty(worker["ALOFT_QUEUE_HTTP_PATH"]),
			"schedule": rule["ScheduleExpression"],
			"output":   tpl["Outputs"].(map[string]any)["BuildId"].(map[string]any)["Value"],
		} {
			if got != text {
				t.Errorf("%s is %q, the user wrote %q", where, got, text)
			}
		}
		var command struct{ Command []string }
		decode(t, target["Input"], &command)
		if diff := cmp.Diff([]string{text, text}, command.Command); diff != "" {
			t.Errorf("the schedule's command: %s", diff)
		}
		var argv []string
		decode(t, worker["ALOFT_QUEUE_COMMAND"], &argv)
		if diff := cmp.Diff([]string{text, "x" + text}, argv); diff != "" {
			t.Errorf("the worker's command: %s", diff)
		}
		requireNothingComputedOf(t, body)
	})
}

// requireNothingComputedOf looks for what CloudFormation would act on beside the functions that these templates use.
func requireNothingComputedOf(t *testing.T, body []byte) {
	t.Helper()
	for _, c := range string(body) {
		if c >= utf8.RuneSelf {
			t.Fatalf("the template holds %q, which CloudFormation gives back as a question mark", c)
		}
	}
	var walk func(v any)
	walk = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, member := range v {
				walk(member)
			}
		case map[string]any:
			for key, member := range v {
				allowed := key == "Fn::GetAtt" || key == "Fn::Join" || key == "Fn::Equals"
				if strings.HasPrefix(key, "Fn::") && !allowed {
					t.Errorf("the template uses %s", key)
				}
				walk(member)
			}
		case string:
			if strings.Contains(v, "{{resolve:") {
				t.Errorf("CloudFormation would resolve %q", v)
			}
		}
	}
	walk(parsed(t, body))
}

func TestUnsafeTexts(t *testing.T) {
	for _, row := range []struct {
		text, why string
		unsafe    bool
	}{
		{"{{resolve:ssm:/a}}", "a dynamic reference", true},
		{"a{{resolve:secretsmanager:x}}b", "a dynamic reference within a text", true},
		{"{{ RESOLVE : ssm:/a}}", "spaces and capitals might be ignored", true},
		{"a\x00", "NUL is no text", true},
		{"\x1b[31m", "escape sequences forge logs", true},
		{"\xff", "not UTF-8", true},
		{"${AWS::AccountId}", "nothing substitutes in literals", false},
		{"{{ mustache }}", "braces alone mean nothing", false},
		{"a\nb\tc", "scripts have lines", false},
		{"ä日🎈", "any language is fine", false},
	} {
		if got := template.Unsafe(row.text); got != row.unsafe {
			t.Errorf("Unsafe(%q) = %v, but %s", row.text, got, row.why)
		}
	}
}

func parsed(t *testing.T, body []byte) map[string]any {
	t.Helper()
	var tpl map[string]any
	if err := json.Unmarshal(body, &tpl); err != nil {
		t.Fatal(err)
	}
	return tpl
}

func properties(t *testing.T, tpl map[string]any, id string) map[string]any {
	t.Helper()
	resource, ok := tpl["Resources"].(map[string]any)[id].(map[string]any)
	if !ok {
		t.Fatalf("no resource %s", id)
	}
	return resource["Properties"].(map[string]any)
}

func variables(t *testing.T, tpl map[string]any, id string) map[string]any {
	t.Helper()
	return properties(t, tpl, id)["Environment"].(map[string]any)["Variables"].(map[string]any)
}

func orEmpty(v any) any {
	if v == nil {
		return ""
	}
	return v
}

func decode(t *testing.T, text any, into any) {
	t.Helper()
	if err := json.Unmarshal([]byte(text.(string)), into); err != nil {
		t.Fatalf("%v in %q", err, text)
	}
}
