package release_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

func TestARunIsCommittedOnceSomethingOfItCannotBeTakenBack(t *testing.T) {
	for _, row := range []struct {
		why  string
		run  release.Run
		want bool
	}{
		{"nothing ran and no alias is about to move: a newer spec may take over", release.Run{}, false},
		{"versions are published, which nobody sees", release.Run{Functions: []release.FunctionVersion{{Name: "http", Version: "1"}}}, false},
		{"an announced command may start at any moment", commandsOf(release.CommandAnnounced), true},
		{"a command that succeeded changed the data already", commandsOf(release.CommandSucceeded), true},
		{"the outcome of a command is unknown, and its timeout has long ended it", commandsOf(release.CommandSucceeded, release.CommandUnknown), false},
		{"aliases are about to move", release.Run{FlipIntendedAt: time.Unix(1, 0)}, true},
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
	run := release.Run{Commands: []release.CommandRun{{Name: "migrate"}}, Functions: []release.FunctionVersion{{Name: "http"}}}
	run.Command("migrate").State = release.CommandStarted
	run.Function("http").Previous = "3"
	if run.Commands[0].State != release.CommandStarted || run.Functions[0].Previous != "3" {
		t.Errorf("the run holds %+v", run)
	}
	if run.Command("seed") != nil || run.Function("cli") != nil {
		t.Error("found what is not recorded")
	}
}

func TestForgettingAPartLeavesTheOthers(t *testing.T) {
	o := release.Observed{
		Foundation: &release.Stack{}, App: &release.Stack{}, Aliases: map[string]release.Alias{},
		Command: &release.CommandEvidence{}, Leftovers: map[string]bool{}, Releases: []release.Live{},
	}
	known := func() [6]bool {
		return [6]bool{o.Foundation != nil, o.App != nil, o.Aliases != nil, o.Command != nil, o.Leftovers != nil, o.Releases != nil}
	}
	parts := []release.Part{
		release.PartFoundation, release.PartApp, release.PartAliases, release.PartCommand, release.PartLeftovers, release.PartReleases,
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
		{Name: "default-queue", Role: release.RoleQueue}, {Name: "cli", Role: release.RoleCLI}, {Name: "http", Role: release.RoleHTTP},
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
		"BucketName": "bucket", "RepositoryUri": "uri", "KeyArn": "key", "FunctionRoleArn": "role", "TemplateHash": "hash",
	})
	if want := (release.Foundation{BucketName: "bucket", RepositoryURI: "uri", KeyARN: "key", FunctionRoleARN: "role"}); got != want {
		t.Errorf("got %+v", got)
	}
}
