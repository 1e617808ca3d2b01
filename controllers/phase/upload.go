package phase

import (
	"context"

	"golang.org/x/sync/errgroup"
)

// upload sends assets, configuration and image, all at once. What is there already is not sent again, and what the run goes on
// with is recorded only when all of it is there.
func (p *Performer) upload(ctx context.Context, s Subject) error {
	var deployed, assets string
	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		deployed, err = p.uploadImage(groupContext, s)
		return err
	})
	group.Go(func() (err error) {
		assets, err = p.uploadAssets(groupContext, s)
		return err
	})
	group.Go(func() error { return p.uploadConfig(groupContext, s) })
	if err := group.Wait(); err != nil {
		return err
	}
	s.Recorded.Run.DeployedDigest = deployed
	s.Recorded.Run.AssetsDigest = assets
	s.Recorded.Run.ConfigHash = s.Desired.ConfigHash
	return nil
}
