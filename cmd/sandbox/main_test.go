package main

import (
	"bytes"
	"os/exec"
	"strings"
	"testing"
)

func TestTheIntroductionSaysWhatHappensAndHowLongItTakes(t *testing.T) {
	for _, arguments := range [][]string{nil, {"--no-sample"}, {"aws"}} {
		if got := strings.ToLower(introduction(arguments)); !strings.Contains(got, "first time") || !strings.Contains(got, "minutes") {
			t.Errorf("%q says %q", arguments, got)
		}
	}
}

// What is small is compiled in a moment: nothing but Go's own library and what keeps the terminal alive.
func TestTheProgramIsSmall(t *testing.T) {
	out, err := exec.Command("go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	for path := range strings.FieldsSeq(string(out)) {
		domain, _, _ := strings.Cut(path, "/")
		if strings.Contains(domain, ".") && !strings.HasPrefix(path, "github.com/aloft-dev/aloft/cmd/sandbox") &&
			path != "github.com/aloft-dev/aloft/test/sandbox/patience" {
			t.Errorf("it imports %s, which is compiled before anything is said", path)
		}
	}
}

func TestTheProgramIsCompiledAndRuns(t *testing.T) {
	var screen bytes.Buffer
	path, err := compile(t.Context(), &screen)
	if err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(path, "--help").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "sandbox aws [flags]") {
		t.Errorf("its help: %v: %s", err, out)
	}
	if !strings.Contains(screen.String(), "Compiling the sandbox") {
		t.Errorf("the screen shows %q", screen.String())
	}
}
