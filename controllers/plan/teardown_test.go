package plan_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// teardown drives the deletion of a Stage, as the reconciler does.
type teardown struct {
	*operator
	delete  bool
	deleted release.Deletion
	removed []release.Action
}

func (o *operator) tearDown(remove bool) *teardown {
	return &teardown{operator: o, delete: remove}
}

// finish goes on until the Stage can be let go.
func (d *teardown) finish() {
	for range maxReconciles {
		err := d.reconcile()
		waiting, isWaiting := release.AsWaiting(err)
		switch {
		case isWaiting:
			d.note("wait: " + waiting.Condition + " " + waiting.Reason)
			d.w.pass(waiting.After)
		case errors.Is(err, errCrash):
			d.w.pass(time.Millisecond)
		case err != nil:
			d.w.t.Fatalf("%v", err)
		default:
			return
		}
	}
	d.w.t.Fatalf("the Stage is not let go after %d reconciles: %v", maxReconciles, d.trace)
}

func (d *teardown) reconcile() error {
	d.performed = map[string]bool{}
	s := plan.DeletionSituation{
		Situation: plan.Situation{Desired: d.want, Recorded: cloned(d.written), UID: "uid", Limits: plan.DefaultLimits()},
		Delete:    d.delete, Performed: map[release.Action]bool{},
	}
	for {
		s.Now, s.Deleted = d.w.now, d.deleted
		step, err := plan.NextDeletion(s)
		if err != nil {
			return err
		}
		d.note(describe(step))
		switch step.Action {
		case release.ActionRelease:
			return nil
		case release.ActionLook:
			d.w.look(step, &s.Observed, s.Desired, &s.Recorded)
			continue
		}
		if d.crashes() {
			return errCrash
		}
		d.performDeletion(step, &s)
		if d.crashes() {
			return errCrash
		}
		d.written = cloned(s.Recorded)
	}
}

func (d *teardown) performDeletion(step release.Step, s *plan.DeletionSituation) {
	if d.performed[describe(step)] && step.Action != release.ActionRecordCommand {
		d.w.t.Fatalf("the step %s did not take effect\n%v", describe(step), d.trace)
	}
	d.performed[describe(step)] = true
	switch step.Action {
	case release.ActionRecordStacks:
		d.deleted = release.Deletion{AppStackID: s.Observed.App.ID, FoundationStackID: s.Observed.Foundation.ID}
	case release.ActionRecordCommand:
		plan.Record(step, &s.Situation)
	case release.ActionStack:
		d.w.operate(step.Stack)
		s.Observed.Forget(step.Stack.Part)
	case release.ActionVoid:
		d.w.void(s.Recorded.Run, step.Command)
		s.Observed.Forget(release.PartCommand)
	case release.ActionRemoveApp, release.ActionRemoveFoundation:
		d.removed = append(d.removed, step.Action)
	default:
		d.w.t.Fatalf("the step %s has no place in a deletion", describe(step))
	}
	s.Performed[step.Action] = true
}

var deletionStories = map[string]func(*testing.T, *operator) *teardown{
	"deletion": func(t *testing.T, o *operator) *teardown {
		must(t, o.release(releaseOf("v1")))
		return o.tearDown(true)
	},
	"deletion-with-retain": func(t *testing.T, o *operator) *teardown {
		must(t, o.release(releaseOf("v1")))
		return o.tearDown(false)
	},
	"deletion-while-a-command-runs": func(t *testing.T, o *operator) *teardown {
		must(t, o.release(releaseOf("v1")))
		o.reconcileUntil(releaseOf("v2"), func() bool { return len(o.w.claims) == 3 })
		return o.tearDown(true)
	},
	"deletion-while-a-command-may-still-start": func(t *testing.T, o *operator) *teardown {
		must(t, o.release(releaseOf("v1")))
		o.w.deliveries = [][]time.Duration{lost}
		o.reconcileUntil(releaseOf("v2"), func() bool {
			run := o.written.Run
			return run != nil && len(run.Commands) == 1 && run.Commands[0].Invoked && run.BuildID == "v2"
		})
		return o.tearDown(true)
	},
	"deletion-while-the-stack-is-being-made": func(_ *testing.T, o *operator) *teardown {
		o.reconcileUntil(releaseOf("v1"), func() bool { return o.w.app.stack.Status == "CREATE_IN_PROGRESS" })
		return o.tearDown(true)
	},
	"deletion-before-anything-was-made": func(_ *testing.T, o *operator) *teardown {
		o.want = releaseOf("v1")
		return o.tearDown(true)
	},
}

// reconcileUntil goes towards a release until something is so, and notes only what comes after.
func (o *operator) reconcileUntil(d *release.Desired, so func() bool) {
	o.want = d
	for range maxReconciles {
		if so() {
			o.trace = nil
			return
		}
		err := o.reconcile()
		if so() {
			continue
		}
		if waiting, ok := release.AsWaiting(err); ok {
			o.w.pass(waiting.After)
		}
	}
	o.w.t.Fatalf("it never came so far: %v", o.trace)
}

func TestTheStepsOfADeletionAreAsReviewed(t *testing.T) {
	for name, begin := range deletionStories {
		t.Run(name, func(t *testing.T) {
			o := newOperator(t)
			d := begin(t, o)
			o.trace = nil
			d.finish()
			requireGolden(t, name, o.trace)
			if d.delete && (o.w.app.stack.Exists || o.w.foundation.stack.Exists) {
				t.Errorf("left are %+v and %+v", o.w.app.stack, o.w.foundation.stack)
			}
			if made := o.w.foundation.made > 0; slices.Contains(d.removed, release.ActionRemoveFoundation) != (d.delete && made) {
				t.Errorf("removed are %v", d.removed)
			}
		})
	}
}
