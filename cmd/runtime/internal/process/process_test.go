package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestTailKeepsTheEnd(t *testing.T) {
	tail := NewTail(4)
	for _, part := range []string{"ab", "cdefgh", "ij"} {
		tail.Write([]byte(part))
	}
	if end, truncated := tail.Bytes(); string(end) != "ghij" || !truncated {
		t.Errorf("got %q, truncated %v", end, truncated)
	}
	tail = NewTail(4)
	tail.Write([]byte("abcd"))
	if end, truncated := tail.Bytes(); string(end) != "abcd" || truncated {
		t.Errorf("got %q, truncated %v", end, truncated)
	}
}

func TestProgramIsLookedForInItsOwnPath(t *testing.T) {
	dir := t.TempDir()
	program := filepath.Join(dir, "bin", "greet")
	if err := os.MkdirAll(filepath.Dir(program), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(program, []byte("#!/bin/sh\necho hello $1\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct{ reason, name, path string }{
		"absolute": {"the program's PATH, not the runtime's", "greet", "/nowhere:" + filepath.Dir(program)},
		"relative": {"relative to the working directory", "greet", "bin"},
		"slash":    {"no search with a slash", "bin/greet", "/nowhere"},
	} {
		t.Run(name, func(t *testing.T) {
			var output bytes.Buffer
			exit := Run(t.Context(),
				Spec{Args: []string{row.name, "you"}, Dir: dir, Env: []string{"PATH=" + row.path}, Output: &output},
				time.Now().Add(time.Minute))
			if exit.Code != 0 || output.String() != "hello you\n" {
				t.Errorf("%s: %+v %s", row.reason, exit, output.String())
			}
		})
	}
}

func TestUserOfTheImageIsTakenWhereTheRuntimeIsRoot(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("changing the user needs root")
	}
	for user, want := range map[string]string{
		"65534": "65534", "12345:23456": "12345:23456", "nobody": "65534", "": "0:0", "no-such-user": "0:0",
		"root": "0:0",
	} {
		var output bytes.Buffer
		exit := Run(t.Context(),
			Spec{
				Args: []string{"/bin/sh", "-c", "echo $(id -u):$(id -g)"}, Env: []string{"PATH=/usr/bin:/bin"},
				User: user, Output: &output,
			},
			time.Now().Add(time.Minute))
		if got := strings.TrimSpace(output.String()); exit.Code != 0 || !strings.HasPrefix(got, want) {
			t.Errorf("as %q it ran as %s, want %s", user, got, want)
		}
	}
}

func TestSignalledProgramHasTheShellsExitCode(t *testing.T) {
	exit := Run(t.Context(), Spec{Args: []string{"/bin/sh", "-c", "kill -USR1 $$"}, Output: &bytes.Buffer{}},
		time.Now().Add(time.Minute))
	if exit.Code != 128+int(syscall.SIGUSR1) {
		t.Errorf("got %+v", exit)
	}
}
