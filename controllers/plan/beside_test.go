package plan_test

import (
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// job is a step that goes on beside the reconciles: one for the Stage, on copies of what it began with.
type job struct {
	key        string
	done, told bool
	cancelled  bool
	// reached is what it has brought about that others can go on from, while it goes on; nil before.
	reached *release.Outcome
	outcome release.Outcome
}

// act does a step, or has it go on beside the reconciles.
func (o *operator) act(step release.Step) (release.Outcome, error) {
	m := o.m
	switch {
	case step.Action == release.ActionStop:
		return release.Outcome{}, o.stop()
	case plan.ActOf(step).Beside != "":
		return o.performBeside(step)
	}
	return o.perform(step, m.Recorded.Run, m.Desired), nil
}

func (o *operator) goesOn() bool { return o.beside != nil && !o.beside.done }

func (o *operator) performBeside(step release.Step) (release.Outcome, error) {
	m, lasts := o.m, o.lasts()
	recorded, desired := cloned(m.Recorded), m.Desired
	if lasts == 0 {
		return o.perform(step, recorded.Run, desired), nil
	}
	key := m.Work(step)
	if o.beside != nil && o.beside.key != key && !o.beside.done {
		o.beside.cancelled = true
		return release.Outcome{}, release.Wait(plan.SpecOf(step.Phase).Condition, v1alpha1.ReasonProgressing,
			time.Second, "what was given up comes to its end")
	}
	if o.beside == nil || o.beside.key != key || o.beside.cancelled && o.beside.done {
		begun := &job{key: key}
		o.beside = begun
		if plan.ActOf(step).Beside == release.PoolUpload && step.Phase != release.PhaseClean {
			o.upload(begun, lasts, recorded.Run, desired)
		} else {
			o.w.later(lasts, func() {
				begun.done = true
				if !begun.cancelled {
					begun.outcome = o.perform(step, recorded.Run, desired)
				}
			})
		}
	}
	if o.beside.reached != nil && plan.ActOf(step).InPart {
		return *o.beside.reached, nil
	}
	if !o.beside.done {
		return release.Outcome{}, release.Wait(plan.SpecOf(step.Phase).Condition, v1alpha1.ReasonProgressing,
			5*time.Second, "it goes on")
	}
	o.beside.told = true
	return o.beside.outcome, nil
}

// upload sends an image, and then, while the release goes on, the assets.
func (o *operator) upload(begun *job, lasts time.Duration, run *release.Run, d *release.Desired) {
	o.w.later(lasts/2, func() {
		if !begun.cancelled {
			begun.reached = new(o.perform(release.Step{Action: release.ActionUpload}, run, d))
		}
	})
	o.w.later(lasts, func() {
		begun.done = true
		if !begun.cancelled {
			begun.outcome = *begun.reached
			begun.outcome.Assets = o.perform(release.Step{Action: release.ActionAssets}, run, d).Assets
		}
	})
}

// stop gives up what goes on. It takes its time to end.
func (o *operator) stop() error {
	if o.goesOn() && !o.m.Outlasts(o.beside.key) {
		o.beside.cancelled = true
		return release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonProgressing, time.Second, "it comes to its end")
	}
	return nil
}
