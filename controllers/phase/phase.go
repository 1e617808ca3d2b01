// Package phase performs one step against AWS. Each step may be performed again after a crash at any instant, and none
// waits: long work is started here and seen by a later look.
package phase

import (
	"context"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Performer performs the steps of one stage.
type Performer struct {
	// Clients are nil for a step that AWS is not needed for.
	Clients *cloud.Clients
	Names   release.Names
	Images  *image.Client
	// Runtimes are the function runtimes by architecture.
	Runtimes map[string]*image.Runtime
	// HashKey is the operator's secret, which the evidence of commands is proven with.
	HashKey []byte
	Now     func() time.Time
}

// Subject is what a step works on. Steps only read it.
type Subject struct {
	Desired  *release.Desired
	Observed *release.Observed
	Recorded *release.Recorded
	// Image that is asked for, by its tag; for the step that resolves it.
	Image release.Image
	// HideOutput keeps what the application prints out of messages.
	HideOutput bool
	// Hold is looked at before each write of a step that takes long.
	Hold *Hold
	// Reached is told of what a step has brought about that others can go on from, while the step goes on; nil tells
	// nobody.
	Reached func(release.Outcome)
	// Progress is told of what goes on in a step that takes long.
	Progress *Progress
}

// Perform does one step and gives what it has brought about, in part where the error is a *release.Waiting.
func (p *Performer) Perform(ctx context.Context, step release.Step, s Subject) (release.Outcome, error) {
	var nothing release.Outcome
	switch step.Action {
	case release.ActionResolve:
		return p.resolve(ctx, s)
	case release.ActionStack:
		return p.stack(ctx, step.Stack, s)
	case release.ActionUpload, release.ActionAssets, release.ActionRepair:
		return p.upload(ctx, s)
	case release.ActionPublish:
		return p.publish(ctx, s)
	case release.ActionWarm:
		return p.warm(ctx, s)
	case release.ActionInvoke:
		return nothing, p.invoke(ctx, step.Command, s)
	case release.ActionVoid:
		return nothing, p.void(ctx, step.Command, s)
	case release.ActionMove, release.ActionRevert:
		return p.move(ctx, step, s)
	default:
		return nothing, fmt.Errorf("the step %q is not performed on AWS", step.Action)
	}
}
