package phase

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

var errTooSlow = errors.New("the registries are too slow")

// upload sends assets, configuration and image, all at once; the layers of the image are read for the assets while they
// are sent. What is there already is not sent again, and the release goes on only when all of it is there.
func (p *Performer) upload(ctx context.Context, s Subject) (release.Outcome, error) {
	wanted, err := p.wantedAssets(ctx, s)
	if err != nil {
		return release.Outcome{}, release.At(v1alpha1.ConditionAssetsUploaded, err)
	}
	ctx, giveUp := context.WithCancelCause(ctx)
	defer giveUp(nil)
	uploaded := release.Uploaded{ConfigHash: s.Desired.ConfigHash}
	group, groupContext := errgroup.WithContext(ctx)
	open := sync.OnceValues(func() (v1.Image, error) { return p.openSource(groupContext, s, giveUp) })
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
		if errors.Is(context.Cause(ctx), errTooSlow) {
			err = release.At(v1alpha1.ConditionImagePushed, fmt.Errorf("%w: %w", context.Cause(ctx), err))
		}
		return release.Outcome{}, err
	}
	if waits != nil {
		return release.Outcome{}, waits
	}
	return release.Outcome{Uploaded: &uploaded}, nil
}

// openSource opens the image that the user pushed, and gives the upload as long as an image of its size may take.
func (p *Performer) openSource(ctx context.Context, s Subject, giveUp context.CancelCauseFunc) (v1.Image, error) {
	opened, err := p.Images.Open(ctx, SourceOf(s.Desired.Image), s.Desired.Image.Digest)
	if err != nil {
		return nil, err
	}
	bytes, err := image.Bytes(opened)
	if err != nil {
		return nil, err
	}
	within := UploadWithin(bytes)
	timer := time.AfterFunc(within, func() {
		giveUp(fmt.Errorf("%w: the upload of %d MiB was given up after %s", errTooSlow, bytes>>20, within))
	})
	context.AfterFunc(ctx, func() { timer.Stop() })
	return opened, nil
}

// UploadWithin is how long the upload of an image, of a number of bytes as it is compressed, may take: a registry that
// sends a little now and then would hold a place among the uploads for good.
func UploadWithin(bytes int64) time.Duration {
	const perSecond = 1 << 20
	return 10*time.Minute + time.Duration(bytes/perSecond)*time.Second
}
