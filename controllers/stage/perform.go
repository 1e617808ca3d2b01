package stage

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// perform does a step, after what it rests on was written. Its outcome is written with a later step or at the end of
// the reconcile: what is lost with the process before then is done again to no effect. A step that only changes the
// record needs nothing done.
func (s *session) perform(ctx context.Context, step release.Step) (release.Outcome, error) {
	act := plan.ActOf(step)
	if err := s.prepare(ctx, step, act); err != nil {
		return release.Outcome{}, err
	}
	if act.Beside != "" {
		return s.performBeside(step)
	}
	switch step.Action {
	case release.ActionStop:
		return release.Outcome{}, s.stop()
	case release.ActionStack, release.ActionPublish, release.ActionInvoke, release.ActionVoid,
		release.ActionMove, release.ActionRevert:
		return s.performer.Perform(ctx, step, s.subject())
	default:
		return release.Outcome{}, nil
	}
}

// prepare sees to what a step needs: clients, and the write that comes before it.
func (s *session) prepare(ctx context.Context, step release.Step, act plan.Act) error {
	if act.Write != plan.Unwritten || step.Action == release.ActionPublish {
		if err := s.connect(ctx); err != nil {
			return err
		}
	}
	var failing error
	if act.Beside != "" {
		stage, own := client.ObjectKeyFromObject(s.stage), s.machine.Work(step)
		if !s.r.work.Stop(stage, func(key string) bool { return key == own }) {
			return comesToItsEnd(firstCondition(step))
		}
		begun, failed := s.r.work.Begun(stage, s.stage.UID, own)
		if begun {
			return nil
		}
		if err := s.machine.Start(step, failed != nil); err != nil {
			return err
		}
		failing = retrying(step, failed, briefly)
	}
	switch act.Write {
	case plan.Intended:
		if s.wrote && s.movesWritten() {
			return nil
		}
		return s.write(ctx, nil, always)
	case plan.Written:
		if s.told(nil) {
			return nil // a call that fails again and again changes nothing but how that is told
		}
		return s.write(ctx, nil, ifChanged)
	case plan.Fenced:
		return s.write(ctx, failing, always)
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
