package release_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestARunIsCommittedOnceSomethingOfItCannotBeTakenBack(t *testing.T) {
	for _, row := range []struct {
		why  string
		run  release.Run
		want bool
	}{
		{"nothing ran and no alias is about to move: a newer spec may take over", release.Run{}, false},
		{"versions are published, which nobody sees",
			release.Run{Functions: []release.FunctionVersion{{Name: "http", Version: "1"}}}, false},
		{"an announced command may start at any moment", commandsOf(release.CommandAnnounced), true},
		{"a command that succeeded changed the data already", commandsOf(release.CommandSucceeded), true},
		{"the outcome of a command is unknown, and its timeout has long ended it",
			commandsOf(release.CommandSucceeded, release.CommandUnknown), false},
		{"aliases are about to move", release.Run{Activation: &release.Activation{}}, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := row.run.Committed(); got != row.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

func commandsOf(states ...release.CommandState) release.Run {
	run := release.Run{}
	for _, state := range states {
		run.Commands = append(run.Commands, release.CommandRun{Name: string(state), State: state})
	}
	return run
}

func TestARecordThatIsLookedUpCanBeChangedInPlace(t *testing.T) {
	run := release.Run{
		Commands:   []release.CommandRun{{Name: "migrate"}},
		Activation: &release.Activation{Moves: []release.Move{{Name: "http"}}},
	}
	run.Command("migrate").State = release.CommandStarted
	run.Activation.Move("http").State = release.MoveDone
	if run.Commands[0].State != release.CommandStarted || run.Activation.Moves[0].State != release.MoveDone {
		t.Errorf("the run holds %+v", run)
	}
	if run.Command("seed") != nil || run.Activation.Move("cli") != nil {
		t.Error("found what is not recorded")
	}
}

func TestAPhaseThatWasNeverBegunIsPending(t *testing.T) {
	run := &release.Run{Phases: []release.PhaseRecord{{Phase: release.PhaseWarm, State: release.PhaseRunning}}}
	if got := run.Phase(release.PhaseWarm).State; got != release.PhaseRunning {
		t.Errorf("one that goes on is %s", got)
	}
	if got := run.Phase(release.PhaseClean); got.State != release.PhasePending || got.Phase != release.PhaseClean {
		t.Errorf("one that was never begun is %+v", got)
	}
	if got := (*release.Run)(nil).Phase(release.PhaseWarm).State; got != release.PhasePending {
		t.Errorf("without a run it is %s", got)
	}
}

func TestOnlyARunThatGoesOnIsGivenUpOrMustFinish(t *testing.T) {
	failure := release.Reject("Activated", "RolledBack", "it failed")
	for _, row := range []struct {
		why                 string
		run                 *release.Run
		mustFinish, reverts bool
	}{
		{"there is none", nil, false, false},
		{"it goes on, and nothing of it must end", &release.Run{State: release.RunRunning}, false, false},
		{"its aliases move", &release.Run{State: release.RunRunning, Activation: &release.Activation{}}, true, false},
		{"they move back", &release.Run{State: release.RunRunning, Activation: &release.Activation{}, Failure: failure},
			true, true},
		{"it has failed", &release.Run{State: release.RunFailed, Activation: &release.Activation{}, Failure: failure}, false,
			false},
		{"it is live", &release.Run{State: release.RunSucceeded, Activation: &release.Activation{}}, false, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := row.run.MustFinish(); got != row.mustFinish {
				t.Errorf("must finish: %t", got)
			}
			if got := row.run.Reverting(); got != row.reverts {
				t.Errorf("reverts: %t", got)
			}
		})
	}
}

func TestAnActivationCanBeTakenBackWhereSomethingWasLiveBefore(t *testing.T) {
	first := release.Activation{Moves: []release.Move{{Name: "cli", After: "1"}, {Name: "http", After: "1"}}}
	if first.Revertible() {
		t.Error("a first release has nothing to go back to")
	}
	first.Moves[0].Before = "7"
	if !first.Revertible() {
		t.Error("one function was live before")
	}
}

func TestAnImageIsResolvedOnceForWhatIsAskedFor(t *testing.T) {
	wanted := release.Image{Repository: "ghcr.io/acme/clouder", Tag: "v1", Digest: "sha256:pinned", Architecture: "arm64"}
	known := release.ResolvedImage{
		Repository: wanted.Repository, Tag: wanted.Tag, PinnedDigest: wanted.Digest, Architecture: wanted.Architecture,
		Digest: "sha256:a",
	}
	if !known.Of(wanted) || (*release.ResolvedImage)(nil).Of(wanted) {
		t.Error("what is known of the image is not found, or found without being known")
	}
	for why, change := range map[string]func(*release.Image){
		"another repository":   func(i *release.Image) { i.Repository = "ghcr.io/acme/other" },
		"another tag":          func(i *release.Image) { i.Tag = "v2" },
		"another pin":          func(i *release.Image) { i.Digest = "" },
		"another architecture": func(i *release.Image) { i.Architecture = "amd64" },
	} {
		t.Run(why, func(t *testing.T) {
			other := wanted
			change(&other)
			if known.Of(other) {
				t.Error("it is taken for the same")
			}
		})
	}
}

func TestAnErrorTellsItsCondition(t *testing.T) {
	for want, err := range map[string]error{
		"":             errors.New("it failed"),
		"ImagePushed":  fmt.Errorf("uploading: %w", release.At("ImagePushed", errors.New("it failed"))),
		"StackUpdated": release.Wait("StackUpdated", "Progressing", 0, "it goes on"),
		"Warmed":       release.At("ImagePushed", release.Reject("Warmed", "WarmFailed", "it crashes")),
	} {
		if got := release.ConditionOf(err); got != want {
			t.Errorf("%v is at %q, want %q", err, got, want)
		}
	}
	if release.At("ImagePushed", nil) != nil {
		t.Error("no error became one")
	}
}

func TestATextIsCutBetweenCharacters(t *testing.T) {
	for text, want := range map[string]string{"short": "short", "exactly 10": "exactly 10", "more than ten": "more th…",
		"äöüäöüäöü": "äöü…"} {
		if got := release.Bounded(text, 10); got != want {
			t.Errorf("%q became %q, want %q", text, got, want)
		}
	}
}

func TestForgettingAPartLeavesTheOthers(t *testing.T) {
	o := release.Observed{
		Foundation: &release.Stack{}, App: &release.Stack{}, Aliases: map[string]release.Alias{},
		Command: &release.CommandEvidence{}, Leftovers: map[string]bool{}, Releases: []release.Live{},
	}
	known := func() [6]bool {
		return [6]bool{o.Foundation != nil, o.App != nil, o.Aliases != nil, o.Command != nil, o.Leftovers != nil,
			o.Releases != nil}
	}
	parts := []release.Part{
		release.PartFoundation, release.PartApp, release.PartAliases, release.PartCommand, release.PartLeftovers,
		release.PartReleases,
	}
	want := [6]bool{true, true, true, true, true, true}
	for i, part := range parts {
		o.Forget(part)
		want[i] = false
		if known() != want {
			t.Fatalf("after forgetting %s known are %v, want %v", part, known(), want)
		}
	}
}

func TestFunctionsAreFoundByNameAndByRole(t *testing.T) {
	d := release.Desired{Functions: []release.Function{
		{Name: "default-queue", Role: release.RoleQueue}, {Name: "cli", Role: release.RoleCLI},
		{Name: "http", Role: release.RoleHTTP},
	}}
	if f, err := d.Function("default-queue"); err != nil || f.Role != release.RoleQueue {
		t.Errorf("got %+v, %v", f, err)
	}
	if _, err := d.Function("mail-queue"); err == nil {
		t.Error("found a function that the release does not have")
	}
	if d.CLI().Name != "cli" || d.HTTP().Name != "http" {
		t.Errorf("got %q and %q", d.CLI().Name, d.HTTP().Name)
	}
	if none := (&release.Desired{}); none.CLI().Name != "" || none.HTTP().Name != "" {
		t.Error("found functions in an empty release")
	}
}

func TestTheFoundationsOutputsAreReadByName(t *testing.T) {
	got := release.FoundationFrom(map[string]string{
		"BucketName": "bucket", "RepositoryUri": "uri", "KeyArn": "key", "HttpRoleArn": "http",
		"QueueRoleArn": "queue", "CliRoleArn": "cli", "TemplateHash": "hash",
	})
	if want := (release.Foundation{BucketName: "bucket", RepositoryURI: "uri", KeyARN: "key",
		HTTPRoleARN: "http", QueueRoleARN: "queue", CLIRoleARN: "cli"}); got != want {
		t.Errorf("got %+v", got)
	}
	for kind, want := range map[release.Role]string{
		release.RoleHTTP: "http", release.RoleQueue: "queue", release.RoleCLI: "cli", "other": "",
	} {
		if role := got.RoleARN(kind); role != want {
			t.Errorf("functions of kind %s have the role %q", kind, role)
		}
	}
}
