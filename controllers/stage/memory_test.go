package stage

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// seeing is a session of the same Stage and run that has seen the stack as it is.
func seeing(s *session, part release.Part, stack *release.Stack) *session {
	next := releasing()
	next.r = s.r
	next.recallStacks()
	next.machine.Observed.App, next.machine.Observed.Foundation = stack, stack
	next.keepStack(part)
	return next
}

// recalled is what another reconcile of the Stage knows, after an edit.
func recalled(s *session, edit func(*session)) seenStacks {
	next := releasing()
	next.r = s.r
	edit(next)
	next.recallStacks()
	return seenStacks{foundation: next.machine.Observed.Foundation, app: next.seen.app}
}

func TestWhatWasSeenOfARunsStacksIsKnownToItsNextReconcile(t *testing.T) {
	whole := &release.Stack{Exists: true, Status: "UPDATE_COMPLETE", Template: []byte("{}")}
	nothing := seenStacks{}
	s := seeing(releasing(), release.PartFoundation, whole)
	s = seeing(s, release.PartApp, whole)
	for _, row := range []struct {
		why  string
		edit func(*session)
		want seenStacks
	}{
		{"the run goes on", func(*session) {}, seenStacks{foundation: whole, app: whole}},
		{"its foundation is not as it should be yet", func(s *session) {
			s.machine.Recorded.Run.Phases[1].State = release.PhaseRunning
		}, seenStacks{app: whole}},
		{"another run goes on", func(s *session) { s.machine.Recorded.Run.ID = "run-3" }, nothing},
		{"the run has ended, and its clean-up looks for itself", func(s *session) {
			s.machine.Recorded.Run.State = release.RunSucceeded
		}, seenStacks{app: whole}},
		{"it was held for a while", func(s *session) {
			later := time.Now().Add(foundationHolds)
			s.r.Now = func() time.Time { return later }
		}, seenStacks{app: whole}},
		{"there is no run", func(s *session) { s.machine.Recorded.Run = nil }, nothing},
		{"another Stage has the name", func(s *session) { s.stage.UID = "another" }, nothing},
		{"its foundation is operated on", func(s *session) {
			s.recallStacks()
			s.forgetStack(release.PartFoundation)
			s.machine.Observed.Foundation = nil
		}, seenStacks{app: whole}},
		{"the Stage has come to rest", func(s *session) { s.forgetStacks(nil) }, nothing},
	} {
		if got := recalled(s, row.edit); got.foundation != row.want.foundation || got.app != row.want.app {
			t.Errorf("%s: known is %+v", row.why, got)
		}
	}
}

func TestOfAStackNothingIsKeptThatMayBeAnotherInAMoment(t *testing.T) {
	for why, stack := range map[string]release.Stack{
		"an operation goes on":      {Exists: true, Status: "UPDATE_IN_PROGRESS", Template: []byte("{}")},
		"it is someone else's":      {Exists: true, Status: "UPDATE_COMPLETE", Foreign: "b's", Template: []byte("{}")},
		"it is taken over":          {Exists: true, Status: "UPDATE_COMPLETE", Adopted: true, Template: []byte("{}")},
		"there is none":             {},
		"its template was not read": {Exists: true, Status: "UPDATE_COMPLETE"},
	} {
		if got := recalled(seeing(releasing(), release.PartApp, &stack), func(*session) {}); got.app != nil {
			t.Errorf("%s, and kept is %+v", why, got.app)
		}
	}
}

func TestWhatIsKnownOfStacksIsKeptOnlyWhileSomethingIsWaitedFor(t *testing.T) {
	whole := &release.Stack{Exists: true, Status: "UPDATE_COMPLETE", Template: []byte("{}")}
	wait := release.Wait(v1alpha1.ConditionStackUpdated, v1alpha1.ReasonProgressing, release.Soon, "it goes on")
	for why, row := range map[string]struct {
		outcome error
		barred  error
		kept    bool
	}{
		"the run waits":          {wait, nil, true},
		"it is done":             {nil, nil, false},
		"it has failed":          {release.Reject("", v1alpha1.ReasonStackRefused, "no"), nil, false},
		"the Stage is not right": {wait, wait, false},
	} {
		s := seeing(releasing(), release.PartApp, whole)
		s.machine.Asked.Unprepared = row.barred
		s.forgetStacks(row.outcome)
		if kept := recalled(s, func(*session) {}).app != nil; kept != row.kept {
			t.Errorf("%s: kept is %t", why, kept)
		}
	}
}
