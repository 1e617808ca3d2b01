package plan_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// failOn makes each step of an action on a function fail, as long as it is asked to.
func (o *operator) failOn(action release.Action, function string, err func() error) {
	o.fails = func(s release.Step) error {
		if s.Action == action && s.Move != nil && s.Move.Name == function {
			return err()
		}
		return nil
	}
}

func TestAnActivationThatMeetsOnlyErrorsIsTakenBack(t *testing.T) {
	for why, failure := range map[string]error{
		"AWS is out of reach": errors.New("connection reset"),
		"AWS refuses":         release.Wait("", v1alpha1.ReasonAccessDenied, time.Minute, "AWS refuses"),
	} {
		t.Run(why, func(t *testing.T) {
			o := released(t)
			o.failOn(release.ActionMove, "http", func() error { return failure })
			o.want = releaseOf("v2", withoutCommands)
			began := o.w.now
			var err error
			for range 100 {
				if err = o.reconcile(); release.ConditionOf(err) == v1alpha1.ConditionActivated {
					break
				}
				o.w.pass(30 * time.Second)
			}
			refused(t, err, v1alpha1.ReasonRolledBack)
			if took := o.w.now.Sub(began); took < 5*time.Minute || took > 10*time.Minute {
				t.Errorf("it was given up after %s", took)
			}
			if got := o.w.live(); len(got) != 1 || got[0] != releaseOf("v1").ID {
				t.Errorf("live are %v: functions stay on different releases", got)
			}
			for _, move := range o.written.Run.Activation.Moves {
				if want := map[bool]release.MoveState{true: release.MovePending,
					false: release.MoveReverted}[move.Name == "http"]; move.State != want {
					t.Errorf("the move of %s is %s, want %s", move.Name, move.State, want)
				}
			}
		})
	}
}

func TestTheClockOfErrorsBeginsAnewAfterASuccess(t *testing.T) {
	o := released(t)
	until(t, o, releaseOf("v2", withoutCommands), release.ActionMove)
	failing := map[string]bool{"default-queue": true, "cli": true}
	o.fails = func(s release.Step) error {
		if s.Move != nil && failing[s.Move.Name] {
			return errors.New("connection reset")
		}
		return nil
	}
	for _, name := range []string{"default-queue", "cli"} {
		for range 2 {
			if err := o.reconcile(); err == nil || release.ConditionOf(err) != "" {
				t.Fatalf("moving %s gave %v", name, err)
			}
			o.w.now = o.w.now.Add(4 * time.Minute)
		}
		failing[name] = false
	}
	must(t, o.release(releaseOf("v2", withoutCommands))) // eight minutes of errors, and never five without a success
}

func TestAWaitWhoseTimeGrowsBeginsWithItsPhase(t *testing.T) {
	s := onTheWay(t, releaseOf("v2"), release.ActionPublish)
	wait := func(after time.Duration) time.Duration {
		s.Now = s.Now.Add(after)
		waiting, _ := release.AsWaiting(s.Failed(release.Step{Action: release.ActionPublish, Phase: release.PhasePublish},
			release.Outcome{},
			release.Wait(v1alpha1.ConditionVersionsPublished, v1alpha1.ReasonProgressing, release.Soon, "it becomes active")))
		return waiting.After
	}
	if first, later := wait(0), wait(8*time.Second); first != plan.DefaultLimits().Pace.Soonest || later != 2*time.Second {
		t.Errorf("looked at again after %s, then after %s", first, later)
	}
}

// AWS's clocks tell another time than the operator's: neither hurries nor gives up anything.
func TestAnotherClockNeitherHurriesNorGivesUpAnything(t *testing.T) {
	for why, skew := range map[string]time.Duration{"AWS's clock is ahead": time.Hour,
		"AWS's clock is behind": -time.Hour} {
		t.Run(why, func(t *testing.T) {
			o := released(t)
			s := until(t, o, releaseOf("v2"), release.ActionInvoke)
			s.Observed.Command = &release.CommandEvidence{Name: "migrate", Claimed: true, StartedAt: s.Now.Add(skew)}
			did(s, release.Step{Action: release.ActionRecordCommand, Command: "migrate"})
			s.Now = s.Now.Add(8 * time.Second)
			_, err := s.Next()
			if waiting, ok := release.AsWaiting(err); !ok || waiting.After != 2*time.Second ||
				!strings.Contains(waiting.Message, "runs for 5s") {
				t.Errorf("a command that has run for 8 s gave %+v", err)
			}
			s = onTheWay(t, releaseOf("v2"), release.ActionStack)
			s.Recorded.Lasted = nil
			s.Observed.App.Status, s.Observed.App.ChangedAt = "UPDATE_IN_PROGRESS", s.Now.Add(skew)
			s.Doing(release.Step{Action: release.ActionStack, Phase: release.PhaseStack})
			s.Now = s.Now.Add(8 * time.Second)
			_, err = s.Next()
			if waiting, ok := release.AsWaiting(err); !ok || waiting.After != 2*time.Second {
				t.Errorf("a stack operation that has run for 8 s gave %+v", err)
			}
		})
	}
}

func TestARefusalSaysWhatToDo(t *testing.T) {
	o := released(t)
	o.w.exitCodes["migrate"] = 1
	refused(t, o.release(releaseOf("v2")), v1alpha1.ReasonCommandFailed)
	if got := o.written.Run.Failure.Message; !strings.Contains(got, "push a new build") ||
		!strings.Contains(got, v1alpha1.AnnotationRetry) {
		t.Errorf("it says %q", got)
	}
}

func TestWhatIsNotTheReleasesFaultDoesNotEndItsRun(t *testing.T) {
	for why, r := range map[string]struct {
		at        release.Action
		condition string
		reason    string
	}{
		"a stack belongs to someone else": {release.ActionStack, v1alpha1.ConditionStackUpdated,
			v1alpha1.ReasonNotOwned},
		"the credentials are of another": {release.ActionUpload, v1alpha1.ConditionReady,
			v1alpha1.ReasonProfileMismatch},
		"the tag names other content than once": {release.ActionResolve, v1alpha1.ConditionImageResolved,
			v1alpha1.ReasonTagMoved},
		"the tag has moved when its image is sent": {release.ActionUpload, v1alpha1.ConditionImageResolved,
			v1alpha1.ReasonTagMoved},
		"the image cannot be used": {release.ActionResolve, v1alpha1.ConditionImageResolved,
			v1alpha1.ReasonImageUnsupported},
	} {
		t.Run(why, func(t *testing.T) {
			s := onTheWay(t, releaseOf("v2"), r.at)
			next, err := s.Next()
			must(t, err)
			got := s.Failed(next, release.Outcome{}, release.Reject(r.condition, r.reason, "no"))
			refused(t, got, r.reason)
			if s.Recorded.Run.State != release.RunRunning {
				t.Errorf("the run is %s", s.Recorded.Run.State)
			}
		})
	}
}

func TestADeletionThatIsHinderedNamesTheWayOut(t *testing.T) {
	for why, failure := range map[string]error{
		"the account is another one": release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileMismatch,
			"another account"),
		"AWS refuses": release.Wait("", v1alpha1.ReasonAccessDenied, time.Minute, "AWS refuses"),
	} {
		t.Run(why, func(t *testing.T) {
			m := leaving()
			err := m.Failed(release.Step{Action: release.ActionLook}, release.Outcome{}, failure)
			if err == nil || !strings.Contains(err.Error(), "deletionPolicy to Retain") {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestADeletionWithoutItsBucketEnds(t *testing.T) {
	for state, want := range map[release.CommandState]release.CommandState{
		release.CommandAnnounced: release.CommandVoid, release.CommandStarted: release.CommandUnknown,
	} {
		t.Run(string(state), func(t *testing.T) {
			m := leaving()
			underway(state, &release.CommandEvidence{Name: "migrate", Lost: true})(m)
			if state == release.CommandStarted {
				if got := decided(m); got != "wait Deleting" {
					t.Fatalf("decided is %q while it may still run", got)
				}
				m.Now = m.Now.Add(12 * time.Minute)
			}
			next, err := m.Next()
			must(t, err)
			did(m, next)
			if got := m.Recorded.Run.Commands[0].State; got != want {
				t.Errorf("it is %s, want %s", got, want)
			}
			if got := decided(m); got != "Stack App Delete" {
				t.Errorf("then decided is %q", got)
			}
		})
	}
}

// A look is part of the phase that it is for: an error there says nothing of another one.
func TestAnErrorOfALookIsToldByItsOwnPhase(t *testing.T) {
	for why, r := range map[string]struct {
		at   release.Action
		want release.Phase
	}{
		"before the image is sent":    {release.ActionUpload, release.PhaseUpload},
		"before the stack is updated": {release.ActionStack, release.PhaseStack},
		"before the aliases move":     {release.ActionIntend, release.PhaseActivate},
	} {
		t.Run(why, func(t *testing.T) {
			s := onTheWay(t, releaseOf("v2"), r.at)
			s.Observed, s.Now = release.Observed{}, s.Now.Add(time.Second)
			next, err := s.Next()
			must(t, err)
			failure := s.Failed(next, release.Outcome{}, errors.New("connection reset"))
			if next.Action != release.ActionLook || s.Phase(failure) != r.want {
				t.Errorf("the step %s failed, and that is told by %s", describe(next), s.Phase(failure))
			}
		})
	}
}

func TestTwoErrorsFarApartDoNotTakeASwitchBack(t *testing.T) {
	s := flipping(t)
	act := release.Step{Action: release.ActionStack, Phase: release.PhaseActivate,
		Stack: &release.StackStep{Part: release.PartApp}}
	for range 2 {
		if err := s.Failed(act, release.Outcome{}, errors.New("connection reset")); err == nil {
			t.Fatal("the switch is taken back")
		}
		goesOn := release.Wait(v1alpha1.ConditionActivated, v1alpha1.ReasonProgressing, time.Second, "the stack is updated")
		_ = s.Failed(release.Step{}, release.Outcome{}, goesOn) // it works meanwhile
		s.Now = s.Now.Add(6 * time.Minute)
	}
	looks := release.Step{Action: release.ActionLook, Phase: release.PhaseActivate}
	for range 3 { // what cannot be seen cannot be taken back either
		if err := s.Failed(looks, release.Outcome{}, errors.New("connection reset")); err == nil ||
			s.Recorded.Run.Failure != nil {
			t.Fatalf("a look that failed gave %v and %v", err, s.Recorded.Run.Failure)
		}
		s.Now = s.Now.Add(6 * time.Minute)
	}
}

func TestOnlyItsOwnEndEndsARevert(t *testing.T) {
	for _, reason := range []string{v1alpha1.ReasonProfileMismatch, v1alpha1.ReasonNotOwned,
		v1alpha1.ReasonAliasConflict} {
		s := flipping(t)
		and(failing, at("2", "2", "2"))(s)
		err := s.Failed(release.Step{}, release.Outcome{}, release.Reject(v1alpha1.ConditionReady, reason, "no"))
		if refused(t, err, reason); s.Recorded.Run.State != release.RunRunning {
			t.Errorf("%s ended the run while its moves are not back", reason)
		}
		if got := decided(s); got != "Revert http" {
			t.Errorf("then decided is %q", got)
		}
	}
	s := flipping(t)
	err := s.Failed(release.Step{}, release.Outcome{}, release.Reject("", v1alpha1.ReasonProfileMismatch, "no"))
	if refused(t, err, v1alpha1.ReasonProfileMismatch); s.Recorded.Run.Failure != nil {
		t.Error("another profile's account takes a switch back, or tries to")
	}
}

func TestAStackThatNoRunWaitsForIsNotPolledAllTheTime(t *testing.T) {
	s := sweeping(t)
	s.Recorded.Run = nil
	s.Observed.App.Status, s.Observed.App.ChangedAt = "UPDATE_IN_PROGRESS", s.Now
	_, err := s.Next()
	if waiting, ok := release.AsWaiting(err); !ok || waiting.After < time.Second {
		t.Errorf("it gave %+v", err)
	}
}

func TestARevertThatMeetsOnlyErrorsEndsToo(t *testing.T) {
	s := flipping(t)
	and(failing, at("2", "2", "2"))(s)
	next, err := s.Next()
	must(t, err)
	gone := errors.New("version 1 of function http does not exist")
	if err := s.Failed(next, release.Outcome{}, gone); !errors.Is(err, gone) {
		t.Fatalf("at first it gave %v", err)
	}
	s.Now = s.Now.Add(6 * time.Minute)
	err = s.Failed(next, release.Outcome{}, gone)
	refused(t, err, v1alpha1.ReasonRevertFailed)
	if s.Recorded.Run.State != release.RunFailed || !strings.Contains(err.Error(), "different releases") {
		t.Errorf("the run is %s, and it says %v", s.Recorded.Run.State, err)
	}
	asksFor(s, releaseOf("v3"))
	if got := decided(s); got != "Begin" {
		t.Errorf("a newer build has no turn: decided is %q", got)
	}
}
