package phase

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// upload sends assets, configuration and image, all at once. What is there already is not sent again, and the release
// goes on only when all of it is there.
func (p *Performer) upload(ctx context.Context, s Subject) (release.Outcome, error) {
	uploaded := release.Uploaded{ConfigHash: s.Desired.ConfigHash}
	group, groupContext := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		uploaded.DeployedDigest, err = p.uploadImage(groupContext, s)
		return release.At(v1alpha1.ConditionImagePushed, err)
	})
	group.Go(func() (err error) {
		uploaded.AssetsDigest, err = p.uploadAssets(groupContext, s)
		return release.At(v1alpha1.ConditionAssetsUploaded, err)
	})
	group.Go(func() error { return release.At(v1alpha1.ConditionAssetsUploaded, p.uploadConfig(groupContext, s)) })
	if err := group.Wait(); err != nil {
		return release.Outcome{}, err
	}
	return release.Outcome{Uploaded: &uploaded}, nil
}
