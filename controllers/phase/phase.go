// Package phase performs one step against AWS. Each step may be performed again after a crash at any instant, and none waits:
// long work is started here and seen by a later look.
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
	Clients *cloud.Clients
	Images  *image.Client
	// Runtimes are the function runtimes by architecture.
	Runtimes map[string]*image.Runtime
	Now      func() time.Time
}

// Subject is what a step works on. Steps read what is desired and observed, and add to what is recorded.
type Subject struct {
	Desired  *release.Desired
	Observed *release.Observed
	Recorded *release.Recorded
	Deleted  release.Deletion
	// HideOutput keeps what the application prints out of messages.
	HideOutput bool
}

// Perform does one step, and forgets the observations that it changes.
func (p *Performer) Perform(ctx context.Context, step release.Step, s Subject) error {
	switch step.Action {
	case release.ActionStack:
		defer s.Observed.Forget(step.Stack.Part)
		return p.stack(ctx, step, s)
	case release.ActionUpload:
		return p.upload(ctx, s)
	case release.ActionPublish:
		return p.publish(ctx, s)
	case release.ActionWarm:
		return p.warm(ctx, s)
	case release.ActionInvoke:
		defer s.Observed.Forget(release.PartCommand)
		return p.invoke(ctx, step.Command, s)
	case release.ActionVoid:
		defer s.Observed.Forget(release.PartCommand)
		return p.void(ctx, step.Command, s)
	case release.ActionFlip, release.ActionFlipBack:
		return p.flip(ctx, step, s)
	case release.ActionSweep:
		return p.sweep(ctx, s)
	case release.ActionRemoveApp:
		return p.removeApp(ctx, s)
	case release.ActionRemoveFoundation:
		return p.removeFoundation(ctx, s)
	default:
		return fmt.Errorf("the step %q is not performed on AWS", step.Action)
	}
}
