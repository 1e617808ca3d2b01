// Package observed looks at AWS and tells what is there. It only reads. That it could not look is an error, never
// "absent".
package observed

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Observer looks at one stage.
type Observer struct {
	Clients *cloud.Clients
	Names   release.Names
	// Ownership tells what is the stage's.
	Ownership release.Ownership
	// HashKey is the operator's secret, which the evidence of commands is proven with.
	HashKey []byte
	// Before is the application stack as it was when its template was last read; nil where that is not known.
	Before *release.Stack
}

// Look observes one part, as a step asks for it.
func (o *Observer) Look(
	ctx context.Context, step release.Step, d *release.Desired, r *release.Recorded, into *release.Observed,
) error {
	var err error
	switch step.Part {
	case release.PartFoundation:
		into.Foundation, err = o.foundation(ctx, step)
	case release.PartApp:
		into.App, err = o.app(ctx, step)
	case release.PartAliases:
		var names map[string]bool
		if names, err = functions(d, into.App, r.Run); err == nil {
			into.Aliases, err = o.aliases(ctx, names, step.Contents)
			into.Contents = step.Contents
		}
	case release.PartCommand:
		into.Command, err = o.command(ctx, r.Run, step.Command)
	case release.PartLeftovers:
		into.Leftovers, err = o.leftovers(ctx, d, r, into.App)
	case release.PartReleases:
		var names map[string]bool
		if names, err = functions(d, into.App, r.Run); err == nil {
			into.Releases, err = o.releases(ctx, d.HTTP().Name, names)
		}
	case release.PartLeft:
		into.Left, err = o.left(ctx, step.Release)
	case release.PartDeclaration:
		into.Declaration, err = o.declaration(ctx, step.Release)
	case release.PartWhole:
		into.Whole, err = o.whole(ctx, d, r.Live)
	default:
		return fmt.Errorf("there is no part %q to look at", step.Part)
	}
	if err != nil {
		into.Forget(step.Part) // what was seen of a part before an error is not what is there
		return fmt.Errorf("looking at %s: %w", step.Part, err)
	}
	return nil
}
