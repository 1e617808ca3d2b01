package stage

import (
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// fieldOwner names the operator among those who write to a Stage.
const fieldOwner = "aloft"

// whether a status is written that has not changed.
type whether bool

const (
	ifChanged whether = false
	// always: the write is a fence. It changes nothing where nothing has changed, and fails all the same when anyone else
	// has written the Stage meanwhile.
	always whether = true
)

// writeWithin is how long a write may take after the reconcile's own time is over.
const writeWithin = 5 * time.Second

// unwritten says that the status could not be written. What comes after must not be done.
type unwritten struct{ err error }

func (u *unwritten) Error() string { return "writing the status: " + u.err.Error() }

// Unwrap gives the API server's error.
func (u *unwritten) Unwrap() error { return u.err }

// write reports where the Stage stands and writes its status: the only place that does. It is a merge patch, so that
// fields that another version of the operator wrote stay, with the resource version as a lock: whoever works on an
// outdated Stage fails here, before acting. What the write changes is told after it.
func (s *session) write(ctx context.Context, outcome error, whether whether) error {
	writeRecorded(&s.stage.Status, &s.machine.Recorded)
	s.report(outcome)
	// To compare costs less than to make a patch.
	if whether == ifChanged && equality.Semantic.DeepEqual(&s.before.Status, &s.stage.Status) {
		s.emitNotes()
		return nil
	}
	locked := client.MergeFromWithOptions(s.before, client.MergeFromWithOptimisticLock{})
	patch, err := locked.Data(s.stage)
	if err != nil {
		return fmt.Errorf("comparing the status: %w", err)
	}
	unchanged := fmt.Sprintf(`{"metadata":{"resourceVersion":%q}}`, s.before.ResourceVersion)
	if !whether && string(patch) == unchanged {
		s.emitNotes()
		return nil
	}
	if ctx.Err() != nil { // what was done must be remembered although the reconcile's time is over
		fresh, cancel := context.WithTimeout(context.WithoutCancel(ctx), writeWithin)
		defer cancel()
		ctx = fresh
	}
	err = s.r.Client.Status().Patch(ctx, s.stage, client.RawPatch(types.MergePatchType, patch),
		client.FieldOwner(fieldOwner))
	if err != nil {
		return &unwritten{err}
	}
	before := s.before
	s.before, s.wrote = s.stage.DeepCopy(), true
	s.r.work.Recorded(client.ObjectKeyFromObject(s.stage))
	s.emit(ctx, before)
	return nil
}
