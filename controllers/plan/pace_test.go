package plan_test

import (
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// updatingFor is a Stage whose application stack's update has gone on for a while, and took a known time before.
func updatingFor(t *testing.T, last time.Duration) *plan.Machine {
	t.Helper()
	s := updating(t)
	s.Doing(release.Step{Action: release.ActionStack, Phase: release.PhaseStack, Stack: stackStep(s)})
	s.Recorded.Lasted = map[release.Phase]time.Duration{release.PhaseStack: last}
	s.Observed.App.Status, s.Observed.App.ChangedAt = "UPDATE_IN_PROGRESS", s.Now
	return s
}

// looksUntil counts the looks at an operation of a duration, and how long after its end the last of them came.
func looksUntil(t *testing.T, s *plan.Machine, took time.Duration) (looks int, lag time.Duration) {
	t.Helper()
	began := s.Now
	for s.Now.Sub(began) < took {
		_, err := s.Next()
		waiting, ok := release.AsWaiting(err)
		if !ok || waiting.After < s.Limits.Pace.Soonest {
			t.Fatalf("after %s it is decided %v", s.Now.Sub(began), err)
		}
		s.Now = s.Now.Add(waiting.After)
		looks++
	}
	return looks, s.Now.Sub(began) - took
}

func TestAStackIsLookedAtWhenItIsAboutToBeDone(t *testing.T) {
	for _, row := range []struct {
		why        string
		last, took time.Duration
		looks      int
		lag        time.Duration
	}{
		{"it takes as long as it did", 30 * time.Second, 30 * time.Second, 8, time.Second},
		{"a little longer", 27 * time.Second, 29 * time.Second, 9, time.Second},
		{"a little less", 30 * time.Second, 28 * time.Second, 8, time.Second},
		{"long ones as well", 5 * time.Minute, 5 * time.Minute, 16, 10 * time.Second},
		{"much longer than it did", 30 * time.Second, 2 * time.Minute, 40, 10 * time.Second},
		{"much less", 2 * time.Minute, 20 * time.Second, 8, 10 * time.Second},
		{"it made a distribution the last time", 10 * time.Minute, 40 * time.Second, 2, 20 * time.Second},
		{"it was never done before", 0, 30 * time.Second, 20, 5 * time.Second},
		{"a short one", 2 * time.Second, 2 * time.Second, 4, time.Second},
	} {
		looks, lag := looksUntil(t, updatingFor(t, row.last), row.took)
		if looks > row.looks || lag > row.lag {
			t.Errorf("%s: %d looks, the last %s after its end; at most %d and %s", row.why, looks, lag, row.looks, row.lag)
		}
	}
}

func TestHowLongAStackTookIsRemembered(t *testing.T) {
	o := released(t)
	must(t, o.release(releaseOf("v2")))
	if took := o.written.Lasted[release.PhaseStack]; took < operationTime || took > operationTime+10*time.Second {
		t.Errorf("remembered is %s of %s", took, operationTime)
	}
	if _, known := o.written.Lasted[release.PhaseWarm]; known {
		t.Error("so is what waits for no stack")
	}
	before := o.written.Lasted[release.PhaseFoundation]
	must(t, o.release(releaseOf("v3"))) // whose foundation has nothing to wait for
	if got := o.written.Lasted[release.PhaseFoundation]; got != before || got == 0 {
		t.Errorf("of the foundation remembered is %s, before it was %s", got, before)
	}
}

// imageless is a machine whose image is not there yet.
func imageless(t *testing.T) *plan.Machine {
	t.Helper()
	o := released(t)
	m := until(t, o, releaseOf("v2"), release.ActionResolve)
	m.Doing(release.Step{Action: release.ActionResolve, Phase: release.PhaseResolve})
	return m
}

func TestAnImageThatIsNotThereIsLookedForMoreAndMoreSeldom(t *testing.T) {
	notThere := release.Wait(v1alpha1.ConditionImageResolved, v1alpha1.ReasonImageNotFound, release.Slowly,
		"not there yet")
	lookedFor := func(m *plan.Machine) time.Duration {
		waiting, _ := release.AsWaiting(
			m.Failed(release.Step{Action: release.ActionResolve, Phase: release.PhaseResolve}, release.Outcome{}, notThere))
		return waiting.After
	}
	m := imageless(t)
	for _, row := range []struct{ passed, after time.Duration }{
		{0, 10 * time.Second}, {40 * time.Second, 10 * time.Second}, {80 * time.Second, 30 * time.Second},
		{18 * time.Minute, 5 * time.Minute}, {24 * time.Hour, 5 * time.Minute},
	} {
		m.Now = m.Now.Add(row.passed)
		if got := lookedFor(m); got != row.after {
			t.Errorf("%s later it is looked for after %s, want %s", row.passed, got, row.after)
		}
	}
	for why, change := range map[string]func(*plan.Asked){
		"the Stage was edited":    func(a *plan.Asked) { a.Generation = 2 },
		"a person asks to look":   func(a *plan.Asked) { a.Requests.RequestedAt = "now" },
		"its pipeline tells Flux": func(a *plan.Asked) { a.Requests.FluxRequestedAt = "now" },
	} {
		again := copied(m)
		again.Ask(asked(releaseOf("v2"), change))
		if got := lookedFor(again); got != 10*time.Second {
			t.Errorf("%s: it is looked for after %s", why, got)
		}
	}
	m.Ask(asked(releaseOf("v2")))
	if got := lookedFor(m); got != 5*time.Minute {
		t.Errorf("although nothing has changed it is looked for after %s", got)
	}
}

func TestTheFirstLookAtAStackComesHalfWayThroughWhatItTookBefore(t *testing.T) {
	s := updating(t)
	s.Recorded.Lasted = map[release.Phase]time.Duration{release.PhaseStack: 40 * time.Second}
	s.Observed.Forget(release.PartApp)
	_, err := s.Next()
	if waiting, ok := release.AsWaiting(err); !ok || waiting.After != 20*time.Second {
		t.Errorf("got %v", err)
	}
}

func TestTheMakingOfAChangeSetIsNoOperationOfTheStack(t *testing.T) {
	s := changing(t)
	s.Now = s.Now.Add(time.Second)
	s.Doing(release.Step{Action: release.ActionStack, Phase: release.PhaseStack,
		Stack: &release.StackStep{Operation: release.StackCreateChangeSet}})
	if got := s.Recorded.Run.Phase(release.PhaseStack).OperationAt; got.Equal(s.Now) {
		t.Error("the next look would wait for half of what an update takes")
	}
}

func TestAnOperationThatCloudFormationKnewIsLookedAtAtOnce(t *testing.T) {
	s := updating(t)
	step, err := s.Next()
	must(t, err)
	s.Did(step, release.Outcome{Repeated: true})
	if got := decided(s); got != "Look App" {
		t.Errorf("decided is %q: it may have ended long ago", got)
	}
}
