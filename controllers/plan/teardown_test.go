package plan_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// tearDown has the Stage deleted.
func (o *operator) tearDown(remove bool) *operator {
	o.removal = &plan.Removal{Delete: remove}
	return o
}

// finish goes on until the Stage can be let go.
func (o *operator) finish() {
	for range maxReconciles {
		err := o.reconcile()
		waiting, isWaiting := release.AsWaiting(err)
		switch {
		case isWaiting:
			o.w.pass(waiting.After)
		case errors.Is(err, errCrash):
			o.w.pass(time.Millisecond)
		case err != nil:
			o.w.t.Fatalf("%v", err)
		default:
			return
		}
	}
	o.w.t.Fatalf("the Stage is not let go after %d reconciles: %v", maxReconciles, o.trace)
}

var deletionStories = map[string]func(*testing.T, *operator) *operator{
	"deletion": func(t *testing.T, o *operator) *operator {
		must(t, o.release(releaseOf("v1")))
		return o.tearDown(true)
	},
	"deletion-with-retain": func(t *testing.T, o *operator) *operator {
		must(t, o.release(releaseOf("v1")))
		return o.tearDown(false)
	},
	"deletion-while-a-command-runs": func(t *testing.T, o *operator) *operator {
		must(t, o.release(releaseOf("v1")))
		o.reconcileUntil(releaseOf("v2"), func() bool { return len(o.w.claims) == 3 })
		return o.tearDown(true)
	},
	"deletion-while-a-command-may-still-start": func(t *testing.T, o *operator) *operator {
		must(t, o.release(releaseOf("v1")))
		o.w.deliveries = [][]time.Duration{lost}
		o.reconcileUntil(releaseOf("v2"), func() bool {
			run := o.written.Run
			return run != nil && len(run.Commands) == 1 && run.Commands[0].Invoked && run.BuildID == "v2"
		})
		return o.tearDown(true)
	},
	"deletion-while-the-stack-is-being-made": func(_ *testing.T, o *operator) *operator {
		o.reconcileUntil(releaseOf("v1"), func() bool { return o.w.app.stack.Status == "CREATE_IN_PROGRESS" })
		return o.tearDown(true)
	},
	"deletion-before-anything-was-made": func(_ *testing.T, o *operator) *operator {
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
			if d.removal.Delete && (o.w.app.stack.Exists || o.w.foundation.stack.Exists) {
				t.Errorf("left are %+v and %+v", o.w.app.stack, o.w.foundation.stack)
			}
			if made := o.w.foundation.made > 0; slices.Contains(d.removed,
				release.ActionRemoveFoundation) != (d.removal.Delete && made) {
				t.Errorf("removed are %v", d.removed)
			}
		})
	}
}
