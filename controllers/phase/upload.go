package phase

import (
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

// upload sends assets, configuration and image, all at once; the layers of the image are read for the assets while they
// are sent. What is there already is not sent again, and the release goes on only when all of it is there.
func (p *Performer) upload(ctx context.Context, s Subject) (release.Outcome, error) {
	wanted, err := p.wantedAssets(ctx, s)
	if err != nil {
		return release.Outcome{}, release.At(v1alpha1.ConditionAssetsUploaded, err)
	}
	uploaded := release.Uploaded{ConfigHash: s.Desired.ConfigHash}
	group, groupContext := parallel.WithContext(ctx)
	open := sync.OnceValues(func() (v1.Image, error) {
		return p.Images.Open(groupContext, SourceOf(s.Desired.Image), s.Desired.Image.Digest)
	})
	group.Go(func() (err error) {
		defer wanted.from.Passed()
		uploaded.DeployedDigest, err = p.uploadImage(groupContext, s, wanted.from, open)
		return release.At(v1alpha1.ConditionImagePushed, err)
	})
	var waits error // for room, while the image goes on
	group.Go(func() error {
		err := release.At(v1alpha1.ConditionAssetsUploaded, p.uploadAssets(groupContext, s, wanted, open, &uploaded))
		if _, ok := release.AsWaiting(err); ok {
			waits, err = err, nil
		}
		return err
	})
	group.Go(func() error { return release.At(v1alpha1.ConditionAssetsUploaded, p.uploadConfig(groupContext, s)) })
	if err := group.Wait(); err != nil {
		return release.Outcome{}, err
	}
	if waits != nil {
		return release.Outcome{}, waits
	}
	return release.Outcome{Uploaded: &uploaded}, nil
}
