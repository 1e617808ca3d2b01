package phase

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// objectBatch is how many objects S3 deletes in one call.
const objectBatch = 1000

// sweepObjects removes the assets, bundles, declarations and runs of releases that are not kept, and templates that are not
// deployed any more: the next update writes its own.
func (p *Performer) sweepObjects(ctx context.Context, s Subject, keep roots) error {
	var doomed, markers []types.ObjectIdentifier
	pages := s3.NewListObjectsV2Paginator(p.Clients.S3, &s3.ListObjectsV2Input{
		Bucket: aws.String(s.Desired.Names.Bucket), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing bucket %s: %w", s.Desired.Names.Bucket, err)
		}
		for i := range page.Contents {
			key := aws.ToString(page.Contents[i].Key)
			switch {
			case keep.object(key):
			case key == release.MarkerKey(buildOf(key)):
				markers = append(markers, types.ObjectIdentifier{Key: aws.String(key)})
			default:
				doomed = append(doomed, types.ObjectIdentifier{Key: aws.String(key)})
			}
		}
	}
	// Markers go first, so that a build whose files are half gone is never taken for complete.
	if err := p.deleteObjects(ctx, s.Desired.Names.Bucket, markers); err != nil {
		return err
	}
	return p.deleteObjects(ctx, s.Desired.Names.Bucket, doomed)
}

func buildOf(key string) string {
	build, _, _ := strings.Cut(strings.TrimPrefix(key, "assets/"), "/")
	return build
}

// object says that an object stays. What is not below one of Aloft's folders is not Aloft's.
func (r roots) object(key string) bool {
	folder, rest, _ := strings.Cut(key, "/")
	switch folder {
	case "assets":
		return r.builds[buildOf(key)]
	case "config":
		return r.configs[rest]
	case "releases":
		return r.releases[strings.TrimSuffix(rest, ".json")]
	case "runs":
		id, _, _ := strings.Cut(rest, "/")
		return r.releases[id]
	case "templates":
		return false
	default:
		return true
	}
}

func (p *Performer) deleteObjects(ctx context.Context, bucket string, objects []types.ObjectIdentifier) error {
	for len(objects) > 0 {
		batch := objects[:min(objectBatch, len(objects))]
		objects = objects[len(batch):]
		answer, err := p.Clients.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
			Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(p.Clients.Account),
			Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
		})
		if err != nil {
			return fmt.Errorf("deleting objects of bucket %s: %w", bucket, err)
		}
		for _, failure := range answer.Errors {
			return fmt.Errorf("deleting %s of bucket %s: %s", aws.ToString(failure.Key), bucket, aws.ToString(failure.Message))
		}
	}
	return nil
}

// emptyBucket removes every object, every old version and every unfinished upload.
func (p *Performer) emptyBucket(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(p.Clients.S3, &s3.ListObjectVersionsInput{
		Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(p.Clients.Account),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing bucket %s: %w", bucket, err)
		}
		var doomed []types.ObjectIdentifier
		for i := range page.Versions {
			doomed = append(doomed, types.ObjectIdentifier{Key: page.Versions[i].Key, VersionId: page.Versions[i].VersionId})
		}
		for i := range page.DeleteMarkers {
			doomed = append(doomed, types.ObjectIdentifier{Key: page.DeleteMarkers[i].Key, VersionId: page.DeleteMarkers[i].VersionId})
		}
		if err := p.deleteObjects(ctx, bucket, doomed); err != nil {
			return err
		}
	}
	return nil
}
