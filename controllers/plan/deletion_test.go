package plan_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// leaving is a Stage whose release is live, whose stacks were looked at and are recorded, and of which everything is to
// go.
func leaving() *plan.Machine {
	stack := func(name string) *release.Stack {
		return &release.Stack{Name: name, Exists: true, ID: name + "/1", Status: "UPDATE_COMPLETE", ChangedAt: noon}
	}
	m := plan.New(release.Recorded{
		Live:     &release.Live{ID: releaseOf("v1").ID},
		Deletion: &release.Deletion{AppStackID: "app/1", FoundationStackID: "foundation/1", Since: noon.Add(time.Hour)},
	}, "uid", plan.DefaultLimits())
	m.Now = noon.Add(time.Hour)
	m.Observed = release.Observed{App: stack("app"), Foundation: stack("foundation"), Quiet: true}
	m.Ask(asked(releaseOf("v1"), removing(plan.Removal{Delete: true})))
	return m
}

func removing(r plan.Removal) func(*plan.Asked) { return func(a *plan.Asked) { a.Removal = &r } }

func gone(s *release.Stack) { *s = release.Stack{Name: s.Name} }

func performed(actions ...release.Action) func(*plan.Machine) {
	return func(s *plan.Machine) {
		for _, action := range actions {
			did(s, step(action))
		}
	}
}

func appGone(s *plan.Machine)  { gone(s.Observed.App) }
func bothGone(s *plan.Machine) { gone(s.Observed.App); gone(s.Observed.Foundation) }

func appIn(status, token string) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Observed.App.Status, s.Observed.App.Token, s.Observed.App.ChangedAt = status, token, s.Now
	}
}

// underway says that a run's command is in a state, with what the bucket tells of it.
func underway(state release.CommandState, evidence *release.CommandEvidence) func(*plan.Machine) {
	return func(s *plan.Machine) {
		s.Recorded.Run = &release.Run{ReleaseID: s.Desired.ID, State: release.RunRunning,
			Commands: []release.CommandRun{{Name: "migrate", State: state, SeenAt: s.Now}}}
		s.Observed.Command = evidence
		if evidence != nil && evidence.Claimed {
			s.Recorded.Run.Commands[0].SeenAt = evidence.StartedAt
		}
	}
}

func TestADeletionRemovesNothingThatSomethingBeforeItStillUses(t *testing.T) {
	all := func(changes ...func(*plan.Machine)) func(*plan.Machine) {
		return func(s *plan.Machine) {
			for _, change := range changes {
				change(s)
			}
		}
	}
	foreign := func(s *release.Stack) { s.Foreign = "it is someone else's" }
	claim := func(at time.Time) *release.CommandEvidence {
		return &release.CommandEvidence{Name: "migrate", Claimed: true, StartedAt: at}
	}
	now := noon.Add(time.Hour)
	for _, r := range []struct {
		why    string
		change func(*plan.Machine)
		want   string
	}{
		{"with Retain everything stays, whatever goes on",
			func(s *plan.Machine) { s.Asked.Removal.Delete = false; s.Observed = release.Observed{Quiet: true} }, "LetGo"},
		{"nobody looked at the application", func(s *plan.Machine) { s.Observed.App = nil }, "Look App"},
		{"nobody looked at the foundation", func(s *plan.Machine) { s.Observed.Foundation = nil }, "Look Foundation"},
		{"a command may have started", underway("Announced", nil), "Look migrate"},
		{"what is known is of another command", underway("Announced", &release.CommandEvidence{Name: "clear"}),
			"Look migrate"},
		{"it has not started: it never will", underway("Announced", &release.CommandEvidence{Name: "migrate"}),
			"Void migrate"},
		{"that is certain now", underway("Announced", &release.CommandEvidence{Name: "migrate", Void: true}),
			"RecordCommand migrate"},
		{"it runs", underway("Started", claim(now)), "wait Deleting"},
		{"it has ended", underway("Started", &release.CommandEvidence{Name: "migrate", Result: &release.CommandResult{}}),
			"RecordCommand migrate"},
		{"its time is over", underway("Started", claim(now.Add(-12*time.Minute))), "RecordCommand migrate"},
		{"it ended long ago, however", underway("Unknown", nil), "Stack App Delete"},
		{"without functions nothing runs, and perhaps there is no bucket to look into",
			all(underway("Announced", nil), appGone), "RemoveApp"},
		{"a stack that retains is found by its id afterwards", func(s *plan.Machine) { s.Recorded.Deletion = nil },
			"RecordStacks"},
		{"the foundation's id counts as well", func(s *plan.Machine) { s.Recorded.Deletion.FoundationStackID = "" },
			"RecordStacks"},
		{"functions and entries go first", func(*plan.Machine) {}, "Stack App Delete"},
		{"an update is waited for, which refuses a deletion", appIn("UPDATE_IN_PROGRESS", ""), "wait Deleting"},
		{"it is being deleted", appIn("DELETE_IN_PROGRESS", ""), "wait Deleting"},
		{"a change set that was never executed goes at once", appIn("REVIEW_IN_PROGRESS", ""), "Stack App Delete"},
		{"a failed rollback is no reason to stay", appIn("UPDATE_ROLLBACK_FAILED", ""), "Stack App Delete"},
		{"a deletion that failed is tried again in a minute", appIn("DELETE_FAILED", "aloft-delete-uid-0"), "wait Deleting"},
		{"and then again", all(appIn("DELETE_FAILED", "aloft-delete-uid-0"),
			func(s *plan.Machine) { s.Now = s.Now.Add(time.Minute) }), "Stack App Delete"},
		{"someone else's deletion failed: ours may do", appIn("DELETE_FAILED", ""), "Stack App Delete"},
		{"what the application retained goes while the foundation proves whose it is", appGone, "RemoveApp"},
		{"then the foundation", all(appGone, performed(release.ActionRemoveApp)), "Stack Foundation Delete"},
		{"bucket, repository and key are left", bothGone, "RemoveFoundation"},
		{"nothing is left", all(bothGone, performed(release.ActionRemoveFoundation)), "LetGo"},
		{"there never was anything", all(bothGone, func(s *plan.Machine) { s.Recorded.Deletion = nil }), "LetGo"},
		{"a successor of the application's name is not touched", func(s *plan.Machine) { s.Observed.App.ID = "app/2" },
			"RemoveApp"},
		{"nor one of the foundation's",
			all(appGone, performed(release.ActionRemoveApp),
				func(s *plan.Machine) { s.Observed.Foundation.ID = "foundation/2" }), "LetGo"},
		{"nor what belongs to someone else by its tag",
			func(s *plan.Machine) { foreign(s.Observed.App); foreign(s.Observed.Foundation) }, "LetGo"},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := leaving()
			r.change(s)
			if got := decided(s); got != r.want {
				t.Errorf("decided is %q, want %q", got, r.want)
			}
		})
	}
}

func TestADeletionThatIsTriedAgainHasAnotherToken(t *testing.T) {
	s := leaving()
	first, err := s.Next()
	must(t, err)
	appIn("DELETE_FAILED", first.Stack.Token)(s)
	s.Now = s.Now.Add(time.Hour)
	second, err := s.Next()
	must(t, err)
	if first.Stack.Token == second.Stack.Token {
		t.Errorf("both have %s, and CloudFormation would do nothing the second time", first.Stack.Token)
	}
	if first.Stack.Name != "app/1" {
		t.Errorf("%q is deleted: a name may be a successor's", first.Stack.Name)
	}
}

func TestACommandOfAReleaseThatIsNotAtHandEndsWithLambdasLongestTime(t *testing.T) {
	s := leaving()
	underway("Started", &release.CommandEvidence{Name: "migrate", Claimed: true,
		StartedAt: s.Now.Add(-15 * time.Minute)})(s)
	s.Recorded.Run.Commands[0].Name, s.Observed.Command.Name = "removed", "removed"
	if got := decided(s); got != "wait Deleting" {
		t.Errorf("after 15 minutes decided is %q", got)
	}
	s.Now = s.Now.Add(2 * time.Minute)
	if got := decided(s); got != "RecordCommand removed" {
		t.Errorf("after 17 minutes decided is %q", got)
	}
}
