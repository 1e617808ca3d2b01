package phase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

// parallelObjects are sent at the same time.
const parallelObjects = 32

// assetsWanted is what is to be done about a build's assets.
type assetsWanted struct {
	// digest of what is there already, whole; empty when there is something to do, or nothing wanted.
	digest string
	// from collects the assets that are to be sent; nil where none are.
	from *image.Collection
	// source of the assets, as the index tells it.
	source string
	// only has the paths to send, in their order, where the others are there; nil for all.
	only []string
}

// wantedAssets looks at what is there of a build's assets.
func (p *Performer) wantedAssets(ctx context.Context, s Subject) (assetsWanted, error) {
	d := s.Desired
	if d.AssetsPath == "" {
		return assetsWanted{}, nil
	}
	wanted := assetsWanted{source: strings.Join(append([]string{d.Image.Digest, d.AssetsPath}, d.AssetsInclude...), " ")}
	there, missing, err := observed.Assets(ctx, p.Clients, d.Names.Bucket, d.BuildID)
	switch {
	case err != nil:
		return wanted, fmt.Errorf("looking for the assets of %s: %w", d.BuildID, err)
	case there.Source == wanted.source && len(missing) == 0:
		wanted.digest = there.Digest
		return wanted, nil
	case there.Source == wanted.source: // the others are what they should be
		wanted.only = missing
	case there.Source != "" && activated(s.Recorded, d.BuildID):
		return wanted, release.Reject(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsMoved,
			"the assets of %s were released with other content before: use a new tag for a new build", d.BuildID)
	case there.Source != "":
		if err := p.removeIndex(ctx, s); err != nil {
			return wanted, err
		}
	}
	wanted.from = p.Images.Collect(image.Folder{Path: d.AssetsPath, Include: d.AssetsInclude}, assetLimits(d.Quota))
	return wanted, nil
}

// assetLimits are the operator's own, or the profile's where those are lower.
func assetLimits(quota release.Quota) image.Limits {
	limits := image.DefaultLimits()
	if quota.AssetFiles > 0 {
		limits.Files = min(limits.Files, int(quota.AssetFiles))
	}
	if quota.AssetMiB > 0 {
		limits.TotalBytes = min(limits.TotalBytes, int64(quota.AssetMiB)<<20)
	}
	return limits
}

// assetsRead are a build's assets as they were read out of its image, proven to be servable.
type assetsRead struct {
	*image.Assets
	// send are those that are to be sent.
	send []image.Asset
	// index is written when all of them are in their place.
	index []byte
}

// close frees what the assets take; nil takes nothing.
func (a *assetsRead) close() {
	if a != nil {
		_ = a.Close()
	}
}

// readAssets reads the assets out of the image; nil where none are to be sent.
func (p *Performer) readAssets(
	ctx context.Context, s Subject, wanted assetsWanted, open func() (v1.Image, error),
) (*assetsRead, error) {
	if wanted.from == nil {
		return nil, nil //nolint:nilnil // nothing to send is not an error
	}
	assets, err := p.collectAssets(ctx, s, wanted, open)
	if err != nil {
		return nil, err
	}
	read := &assetsRead{Assets: assets, send: assets.Files}
	if wanted.only != nil {
		read.send = slices.DeleteFunc(slices.Clone(assets.Files), func(file image.Asset) bool {
			_, wants := slices.BinarySearch(wanted.only, file.Path)
			return !wants
		})
	}
	if read.index, err = indexOf(wanted.source, assets); err != nil {
		read.close()
		return nil, err
	}
	return read, nil
}

// uploadAssets brings the build's assets into its folder and tells what they are; nil where it has none. What the live
// build has in the same place with the same content is copied by S3 itself.
func (p *Performer) uploadAssets(
	ctx context.Context, s Subject, wanted assetsWanted, read *assetsRead,
) (*release.Assets, error) {
	switch {
	case wanted.digest != "":
		return &release.Assets{Digest: wanted.digest}, nil
	case read == nil:
		return nil, nil //nolint:nilnil // a build without assets is none that lacks them
	}
	before, err := p.liveAssets(ctx, s)
	if err != nil {
		return nil, err
	}
	if err := p.sendAssets(ctx, s, read.Assets, read.send, before); err != nil {
		return nil, err
	}
	if err := p.writeIndex(ctx, s, read.index); err != nil {
		return nil, err
	}
	return &release.Assets{Digest: read.Digest(), LeftOut: strings.Join(read.LeftOut, "; ")}, nil
}

func (p *Performer) collectAssets(
	ctx context.Context, s Subject, wanted assetsWanted, open func() (v1.Image, error),
) (*image.Assets, error) {
	opened, err := open()
	if err != nil {
		return nil, sourceError(v1alpha1.ConditionAssetsUploaded, s.Desired.Image, err)
	}
	s.assetsFrom(opened)
	assets, err := wanted.from.Assets(ctx, opened)
	switch {
	case errors.Is(err, image.ErrBusy):
		return nil, release.Wait(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonProgressing, roomPoll, "%v", err)
	case errors.Is(err, image.ErrQuota):
		return nil, release.Reject(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid,
			"the assets of %s:%s cannot be served: %v; spec.limits.assetFiles and spec.limits.assetMiB of the StageProfile "+
				"bound them, up to what the operator can bear: publish fewer, or ask the platform team", s.Desired.Image.Repository,
			s.Desired.Image.Tag, err)
	case err != nil:
		return nil, sourceError(v1alpha1.ConditionAssetsUploaded, s.Desired.Image, err)
	}
	return assets, nil
}

// liveAssets gives the index of what the live build has, in which what is unchanged need not be sent again.
func (p *Performer) liveAssets(ctx context.Context, s Subject) (index release.AssetIndex, err error) {
	live := s.Recorded.Live
	if live == nil || live.BuildID == s.Desired.BuildID {
		return index, nil
	}
	bucket, key := s.Desired.Names.Bucket, release.MarkerKey(live.BuildID)
	_, _, err = p.Clients.ReadJSON(ctx, bucket, key, release.MaxAssetIndex, &index)
	if err != nil {
		return index, fmt.Errorf("reading the index of the assets of %s: %w", live.BuildID, err)
	}
	return index, nil
}

// activated says that a build is or was live, so that browsers may hold what its folder has.
func activated(recorded *release.Recorded, buildID string) bool {
	return slices.ContainsFunc(recorded.Kept(), func(r release.Live) bool { return r.BuildID == buildID })
}

func (p *Performer) sendAssets(
	ctx context.Context, s Subject, assets *image.Assets, files []image.Asset, before release.AssetIndex,
) error {
	group, ctx := parallel.WithContext(ctx)
	group.SetLimit(parallelObjects)
	s.assetsBegin(files)
	for _, file := range files {
		group.Go(func() error {
			defer s.assetDone()
			if err := p.sendAsset(ctx, s, assets, file, file.Path, before); err != nil {
				return err
			}
			twin := asPlusIsRead(file.Path)
			if twin == "" || assets.Has(twin) {
				return nil
			}
			return p.sendAsset(ctx, s, assets, file, twin, before)
		})
	}
	return group.Wait()
}

// sendAsset brings one file to its path in the build's folder.
func (p *Performer) sendAsset(
	ctx context.Context, s Subject, assets *image.Assets, file image.Asset, path string, before release.AssetIndex,
) error {
	if err := s.Hold.Check(ctx); err != nil {
		return err
	}
	bucket, key := s.Desired.Names.Bucket, release.AssetsPrefix(s.Desired.BuildID)+path
	if before.Files[file.Path] == file.SHA256 {
		from := release.AssetsPrefix(s.Recorded.Live.BuildID) + file.Path
		if err := p.copyAsset(ctx, bucket, from, key); !cloud.IsNotFound(err) {
			return err
		}
	}
	return p.putAsset(ctx, bucket, key, assets, file)
}
