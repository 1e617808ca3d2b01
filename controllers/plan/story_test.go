package plan_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/controllers/release"
)

var update = flag.Bool("update", false, "write the golden files anew")

// stories drive a world from one state to another. What is noted in the part that a story is about is its golden file.
var stories = map[string]func(*testing.T, *operator){
	"first-release": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1")))
	},
	"second-release": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1")))
		o.trace = nil
		must(t, o.release(releaseOf("v2")))
	},
	"nothing-changed": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1")))
		o.trace = nil
		must(t, o.release(releaseOf("v1")))
	},
	"command-failed-then-the-old-tag-again": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1")))
		o.trace = nil
		o.w.exitCodes["migrate"] = 1
		refused(t, o.release(releaseOf("v2")), "CommandFailed")
		o.note("--- the Stage names the old tag again")
		must(t, o.release(releaseOf("v1")))
	},
	"given-up-twice": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1")))
		o.trace = nil
		o.w.exitCodes["migrate"] = 1
		for range 2 {
			refused(t, o.release(releaseOf("v2")), "CommandFailed")
			o.note("--- the Stage names the old tag again")
			must(t, o.release(releaseOf("v1")))
		}
	},
	"queue-moves-to-another-worker": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1", withWorkers(worker("default", "default", "mails")))))
		o.trace = nil
		must(t, o.release(releaseOf("v2", withWorkers(worker("default", "default"), worker("mail", "mails")))))
	},
	"worker-leaves-when-its-queue-is-empty": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1", withWorkers(worker("default", "default"), worker("mail", "mails")))))
		o.trace = nil
		must(t, o.release(releaseOf("v2")))
	},
	"entries-refused-and-aliases-moved-back": func(t *testing.T, o *operator) {
		must(t, o.release(releaseOf("v1", withoutCommands)))
		o.trace = nil
		o.failEntries()
		refused(t, o.release(releaseOf("v2", withoutCommands, withWorkers(worker("default", "default", "more")))),
			"RolledBack")
	},
	"entries-of-the-first-release-refused-then-retried": func(t *testing.T, o *operator) {
		o.failEntries()
		refused(t, o.release(releaseOf("v1", withoutCommands)), "EntryFailed")
		o.trace = nil
		o.asksAgain()
		must(t, o.release(releaseOf("v1", withoutCommands)))
	},
}

func TestTheStepsOfAReleaseAreAsReviewed(t *testing.T) {
	for name, tell := range stories {
		t.Run(name, func(t *testing.T) {
			o := newOperator(t)
			tell(t, o)
			requireGolden(t, name, o.trace)
		})
	}
}

// failEntries makes the stack's update within the activation fail.
func (o *operator) failEntries() {
	o.crashes = func() bool {
		if run := o.m.Recorded.Run; run != nil && run.State == release.RunRunning && run.Activation != nil {
			o.w.rollBack[release.PartApp] = true
			o.crashes = func() bool { return false }
		}
		return false
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func refused(t *testing.T, err error, reason string) {
	t.Helper()
	rejected, ok := release.AsRejected(err)
	if !ok || rejected.Reason != reason {
		t.Fatalf("got %v, want a refusal for %s", err, reason)
	}
}

func requireGolden(t *testing.T, name string, trace []string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	got := strings.Join(trace, "\n") + "\n"
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test ./controllers/plan -update writes it)", err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("the steps changed; when that is intended, run go test ./controllers/plan -update\n%s", diff)
	}
}
