package plan_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// actions are all but a look and the end, which are no acts.
var actions = []release.Action{
	release.ActionStop, release.ActionBegin, release.ActionResolve, release.ActionRecover, release.ActionStack,
	release.ActionReturn,
	release.ActionResume, release.ActionTryAgain, release.ActionUpload, release.ActionAssets, release.ActionPublish,
	release.ActionWarm,
	release.ActionAnnounce,
	release.ActionInvoke, release.ActionVoid, release.ActionRecordCommand, release.ActionIntend, release.ActionMove,
	release.ActionRevert,
	release.ActionSeal, release.ActionTrim, release.ActionSweep, release.ActionRepair, release.ActionCleaned,
	release.ActionRecordStacks,
	release.ActionRemoveApp, release.ActionRemoveFoundation, release.ActionLetGo,
}

// phases in the order in which a run goes through them.
var phases = []release.Phase{
	release.PhaseResolve, release.PhaseFoundation, release.PhaseUpload, release.PhaseStack, release.PhasePublish,
	release.PhaseAssets, release.PhaseWarm, release.PhaseCommands, release.PhaseActivate, release.PhaseClean,
}

// rows gives the phases that have an action; the empty one is what belongs to none.
func rows(action release.Action) (in []release.Phase) {
	for _, phase := range append(slices.Clone(phases), "") {
		if _, there := plan.SpecOf(phase).Acts[action]; there {
			in = append(in, phase)
		}
	}
	return in
}

func TestEachActionStandsInARowOfTheTable(t *testing.T) {
	shared := []release.Action{release.ActionStack, release.ActionTryAgain}
	known := 0
	for _, action := range actions {
		in := rows(action)
		if len(in) == 0 || len(in) > 1 && !slices.Contains(shared, action) {
			t.Errorf("%s stands in the rows %v", action, in)
		}
		known += len(in)
	}
	all := 0
	for _, phase := range append(slices.Clone(phases), "") {
		all += len(plan.SpecOf(phase).Acts)
	}
	if all != known {
		t.Errorf("the table has %d acts, and %d are known here: add the new one to the list", all, known)
	}
}

func TestTheTableHasAllPhasesInTheirOrderAndAConditionForEach(t *testing.T) {
	conditions := map[string]bool{}
	for i, phase := range phases {
		spec := &plan.Phases[i]
		if spec.Phase != phase || spec.Condition == "" || spec.Situation == "" || spec.Doing == nil || spec.Done == nil {
			t.Errorf("row %d is %+v, want one of %s", i, spec, phase)
		}
		if conditions[spec.Condition] || plan.PhaseOf(spec.Condition) != phase {
			t.Errorf("%s is of two phases", spec.Condition)
		}
		conditions[spec.Condition] = true
	}
	if plan.PhaseOf(v1alpha1.ConditionReady) != "" {
		t.Error("a summary is taken for a phase's condition")
	}
}

func TestWhatCannotBeTakenBackIsFenced(t *testing.T) {
	for action, want := range map[release.Action]plan.Write{
		release.ActionRemoveApp: plan.Fenced, release.ActionRemoveFoundation: plan.Fenced,
		release.ActionVoid: plan.Fenced, release.ActionInvoke: plan.Fenced, release.ActionMove: plan.Intended,
		release.ActionRevert: plan.Fenced, release.ActionUpload: plan.Fenced, release.ActionAssets: plan.Fenced,
		release.ActionWarm:    plan.Fenced,
		release.ActionPublish: plan.Unwritten,
	} {
		if got := plan.ActOf(release.Step{Action: action, Phase: rows(action)[0]}).Write; got != want {
			t.Errorf("%s needs %d of the status, want %d", action, got, want)
		}
	}
}

// A run's record of a phase moves by what is done in that phase, and by nothing else.
func TestWarmingAgainUnsaysNothing(t *testing.T) {
	s := onTheWay(t, releaseOf("v2"), release.ActionIntend)
	did(s, release.Step{Action: release.ActionPass, Phase: release.PhaseWarm}) // it passed in this very reconcile before
	s.Now = s.Recorded.Run.Warm.At.Add(6 * time.Minute)
	next, err := s.Next()
	must(t, err)
	if next.Action != release.ActionWarm {
		t.Fatalf("decided is %s", describe(next))
	}
	commandsBefore := s.Recorded.Run.Phase(release.PhaseCommands)
	s.Doing(next)
	if got := s.Recorded.Run.Phase(release.PhaseWarm); got.State != release.PhaseRunning || got.Attempt != 1 ||
		!got.StartedAt.Equal(s.Now) {
		t.Errorf("warming is %+v", got)
	}
	if got := s.Recorded.Run.Phase(release.PhaseCommands); got != commandsBefore || got.State != release.PhaseSucceeded {
		t.Errorf("commands that have succeeded are %+v", got)
	}
	s.Did(next, release.Outcome{Warm: &release.Warm{At: s.Now}})
	if got := decided(s); got != "Pass Warm" {
		t.Errorf("decided is %q", got)
	}
}

func TestANewerSpecThatCannotBePreparedUnsaysNothingOfTheRunBefore(t *testing.T) {
	o := released(t)
	before := cloned(o.written)
	o.unprepared, o.want = missing, releaseOf("v2")
	if err := o.reconcile(); !errors.Is(err, error(missing)) && err.Error() != missing.Error() {
		t.Fatalf("it gave %v", err)
	}
	if got := cloned(o.written); len(got.Run.Phases) != len(before.Run.Phases) ||
		!slices.Equal(got.Run.Phases, before.Run.Phases) {
		t.Errorf("recorded is %+v, before it was %+v", got.Run.Phases, before.Run.Phases)
	}
}

func TestAnImageThatIsNotThereIsARunOfItsOwn(t *testing.T) {
	o := released(t)
	o.fails = func(s release.Step) error {
		if s.Action == release.ActionResolve {
			return release.Wait(v1alpha1.ConditionImageResolved, v1alpha1.ReasonImageNotFound, time.Minute,
				"it is not there yet")
		}
		return nil
	}
	o.want = releaseOf("v2")
	_ = o.reconcile()
	run := o.written.Run
	if run.BuildID != "v2" || run.ReleaseID != "" || run.Phase(release.PhaseResolve).Message != "it is not there yet" {
		t.Fatalf("the run is %+v", run)
	}
	for range 3 { // it is one attempt, however long it waits
		o.w.pass(time.Minute)
		_ = o.reconcile()
	}
	if o.written.Run.ID != run.ID || o.written.Run.Phase(release.PhaseResolve).Attempt != 0 {
		t.Errorf("then the run is %+v", o.written.Run)
	}
	if o.m.Situation(missing) != plan.Resolving {
		t.Errorf("the situation is %s", o.m.Situation(missing))
	}
	o.fails = func(release.Step) error { return nil }
	must(t, o.release(releaseOf("v1"))) // the user goes back
	if o.written.Run != nil || o.runs != 2 {
		t.Errorf("the run is %+v after %d", o.written.Run, o.runs)
	}
}

func TestEachSituationHasItsWord(t *testing.T) {
	refusal := release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "it crashes")
	held := release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSuspended, 0, "held")
	for _, r := range []struct {
		why     string
		at      func(*testing.T) *plan.Machine
		outcome error
		want    plan.Situation
	}{
		{"the image is looked up", on(release.ActionResolve), nil, plan.Resolving},
		{"the image is sent", on(release.ActionUpload), nil, plan.Uploading},
		{"the stack is updated", on(release.ActionStack), nil, plan.Updating},
		{"versions are made", on(release.ActionPublish), nil, plan.Publishing},
		{"environments are warmed", on(release.ActionWarm), nil, plan.Warming},
		{"commands run", on(release.ActionInvoke), nil, plan.Commanding},
		{"aliases move", on(release.ActionMove), nil, plan.Activating},
		{"an error may pass", on(release.ActionMove), errors.New("connection reset"), plan.Activating},
		{"aliases move back", func(t *testing.T) *plan.Machine { s := flipping(t); failing(s); return s }, nil,
			plan.Reverting},
		{"the user must act", on(release.ActionWarm), refusal, plan.Stalled},
		{"it is held", on(release.ActionUpload), held, plan.Suspended},
		{"what is live is cleaned up after", on(release.ActionSweep), nil, plan.Cleaning},
		{"a clean-up that is refused", on(release.ActionSweep), refusal, plan.Cleaning},
		{"all is done", func(t *testing.T) *plan.Machine { return released(t).m }, nil, plan.Live},
		{"it is being deleted", func(*testing.T) *plan.Machine { return leaving() }, refusal, plan.Deleting},
		{"nothing has begun", func(*testing.T) *plan.Machine { return plan.New(release.Recorded{}, "uid", plan.Limits{}) },
			nil, plan.Pending},
	} {
		t.Run(r.why, func(t *testing.T) {
			if got := r.at(t).Situation(r.outcome); got != r.want {
				t.Errorf("it is %s, want %s", got, r.want)
			}
		})
	}
}

// on gives the machine of an update when it names an action.
func on(action release.Action) func(*testing.T) *plan.Machine {
	return func(t *testing.T) *plan.Machine {
		t.Helper()
		return onTheWay(t, releaseOf("v2"), action)
	}
}

func TestWarmingAgainIsBegunOnceHoweverOftenItIsLookedAfter(t *testing.T) {
	s := onTheWay(t, releaseOf("v2"), release.ActionIntend)
	s.Now = s.Recorded.Run.Warm.At.Add(6 * time.Minute)
	for range 3 { // it goes on beside the reconciles, each of which begins with what was written
		next, err := s.Next()
		must(t, err)
		if next.Action != release.ActionWarm {
			t.Fatalf("decided is %s", describe(next))
		}
		s.Doing(next)
		s = copied(s)
		s.Now = s.Now.Add(5 * time.Second)
	}
	if got := s.Recorded.Run.Phase(release.PhaseWarm).Attempt; got != 1 {
		t.Errorf("it was begun %d times more", got)
	}
}
