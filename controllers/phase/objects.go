package phase

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

// immutable: the folder of a build never changes, so browsers and CloudFront may keep what they have.
const immutable = "public, max-age=31536000, immutable"

// copySource names an object to copy from, URL-encoded (S3 API reference, CopyObject): S3 reads a plus sign there as a
// space, which the encoding of paths leaves as it is.
func copySource(bucket, key string) string {
	return bucket + "/" + strings.ReplaceAll((&url.URL{Path: key}).EscapedPath(), "+", "%2B")
}

// asPlusIsRead gives the key of an object that S3 looks for when a browser asks for a path that holds a plus sign: S3
// reads it in a URL as a space, and browsers leave it as it is. Empty for all other paths.
func asPlusIsRead(path string) string {
	if !strings.Contains(path, "+") {
		return ""
	}
	return strings.ReplaceAll(path, "+", " ")
}

func (p *Performer) copyAsset(ctx context.Context, bucket, from, to string) error {
	_, err := p.Clients.S3.CopyObject(ctx, &s3.CopyObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(to),
		CopySource:          aws.String(copySource(bucket, from)),
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

// removeIndex comes before a build's assets are replaced: an index that stands beside half of them would be believed
// when the build's first content is asked for again.
func (p *Performer) removeIndex(ctx context.Context, s Subject) error {
	if err := s.Hold.Check(ctx); err != nil {
		return err
	}
	_, err := p.Clients.S3.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: aws.String(s.Desired.Names.Bucket), Key: aws.String(release.MarkerKey(s.Desired.BuildID)),
		ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return fmt.Errorf("removing the index of the assets of %s: %w", s.Desired.BuildID, err)
	}
	return nil
}

// indexOf encodes the index of a build's assets, which must be readable again.
func indexOf(source string, assets *image.Assets) ([]byte, error) {
	index := release.AssetIndex{Source: source, Digest: assets.Digest(), Files: make(map[string]string, len(assets.Files))}
	for _, file := range assets.Files {
		index.Files[file.Path] = file.SHA256
	}
	content, err := json.Marshal(index)
	if err != nil {
		return nil, fmt.Errorf("writing the index of the assets: %w", err)
	}
	if len(content) > release.MaxAssetIndex {
		return nil, release.Reject(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid,
			"the names of the assets take %d MiB together, and %d are possible: publish fewer files, or shorten their paths",
			len(content)>>20, release.MaxAssetIndex>>20)
	}
	return content, nil
}

func (p *Performer) writeIndex(ctx context.Context, s Subject, content []byte) error {
	d := s.Desired
	if err := s.Hold.Check(ctx); err != nil {
		return err
	}
	_, err := p.Clients.S3.PutObject(ctx, &s3.PutObjectInput{
		Bucket: aws.String(d.Names.Bucket), Key: aws.String(release.MarkerKey(d.BuildID)), Body: bytes.NewReader(content),
		ContentType: aws.String("application/json"), CacheControl: aws.String("no-store"),
		ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	if err != nil {
		return fmt.Errorf("writing the index of the assets of %s: %w", d.BuildID, err)
	}
	return nil
}
