package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// ended is how a command's end is answered.
type ended struct {
	ExitCode  int `json:"exit_code"`
	Output    []byte
	Truncated bool
}

// command is a CLI event without a claim.
func command(arguments ...string) string {
	raw, err := json.Marshal(map[string]any{"command": arguments})
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func startCLI(t *testing.T, environment map[string]string) *running {
	all := map[string]string{"ALOFT_ROLE": "cli", "ALOFT_HTTP_PORT": ""}
	maps.Copy(all, environment)
	return start(t, all)
}

func (f *running) command(t *testing.T, event string) ended {
	t.Helper()
	got := f.invoke(t, event, 20*time.Second)
	if got.kind != "response" {
		t.Fatalf("the invocation failed: %s", got.body)
	}
	return decode[ended](t, got.body)
}

func TestCommandRunsWithItsArgumentsAndWithoutAShell(t *testing.T) {
	f := startCLI(t, nil)
	app := appPath(t)
	for name, row := range map[string]struct {
		reason, event string
		want          ended
	}{
		"arguments": {
			"no shell looks at an argument", command(app, "say", "0", "a b", "$HOME", "*; false"),
			ended{Output: []byte("a b|$HOME|*; false\nto standard error\n")},
		},
		"exit code": {"the program's own exit code is answered", command(app, "say", "42", "x"), ended{
			ExitCode: 42, Output: []byte("x\nto standard error\n"),
		}},
		"string": {
			"a string is split by a shell's rules, but no shell runs it", `{"command":"` + app + ` say 0 'a b' $HOME"}`,
			ended{Output: []byte("a b|$HOME\nto standard error\n")},
		},
		"not there": {"as in a shell", command("no-such-program"), ended{
			ExitCode: 127,
			Output: []byte("\naloft: looking for \"no-such-program\" in PATH " + os.Getenv("PATH") +
				": executable file not found in $PATH.\n"),
		}},
		"not executable": {"as in a shell", command("/dev/null"), ended{
			ExitCode: 126, Output: []byte("\naloft: fork/exec /dev/null: permission denied. " +
				"On Lambda: Programs run as a user of Lambda's, not as root and not as the image's USER. (docs/images.md)\n"),
		}},
		"forbidden on Lambda": {
			"who fails for what Lambda forbids is told so", command(app, "say", "1", "open /app/log: Read-only file system"),
			ended{ExitCode: 1, Output: []byte("open /app/log: Read-only file system\nto standard error\n\n" +
				"aloft: On Lambda: Only /tmp can be written to; the image's own files are read-only. (docs/images.md)\n")},
		},
		"forbidden, and no matter": {
			"who succeeds is told nothing", command(app, "say", "0", "permission denied"),
			ended{Output: []byte("permission denied\nto standard error\n")},
		},
		"colours": {
			"the output is plain text", command(app, "say", "0", "\x1b[31mred\x1b[0m\x07"),
			ended{Output: []byte("red\nto standard error\n")},
		},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(row.want, f.command(t, row.event)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
	if !strings.Contains(f.output(), "a b|$HOME|*; false\n") {
		t.Error("the output is not in the log")
	}
}

func TestCommandIsKilledWithItsChildrenBeforeTheFunctionEnds(t *testing.T) {
	f := startCLI(t, nil)
	got := decode[ended](t, f.invoke(t, command(appPath(t), "sleep"), 3*time.Second).body)
	if got.ExitCode != 124 || !strings.HasPrefix(string(got.Output), "sleeping\n") ||
		!strings.Contains(string(got.Output), "timeoutSeconds") {
		t.Errorf("got %d %s", got.ExitCode, got.Output)
	}
	if got := f.invoke(t, `{"command":"`+appPath(t)+` sleep"}`, 3*time.Second); got.kind != "error" ||
		!strings.Contains(got.body, "timed out") {
		t.Errorf("a command given as a string must fail the invocation: %+v", got)
	}
}

func TestCommandIsEndedAfterItsOwnTime(t *testing.T) {
	f := startCLI(t, nil)
	app := appPath(t)
	own, functions := "after 1 s, its timeoutSeconds", "before the function's time was over"
	for name, row := range map[string]struct {
		reason, event string
		function      time.Duration
		code          int
		output        string
	}{
		"shorter than the function": {
			"the command's own time counts", `{"command":["` + app + `","sleep"],"timeoutSeconds":1}`, 20 * time.Second,
			124, own,
		},
		"given as a string": {
			"the invocation itself succeeded", `{"command":"` + app + ` sleep","timeoutSeconds":1}`, 20 * time.Second,
			124, own,
		},
		"longer than the function": {
			"the function's end comes first", `{"command":["` + app + `","sleep"],"timeoutSeconds":60}`,
			2 * time.Second, 124, functions,
		},
		"longer than any function": {
			"no number of seconds may overflow",
			`{"command":["` + app + `","sleep"],"timeoutSeconds":9223372036854775807}`, 2 * time.Second, 124, functions,
		},
		"zero": {
			"no time of its own", `{"command":["` + app + `","sleep"],"timeoutSeconds":0}`, 2 * time.Second, 124,
			functions,
		},
		"in time": {
			"a command that ends by itself is left alone",
			`{"command":["` + app + `","say","3","x"],"timeoutSeconds":10}`, 20 * time.Second, 3, "x\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := f.invoke(t, row.event, row.function)
			if got.kind != "response" {
				t.Fatalf("%s: the invocation failed: %s", row.reason, got.body)
			}
			if end := decode[ended](t, got.body); end.ExitCode != row.code ||
				!strings.Contains(string(end.Output), row.output) {
				t.Errorf("%s: got %d %s", row.reason, end.ExitCode, end.Output)
			}
		})
	}
}

func TestCommandIsEndedWithItsChildrenAfterItsOwnTime(t *testing.T) {
	f := startCLI(t, nil)
	got := decode[ended](t, f.invoke(t, `{"command":["`+appPath(t)+`","parent"],"timeoutSeconds":1}`, time.Minute).body)
	var child int
	if _, err := fmt.Sscanf(string(got.Output), "child %d", &child); got.ExitCode != 124 || err != nil {
		t.Fatalf("got %d %s", got.ExitCode, got.Output)
	}
	eventually(t, "the child is gone", func() bool { return !runs(child) })
}

// runs says whether the process exists and is more than an entry that waits for its parent.
func runs(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	_, state, _ := strings.Cut(string(stat), ") ")
	return !strings.HasPrefix(state, "Z")
}

func TestCommandDoesNotWaitForChildrenThatItLeftBehind(t *testing.T) {
	f := startCLI(t, nil)
	got := f.command(t, command(appPath(t), "orphan"))
	if got.ExitCode != 0 || !strings.HasPrefix(string(got.Output), "child ") {
		t.Errorf("got %d %s", got.ExitCode, got.Output)
	}
}

func TestLongOutputKeepsItsEnd(t *testing.T) {
	f := startCLI(t, nil)
	got := f.command(t, command(appPath(t), "chatter", "40000", "a line of text"))
	if len(got.Output) != 256<<10 || !got.Truncated || !strings.HasSuffix(string(got.Output), "a line of text\n") {
		t.Errorf("kept %d bytes, truncated %v", len(got.Output), got.Truncated)
	}
}

func TestEventsThatNameNoCommandAreRefused(t *testing.T) {
	f := startCLI(t, nil)
	for name, event := range map[string]string{
		"none": `{}`, "empty list": `{"command":[]}`, "empty string": `{"command":" "}`, "number": `{"command":5}`,
		"negative time":               `{"command":["true"],"timeoutSeconds":-1}`,
		"claim without a last moment": `{"command":["true"],"claim":"s3://bucket/x.claim"}`,
		"broken quotes":               `{"command":"say 'x"}`,
	} {
		t.Run(name, func(t *testing.T) {
			if got := f.invoke(t, event, 10*time.Second); got.kind != "error" {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestCommandFunctionAnswersPingsWithoutAnApplication(t *testing.T) {
	f := startCLI(t, nil)
	got := f.invoke(t, `{"warmer_ping":true}`, 10*time.Second)
	if got.body != `{"output":"Warmed!","environment":"2026/11/21/[7]stream","coldStart":true}` {
		t.Errorf("got %s", got.body)
	}
}
