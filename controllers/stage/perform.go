package stage

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
)

// perform does a step, after what it rests on was written. Its outcome is written with a later step or at the end of
// the reconcile: what is lost with the process before then is done again to no effect. A step that only changes the
// record needs nothing done.
func (s *session) perform(ctx context.Context, step release.Step) (release.Outcome, error) {
	act := plan.ActOf(step)
	if err := s.prepare(ctx, step, act); err != nil {
		return release.Outcome{}, err
	}
	switch step.Action {
	case release.ActionStop:
		return release.Outcome{}, s.stop()
	case release.ActionUpload, release.ActionRepair, release.ActionWarm:
		return s.performBeside(step)
	case release.ActionResolve:
		resolver := phase.Performer{Images: s.r.Images, Now: s.r.Now} // no AWS is needed, and none may be granted
		return resolver.Perform(ctx, step, s.subject())
	case release.ActionStack, release.ActionPublish, release.ActionInvoke, release.ActionVoid,
		release.ActionMove, release.ActionRevert:
		return s.performer.Perform(ctx, step, s.subject())
	case release.ActionSweep, release.ActionRemoveApp, release.ActionRemoveFoundation:
		m := s.machine
		return release.Outcome{}, s.remover.Remove(ctx, step,
			removal.Subject{Desired: m.Desired, Observed: &m.Observed, Recorded: &m.Recorded})
	default:
		return release.Outcome{}, nil
	}
}

// prepare sees to what a step needs: clients, and the write that comes before it.
func (s *session) prepare(ctx context.Context, step release.Step, act plan.Act) error {
	if act.Beside || act.Write != plan.Unwritten || step.Action == release.ActionPublish {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	if act.Beside && s.r.work.has(s.stage.UID, s.jobName(step)) {
		return nil // it was begun by then
	}
	switch act.Write {
	case plan.Intended:
		if s.wrote && s.movesWritten() {
			return nil
		}
		return s.write(ctx, nil, always)
	case plan.Written:
		if s.before.Status.Phase == string(s.machine.Situation(nil)) && !s.remembers() {
			return nil // a call that fails again and again changes nothing but how that is told
		}
		return s.write(ctx, nil, ifChanged)
	case plan.Fenced:
		return s.write(ctx, nil, always)
	default:
		return nil
	}
}

// movesWritten says that the moves of this very run are in the status.
func (s *session) movesWritten() bool {
	written := s.before.Status.Target
	return written != nil && written.ID == s.machine.Recorded.Run.ID && written.Activation != nil
}

func (s *session) subject() phase.Subject {
	m := s.machine
	return phase.Subject{
		Desired: m.Desired, Observed: &m.Observed, Recorded: &m.Recorded, Image: m.Asked.Image,
		HideOutput: m.Asked.HideOutput,
	}
}

// stop ends what goes on beside the reconciles for the Stage.
func (s *session) stop() error {
	goesOn := ""
	if s.machine.Asked.Removal == nil && s.machine.Desired != nil {
		// What is live may be repaired meanwhile: nothing of it is swept, and the clean-up begins anew with each reconcile.
		goesOn = s.jobName(release.Step{Action: release.ActionRepair})
	}
	if !s.r.work.stop(s.stage.UID, goesOn) {
		return release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonProgressing, conflictPoll,
			"what was given up comes to its end")
	}
	return nil
}

// besidePoll is when work that goes on is asked how far it has come, and looked after if it was lost; its end wakes the
// Stage at once.
const besidePoll = 5 * time.Second

// performBeside has a step that takes long go on beside the reconcile workers. It works on copies: the reconcile that
// began it goes on without it.
func (s *session) performBeside(step release.Step) (release.Outcome, error) {
	m, subject, performer := s.machine, s.subject(), s.performer
	seen, recorded, name := m.Observed, m.Recorded, s.jobName(step)
	if m.Recorded.Run != nil {
		run := *m.Recorded.Run
		recorded.Run = &run
	}
	subject.Observed, subject.Recorded = &seen, &recorded
	m.Observed.Quiet = false
	outcome, state, err := s.r.work.do(s.stage, name,
		func(ctx context.Context, told *phase.Progress) (release.Outcome, error) {
			subject.Progress = told
			return performer.Perform(ctx, step, subject)
		})
	condition := release.ConditionOf(err)
	if condition == "" {
		condition = plan.SpecOf(step.Phase).Conditions[0]
	}
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	switch {
	case state.running:
		return release.Outcome{}, release.Wait(condition, v1alpha1.ReasonProgressing, besidePoll, "%s",
			cmp.Or(state.progress, plan.SpecOf(step.Phase).Doing(m)))
	case err == nil, isRejected, isWaiting, cloud.IsDenied(err), cloud.IsExpired(err):
		return outcome, err
	default: // the queue's own backoff would begin anew each time that the work does
		return release.Outcome{}, release.Wait(condition, v1alpha1.ReasonProgressingWithRetry, state.again, "%s",
			readable(err))
	}
}

// jobName names what goes on beside the reconciles.
func (s *session) jobName(step release.Step) string {
	name := fmt.Sprintf("%s/%s", step.Action, s.machine.Desired.ID)
	if run := s.machine.Recorded.Run; run != nil {
		name += "/" + run.ID
		if run.Warm != nil {
			name += run.Warm.At.String() // environments that were warm once are warmed again
		}
	}
	return name
}
