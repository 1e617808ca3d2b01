package phase

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// parallelObjects are sent at the same time.
	parallelObjects = 32
	// immutable: the folder of a build never changes, so browsers and CloudFront may keep what they have.
	immutable = "public, max-age=31536000, immutable"
)

// uploadAssets brings the build's assets into its folder and gives their digest. What the live build has in the same
// place with the same content is copied by S3 itself.
func (p *Performer) uploadAssets(ctx context.Context, s Subject) (digest string, err error) {
	d := s.Desired
	if d.AssetsPath == "" {
		return "", nil
	}
	source := d.Image.Digest + " " + d.AssetsPath
	there, missing, err := observed.Assets(ctx, p.Clients, d.Names.Bucket, d.BuildID)
	switch {
	case err != nil:
		return "", fmt.Errorf("looking for the assets of %s: %w", d.BuildID, err)
	case there.Source == source && len(missing) == 0:
		return there.Digest, nil
	case there.Source != "" && activated(s.Recorded, d.BuildID):
		return "", release.Reject(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsMoved,
			"the assets of %s were released with other content before: use a new tag for a new build", d.BuildID)
	}
	assets, err := p.openAssets(ctx, d)
	if err != nil {
		return "", err
	}
	defer func() { _ = assets.Close() }()
	before, err := p.liveAssets(ctx, s)
	if err != nil {
		return "", err
	}
	files := assets.Files
	if there.Source == source { // the others are what they should be
		files = slices.DeleteFunc(slices.Clone(files), func(file image.Asset) bool { return !slices.Contains(missing, file.Path) })
	}
	if err := p.sendAssets(ctx, s, assets, files, before); err != nil {
		return "", err
	}
	return assets.Digest(), p.writeIndex(ctx, s, source, assets)
}

// liveAssets gives the index of what the live build has, in which what is unchanged need not be sent again.
func (p *Performer) liveAssets(ctx context.Context, s Subject) (index release.AssetIndex, err error) {
	live := s.Recorded.Live
	if live == nil || live.BuildID == s.Desired.BuildID {
		return index, nil
	}
	_, _, err = p.Clients.ReadJSON(
		ctx, s.Desired.Names.Bucket, release.MarkerKey(live.BuildID), release.MaxAssetIndex, &index,
	)
	if err != nil {
		return index, fmt.Errorf("reading the index of the assets of %s: %w", live.BuildID, err)
	}
	return index, nil
}

// activated says that a build is or was live, so that browsers may hold what its folder has.
func activated(recorded *release.Recorded, buildID string) bool {
	return slices.ContainsFunc(recorded.Kept(), func(r release.Live) bool { return r.BuildID == buildID })
}

func (p *Performer) openAssets(ctx context.Context, d *release.Desired) (*image.Assets, error) {
	opened, err := p.Images.Open(ctx, SourceOf(d.Image), d.Image.Digest)
	if err != nil {
		return nil, sourceError(v1alpha1.ConditionAssetsUploaded, d.Image, err)
	}
	assets, err := p.Images.Assets(ctx, opened, d.AssetsPath, image.DefaultLimits())
	if err != nil {
		return nil, sourceError(v1alpha1.ConditionAssetsUploaded, d.Image, err)
	}
	return assets, nil
}

func (p *Performer) sendAssets(
	ctx context.Context, s Subject, assets *image.Assets, files []image.Asset, before release.AssetIndex,
) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelObjects)
	s.assetsBegin(len(files))
	bucket, prefix := s.Desired.Names.Bucket, release.AssetsPrefix(s.Desired.BuildID)
	for _, file := range files {
		group.Go(func() error {
			defer s.assetDone()
			if err := s.Hold.Check(ctx); err != nil {
				return err
			}
			if before.Files[file.Path] == file.SHA256 {
				from := release.AssetsPrefix(s.Recorded.Live.BuildID) + file.Path
				if err := p.copyAsset(ctx, bucket, from, prefix+file.Path); !cloud.IsNotFound(err) {
					return err
				}
			}
			return p.putAsset(ctx, bucket, prefix+file.Path, assets, file)
		})
	}
	return group.Wait()
}

func (p *Performer) copyAsset(ctx context.Context, bucket, from, to string) error {
	_, err := p.Clients.S3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(to),
		CopySource:          aws.String(bucket + "/" + (&url.URL{Path: from}).EscapedPath()),
		ExpectedBucketOwner: aws.String(p.Clients.Account), ExpectedSourceBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return fmt.Errorf("copying asset %s: %w", from, err)
	}
	return nil
}

func (p *Performer) putAsset(ctx context.Context, bucket, key string, assets *image.Assets, file image.Asset) error {
	sum, err := hex.DecodeString(file.SHA256)
	if err != nil {
		return fmt.Errorf("reading the checksum of asset %s: %w", file.Path, err)
	}
	_, err = p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), Body: assets.Open(file), ContentLength: aws.Int64(file.Size),
		ContentType: aws.String(file.ContentType), CacheControl: aws.String(immutable),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256, ChecksumSHA256: aws.String(base64.StdEncoding.EncodeToString(sum)),
		ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return fmt.Errorf("uploading asset %s: %w", file.Path, err)
	}
	return nil
}

func (p *Performer) writeIndex(ctx context.Context, s Subject, source string, assets *image.Assets) error {
	d := s.Desired
	index := release.AssetIndex{Source: source, Digest: assets.Digest(), Files: make(map[string]string, len(assets.Files))}
	for _, file := range assets.Files {
		index.Files[file.Path] = file.SHA256
	}
	content, err := json.Marshal(index)
	if err != nil {
		return fmt.Errorf("writing the index of the assets: %w", err)
	}
	if err := s.Hold.Check(ctx); err != nil {
		return err
	}
	_, err = p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(d.Names.Bucket), Key: aws.String(release.MarkerKey(d.BuildID)), Body: bytes.NewReader(content),
		ContentType: aws.String("application/json"), CacheControl: aws.String("no-store"),
		ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return fmt.Errorf("writing the index of the assets of %s: %w", d.BuildID, err)
	}
	return nil
}
