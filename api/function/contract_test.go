package function_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/api/function"
)

// golden says that a message is encoded as its file has it, byte for byte, and that the file is decoded as the message.
// A file is changed only together with a thought about the functions in the field: they have the old runtime.
func golden[T any](t *testing.T, file string, message T) {
	t.Helper()
	want, err := os.ReadFile("testdata/" + file)
	if err != nil {
		t.Fatal(err)
	}
	got, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)+"\n"); diff != "" {
		t.Errorf("%s (-file +encoded):\n%s", file, diff)
	}
	var decoded T
	decoder := json.NewDecoder(bytes.NewReader(want))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&decoded); err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	if diff := cmp.Diff(message, decoded); diff != "" {
		t.Errorf("%s (-message +decoded):\n%s", file, diff)
	}
}

func TestTheEventOfADeployCommand(t *testing.T) {
	golden(t, "command-event.json", function.CommandEvent{
		Command: []string{"php", "artisan", "migrate", "--force"}, ID: "migrate", Run: "20260102t120000-abcd",
		NotAfter:       "2026-01-02T12:10:00Z",
		Claim:          "s3://demo-123456789012-eu-central-1/runs/0123/20260102t120000-abcd/migrate.claim",
		TimeoutSeconds: 600, Key: "0123456789abcdef",
	})
}

func TestTheEventOfASchedule(t *testing.T) {
	golden(t, "command-event-of-a-schedule.json", function.CommandEvent{
		Command: []string{"php", "artisan", "schedule:run"},
	})
}

func TestTheClaimOfAFunction(t *testing.T) {
	golden(t, "claim.json", function.Claim{
		State: function.ClaimStarted, StartedAt: "2026-01-02T12:00:05.123456789Z",
		Environment: "2026/01/02/[7]0123456789abcdef", Token: "8f0c1d7e-request/ABCDEFGHIJKLMNOPQRSTUVWXYZ",
		Proof: "fedcba9876543210",
	})
}

func TestTheClaimOfTheOperator(t *testing.T) {
	golden(t, "claim-void.json", function.Claim{
		State: function.ClaimVoid, StartedAt: "2026-01-02T12:10:05.5Z", Reason: "not started in time",
	})
}

func TestTheAnswerOfAFunctionThatWasTooLateForAClaim(t *testing.T) {
	golden(t, "claim-late.json", function.Claim{State: function.ClaimLate, Reason: "its last moment has passed"})
}

func TestTheResultOfACommand(t *testing.T) {
	golden(t, "result.json", function.Result{
		ExitCode: 1, Output: []byte("no such table\n"),
		StartedAt: "2026-01-02T12:00:05.123456789Z", FinishedAt: "2026-01-02T12:00:09.5Z",
		Proof: "fedcba9876543210",
	})
}

func TestTheResultOfACommandThatPrintedTooMuch(t *testing.T) {
	golden(t, "result-truncated.json", function.Result{
		Output: []byte("the end\n"), Truncated: true,
		StartedAt: "2026-01-02T12:00:05Z", FinishedAt: "2026-01-02T12:00:09Z",
	})
}

func TestThePing(t *testing.T) {
	golden(t, "warm-event.json", function.WarmEvent{Ping: true, Hold: "100"})
}

func TestTheOrderToPing(t *testing.T) {
	golden(t, "warm-event-order.json", function.WarmEvent{Order: true, Containers: 3})
}

func TestTheAnswerToAPing(t *testing.T) {
	golden(t, "warm-answer.json", function.WarmAnswer{
		Output: "Warmed!", Environment: "2026/01/02/[7]0123456789abcdef", ColdStart: true,
	})
}

func TestTheBundle(t *testing.T) {
	golden(t, "bundle.json", function.Bundle{
		Environment: map[string]string{"APP_ENV": "production"},
		Secrets:     map[string]string{"DB_PASSWORD": "correct horse battery staple", "KEY": "line one\nline two\n"},
	})
}

func TestTheEnvelope(t *testing.T) {
	golden(t, "envelope.json", function.Envelope{
		Version: function.EnvelopeVersion, Key: []byte("a wrapped data key"), Nonce: []byte("twelve bytes"),
		Data: []byte("a sealed bundle"),
	})
}

func TestTheStartOfAnImage(t *testing.T) {
	golden(t, "start.json", function.Start{
		Entrypoint: []string{"docker-php-entrypoint"}, Cmd: []string{"php-fpm"},
		WorkingDir: "/var/www/html", User: "www-data", StopSignal: "SIGQUIT",
	})
}

// TestTheNames is for the names that are no part of a message: variables, headers, keys, paths and words.
func TestTheNames(t *testing.T) {
	var names map[string]string
	raw, err := os.ReadFile("testdata/names.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &names); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(names, map[string]string{
		"prefix of variables":       function.VariablePrefix,
		"role":                      function.VariableRole,
		"stage":                     function.VariableStage,
		"build id":                  function.VariableBuildID,
		"place of the bundle":       function.VariableConfig,
		"digest of origin's secret": function.VariableOriginDigest,
		"origin's secret":           function.EdgeSecret,
		"viewer's host":             function.EdgeHost,
		"viewer's address":          function.EdgeAddress,
		"viewer's path":             function.EdgePath,
		"port":                      function.VariableHTTPPort,
		"path of readiness":         function.VariableHTTPHealthPath,
		"place of the assets":       function.VariableAssetURL,
		"worker's command":          function.VariableQueueCommand,
		"worker's path":             function.VariableQueuePath,
		"worker's back-off":         function.VariableQueueBackoff,
		"address before a queue":    function.VariableQueuePrefix,
		"end of a queue's name":     function.VariableQueueSuffix,
		"http function":             function.RoleHTTP,
		"cli function":              function.RoleCLI,
		"queue function":            function.RoleQueue,
		"job's message":             function.VariableMessageID,
		"job's queue":               function.VariableQueue,
		"job's attempt":             function.VariableReceiveCount,
		"job's attribute":           function.VariableAttribute,
		"job's message as a header": function.HeaderMessageID,
		"job's queue as a header":   function.HeaderQueue,
		"job's attempt as a header": function.HeaderReceiveCount,
		"job's attribute as header": function.HeaderAttribute,
		"bundles":                   function.ConfigPrefix,
		"runs":                      function.RunsPrefix,
		"claim":                     function.ClaimSuffix,
		"result":                    function.ResultSuffix,
		"start of the image":        function.StartPath,
		"encryption context":        function.StageContext,
	}); diff != "" {
		t.Errorf("(-file +constants):\n%s", diff)
	}
}
