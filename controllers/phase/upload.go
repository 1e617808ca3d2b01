package phase

import (
	"context"
	"sync"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

// upload sends image and variables at once, and reads the assets out of the layers while those are sent; then it tells
// that the image is there, and sends the assets, which nothing needs before the release is warmed. What is there
// already is not sent again.
func (p *Performer) upload(ctx context.Context, s Subject) (release.Outcome, error) {
	wanted, err := p.wantedAssets(ctx, s)
	if err != nil {
		return release.Outcome{}, release.At(v1alpha1.ConditionAssetsUploaded, err)
	}
	uploaded, assets, err := p.uploadImageAndVariables(ctx, s, wanted)
	if err != nil {
		return release.Outcome{}, err
	}
	defer assets.close()
	outcome := release.Outcome{Uploaded: uploaded}
	if assets != nil && s.Reached != nil {
		s.Reached(outcome)
	}
	outcome.Assets, err = p.uploadAssets(ctx, s, wanted, assets)
	return outcome, release.At(v1alpha1.ConditionAssetsUploaded, err)
}

// uploadImageAndVariables sends what functions are made of, and gives the assets that are to be sent; nil where there
// are none.
func (p *Performer) uploadImageAndVariables(
	ctx context.Context, s Subject, wanted assetsWanted,
) (*release.Uploaded, *assetsRead, error) {
	uploaded := &release.Uploaded{ConfigHash: s.Desired.ConfigHash}
	group, groupContext := parallel.WithContext(ctx)
	open := sync.OnceValues(func() (v1.Image, error) {
		return p.Images.Open(groupContext, SourceOf(s.Desired.Image), s.Desired.Image.Digest)
	})
	group.Go(func() (err error) {
		defer wanted.from.Passed()
		uploaded.DeployedDigest, err = p.uploadImage(groupContext, s, wanted.from, open)
		return release.At(v1alpha1.ConditionImagePushed, err)
	})
	var assets *assetsRead
	var waits error // for room, while the image goes on
	group.Go(func() (err error) {
		assets, err = p.readAssets(groupContext, s, wanted, open)
		if _, ok := release.AsWaiting(err); ok {
			waits, err = err, nil
		}
		return release.At(v1alpha1.ConditionAssetsUploaded, err)
	})
	group.Go(func() error { return release.At(v1alpha1.ConditionImagePushed, p.uploadConfig(groupContext, s)) })
	err := group.Wait()
	if err == nil {
		err = waits
	}
	if err != nil {
		assets.close()
		return nil, nil, err
	}
	return uploaded, assets, nil
}
