// Package removal deletes on AWS what is no longer needed: what no kept release needs, and everything of a Stage that
// is deleted. What is deleted does not come back, so each batch is fenced: an operator that was stopped and replaced
// meanwhile deletes nothing.
package removal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Remover removes what belongs to one stage.
type Remover struct {
	Clients *cloud.Clients
	Names   release.Names
	// Ownership tells what is the stage's.
	Ownership release.Ownership
	// Fence proves that this operator still is the one that acts for the Stage: it writes the Stage's status, which fails
	// when anyone else has written it since it was read.
	Fence func(context.Context) error
	// Keep is the least age of what no longer belongs to a kept release.
	Keep time.Duration
	Now  func() time.Time
}

// Subject is what is removed from. It is only read.
type Subject struct {
	Desired  *release.Desired
	Observed *release.Observed
	Recorded *release.Recorded
}

// Remove does one step. It may be cut off anywhere and begun again.
func (r *Remover) Remove(ctx context.Context, step release.Step, s Subject) error {
	switch step.Action {
	case release.ActionSweep:
		return r.sweep(ctx, s)
	case release.ActionRemoveApp:
		return r.removeApp(ctx, s)
	case release.ActionRemoveFoundation:
		return r.removeFoundation(ctx, s)
	default:
		return fmt.Errorf("the step %q removes nothing", step.Action)
	}
}

// errStale says that the operator stood still after its fence.
var errStale = errors.New("the fence before a deletion is too old: the operator stood still meanwhile")

// fenced deletes one batch right after a fence. The age of the fence is looked at once more before the call; the call
// itself ends with the fence.
func (r *Remover) fenced(ctx context.Context, remove func(context.Context) error) error {
	began := r.Now()
	if err := r.Fence(ctx); err != nil {
		return fmt.Errorf("fencing a deletion: %w", err)
	}
	if release.Expired(began, r.Now()) {
		return errStale
	}
	ctx, cancel := context.WithDeadline(ctx, began.Add(release.FenceHolds))
	defer cancel()
	return remove(ctx)
}
