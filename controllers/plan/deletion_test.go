package plan_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// leaving is a Stage whose release is live, whose stacks were looked at and are recorded, and of which everything is to go.
func leaving() plan.DeletionSituation {
	stack := func(name string) *release.Stack {
		return &release.Stack{Name: name, Exists: true, ID: name + "/1", Status: "UPDATE_COMPLETE", ChangedAt: noon}
	}
	return plan.DeletionSituation{
		Situation: plan.Situation{
			Desired: releaseOf("v1"), UID: "uid", Now: noon.Add(time.Hour), Limits: plan.DefaultLimits(),
			Observed: release.Observed{App: stack("app"), Foundation: stack("foundation")},
		},
		Delete:    true,
		Deleted:   release.Deletion{AppStackID: "app/1", FoundationStackID: "foundation/1"},
		Performed: map[release.Action]bool{},
	}
}

func gone(s *release.Stack) { *s = release.Stack{Name: s.Name} }

func performed(actions ...release.Action) func(*plan.DeletionSituation) {
	return func(s *plan.DeletionSituation) {
		for _, action := range actions {
			s.Performed[action] = true
		}
	}
}

func appGone(s *plan.DeletionSituation)  { gone(s.Observed.App) }
func bothGone(s *plan.DeletionSituation) { gone(s.Observed.App); gone(s.Observed.Foundation) }

func appIn(status, token string) func(*plan.DeletionSituation) {
	return func(s *plan.DeletionSituation) {
		s.Observed.App.Status, s.Observed.App.Token, s.Observed.App.ChangedAt = status, token, s.Now
	}
}

// underway says that a run's command is in a state, with what the bucket tells of it.
func underway(state release.CommandState, evidence *release.CommandEvidence) func(*plan.DeletionSituation) {
	return func(s *plan.DeletionSituation) {
		s.Recorded.Run = &release.Run{ID: s.Desired.ID, State: release.RunRunning, Commands: []release.CommandRun{{Name: "migrate", State: state}}}
		s.Observed.Command = evidence
	}
}

func TestADeletionRemovesNothingThatSomethingBeforeItStillUses(t *testing.T) {
	all := func(changes ...func(*plan.DeletionSituation)) func(*plan.DeletionSituation) {
		return func(s *plan.DeletionSituation) {
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
		change func(*plan.DeletionSituation)
		want   string
	}{
		{"with Retain everything stays, whatever goes on", func(s *plan.DeletionSituation) { s.Delete = false; s.Observed = release.Observed{} }, "Release"},
		{"nobody looked at the application", func(s *plan.DeletionSituation) { s.Observed.App = nil }, "Look App"},
		{"nobody looked at the foundation", func(s *plan.DeletionSituation) { s.Observed.Foundation = nil }, "Look Foundation"},
		{"a command may have started", underway("Announced", nil), "Look migrate"},
		{"what is known is of another command", underway("Announced", &release.CommandEvidence{Name: "clear"}), "Look migrate"},
		{"it has not started: it never will", underway("Announced", &release.CommandEvidence{Name: "migrate"}), "Void migrate"},
		{"that is certain now", underway("Announced", &release.CommandEvidence{Name: "migrate", Void: true}), "RecordCommand migrate"},
		{"it runs", underway("Started", claim(now)), "wait Deleting"},
		{"it has ended", underway("Started", &release.CommandEvidence{Name: "migrate", Result: &release.CommandResult{}}), "RecordCommand migrate"},
		{"its time is over", underway("Started", claim(now.Add(-12*time.Minute))), "RecordCommand migrate"},
		{"it ended long ago, however", underway("Unknown", nil), "Stack App Delete"},
		{"without functions nothing runs, and perhaps there is no bucket to look into", all(underway("Announced", nil), appGone), "RemoveApp"},
		{"a stack that retains is found by its id afterwards", func(s *plan.DeletionSituation) { s.Deleted = release.Deletion{} }, "RecordStacks"},
		{"the foundation's id counts as well", func(s *plan.DeletionSituation) { s.Deleted.FoundationStackID = "" }, "RecordStacks"},
		{"functions and entries go first", func(*plan.DeletionSituation) {}, "Stack App Delete"},
		{"an update is waited for, which refuses a deletion", appIn("UPDATE_IN_PROGRESS", ""), "wait Deleting"},
		{"it is being deleted", appIn("DELETE_IN_PROGRESS", ""), "wait Deleting"},
		{"a change set that was never executed goes at once", appIn("REVIEW_IN_PROGRESS", ""), "Stack App Delete"},
		{"a failed rollback is no reason to stay", appIn("UPDATE_ROLLBACK_FAILED", ""), "Stack App Delete"},
		{"a deletion that failed is tried again in a minute", appIn("DELETE_FAILED", "aloft-delete-uid-0"), "wait Deleting"},
		{"and then again", all(appIn("DELETE_FAILED", "aloft-delete-uid-0"), func(s *plan.DeletionSituation) { s.Now = s.Now.Add(time.Minute) }), "Stack App Delete"},
		{"someone else's deletion failed: ours may do", appIn("DELETE_FAILED", ""), "Stack App Delete"},
		{"what the application retained goes while the foundation proves whose it is", appGone, "RemoveApp"},
		{"then the foundation", all(appGone, performed(release.ActionRemoveApp)), "Stack Foundation Delete"},
		{"bucket, repository and key are left", bothGone, "RemoveFoundation"},
		{"nothing is left", all(bothGone, performed(release.ActionRemoveFoundation)), "Release"},
		{"there never was anything", all(bothGone, func(s *plan.DeletionSituation) { s.Deleted = release.Deletion{} }), "Release"},
		{"a successor of the application's name is not touched", func(s *plan.DeletionSituation) { s.Observed.App.ID = "app/2" }, "RemoveApp"},
		{"nor one of the foundation's", all(appGone, performed(release.ActionRemoveApp), func(s *plan.DeletionSituation) { s.Observed.Foundation.ID = "foundation/2" }), "Release"},
		{"nor what belongs to someone else by its tag", func(s *plan.DeletionSituation) { foreign(s.Observed.App); foreign(s.Observed.Foundation) }, "Release"},
	} {
		t.Run(r.why, func(t *testing.T) {
			s := leaving()
			r.change(&s)
			if got := line(plan.NextDeletion(s)); got != r.want {
				t.Errorf("decided is %q, want %q", got, r.want)
			}
		})
	}
}

func TestADeletionThatIsTriedAgainHasAnotherToken(t *testing.T) {
	s := leaving()
	first, err := plan.NextDeletion(s)
	must(t, err)
	appIn("DELETE_FAILED", first.Stack.Token)(&s)
	s.Now = s.Now.Add(time.Hour)
	second, err := plan.NextDeletion(s)
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
	underway("Started", &release.CommandEvidence{Name: "migrate", Claimed: true, StartedAt: s.Now.Add(-15 * time.Minute)})(&s)
	s.Recorded.Run.Commands[0].Name, s.Observed.Command.Name = "removed", "removed"
	if got := line(plan.NextDeletion(s)); got != "wait Deleting" {
		t.Errorf("after 15 minutes decided is %q", got)
	}
	s.Now = s.Now.Add(2 * time.Minute)
	if got := line(plan.NextDeletion(s)); got != "RecordCommand removed" {
		t.Errorf("after 17 minutes decided is %q", got)
	}
}
