package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
)

// perform does a step on AWS, after what it rests on was written. Its outcome is written with a later step or at the end of the
// reconcile: what is lost with the process before then is done again to no effect. What takes long goes on beside the reconcile
// workers.
func (s *session) perform(ctx context.Context, step release.Step) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if restsOnStatus(step) {
		if err := s.declare(ctx); err != nil {
			return err
		}
	}
	subject := phase.Subject{
		Desired: s.situation.Desired, Observed: &s.situation.Observed, Recorded: &s.situation.Recorded, HideOutput: s.hidesOutput(),
	}
	switch step.Action {
	case release.ActionUpload, release.ActionWarm:
		return s.performBeside(step, subject)
	case release.ActionSweep:
		if err := s.performer.Perform(ctx, step, subject); err != nil {
			return err
		}
		s.situation.Recorded.Live.Cleaned = true
		return nil
	default:
		err := s.performer.Perform(ctx, step, subject)
		if err != nil {
			return s.overdue(step, err)
		}
		return nil
	}
}

// restsOnStatus says that a step must not be done before the status is written: it cannot be taken back, or the status's lock must
// fence off an operator that does not know that it was replaced. What is left may be done by anyone at any time: content goes to
// where its digest says, a version that exists is not published again, and warming changes nothing.
func restsOnStatus(step release.Step) bool {
	switch step.Action {
	case release.ActionUpload, release.ActionPublish, release.ActionWarm:
		return false
	default:
		return true
	}
}

// besidePoll looks after work that was lost; its end wakes the Stage at once.
const besidePoll = 30 * time.Second

func (s *session) performBeside(step release.Step, subject phase.Subject) error {
	run := *subject.Recorded.Run
	performer, seen := s.performer, *subject.Observed
	delete(s.performed, s.key(step))
	name := fmt.Sprintf("%s/%s", run.Run, step.Action)
	if run.Warm != nil {
		name += run.Warm.At.String() // environments that were warm once are warmed again
	}
	done, state, err := s.work.do(s.stage, name, func(ctx context.Context) (*release.Run, error) {
		own := run
		recorded := release.Recorded{Run: &own, Live: subject.Recorded.Live, History: subject.Recorded.History}
		beside := subject
		beside.Observed, beside.Recorded = &seen, &recorded
		err := performer.Perform(ctx, step, beside)
		return &own, err
	})
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	switch {
	case state.running:
		return release.Wait(conditionsOf[step.Phase][0], v1alpha1.ReasonProgressing, besidePoll, "%s", s.goesOn())
	case isRejected, isWaiting, cloud.IsDenied(err), cloud.IsExpired(err):
		return err
	case err != nil: // the queue's own backoff would begin anew each time that the work does
		return release.Wait(conditionsOf[step.Phase][0], v1alpha1.ReasonProgressingWithRetry, state.again, "%s", safe(err))
	default:
		s.situation.Recorded.Run = done
		return nil
	}
}

// key names a step that must take effect at once.
func (s *session) key(step release.Step) string {
	operation, run := "", ""
	if s.situation.Recorded.Run != nil {
		run = s.situation.Recorded.Run.Run
	}
	if step.Stack != nil {
		operation = string(step.Stack.Operation) + step.Stack.Token
	}
	return fmt.Sprintf("%s/%s/%s/%s/%s/%s", run, step.Action, step.Phase, step.Function, step.Command, operation)
}

func (s *session) guard(step release.Step) error {
	if s.performed[s.key(step)] {
		return fmt.Errorf("the step %s of phase %s did not take effect", step.Action, step.Phase)
	}
	s.performed[s.key(step)] = true
	return nil
}
