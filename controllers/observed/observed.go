// Package observed looks at AWS and tells what is there. It only reads. That it could not look is an error, never "absent".
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
	// Owner is the value of the stage's ownership tag.
	Owner string
}

// Look observes one part, as a step asks for it.
func (o *Observer) Look(ctx context.Context, step release.Step, d *release.Desired, r *release.Recorded, into *release.Observed) error {
	var err error
	switch step.Part {
	case release.PartFoundation:
		into.Foundation, err = o.foundation(ctx, step.ChangeSet)
	case release.PartApp:
		into.App, err = o.app(ctx, step.ChangeSet)
	case release.PartAliases:
		into.Aliases, err = o.aliases(ctx, d, into.App)
	case release.PartCommand:
		into.Command, err = o.command(ctx, r.Run, step.Command)
	case release.PartLeftovers:
		into.Leftovers, err = o.leftovers(ctx, d, r, into.App)
	case release.PartReleases:
		into.Releases, err = o.releases(ctx, d, into.Aliases[d.HTTP().Name].Description.ReleaseID)
	default:
		return fmt.Errorf("there is no part %q to look at", step.Part)
	}
	if err != nil {
		return fmt.Errorf("looking at %s: %w", step.Part, err)
	}
	return nil
}
