package removal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// objectBatch is how many objects S3 deletes in one call (S3 API reference, DeleteObjects).
const objectBatch = 1000

// sweepObjects removes the assets, bundles, declarations and runs of releases that are not kept, runs of kept releases
// that another run of the same release has followed, and templates that are not deployed any more: the next update
// writes its own. What was written since the listing began is not known to be old.
func (r *Remover) sweepObjects(ctx context.Context, keep roots) error {
	began := r.listing()
	var objects []types.Object
	for object, err := range r.Clients.Objects(ctx, r.Names.Bucket, "") {
		if err != nil {
			return err
		}
		objects = append(objects, object)
	}
	newest := newestRuns(objects)
	var doomed, markers []types.ObjectIdentifier
	for i := range objects {
		key := aws.ToString(objects[i].Key)
		id := types.ObjectIdentifier{Key: aws.String(key)}
		switch {
		case !older(objects[i].LastModified, began) && !isTemplate(key), keep.object(key) &&
			!r.followed(&objects[i], newest, began):
		case strings.HasPrefix(key, release.MarkersFolder):
			markers = append(markers, id)
		default:
			doomed = append(doomed, id)
		}
	}
	// Markers go first, so that a build whose files are half gone is never taken for complete.
	if err := r.deleteObjects(ctx, r.Names.Bucket, markers); err != nil {
		return err
	}
	return r.deleteObjects(ctx, r.Names.Bucket, doomed)
}

// isTemplate says that an object is a CloudFormation template. It goes however young it is: each operation that names
// one puts it first.
func isTemplate(key string) bool { return strings.HasPrefix(key, release.TemplatesFolder) }

// newestRuns gives the newest run of each release; run ids begin with their time.
func newestRuns(objects []types.Object) map[string]string {
	newest := map[string]string{}
	for i := range objects {
		if id, run, ok := runOf(aws.ToString(objects[i].Key)); ok && run > newest[id] {
			newest[id] = run
		}
	}
	return newest
}

// runOf gives the release and the run that an object was written by.
func runOf(key string) (id, run string, ok bool) {
	rest, ok := strings.CutPrefix(key, release.RunsFolder)
	if !ok {
		return "", "", false
	}
	id, rest, _ = strings.Cut(rest, "/")
	run, _, ok = strings.Cut(rest, "/")
	return id, run, ok
}

// followed says that an object is of a run that another one of the same release has followed, and that it is old enough
// for that nothing of it can still be under way.
func (r *Remover) followed(object *types.Object, newest map[string]string, now time.Time) bool {
	id, run, ok := runOf(aws.ToString(object.Key))
	return ok && run < newest[id] && older(object.LastModified, now.Add(-r.Keep))
}

// object says that an object stays. What is not below one of Aloft's folders is not Aloft's.
func (r roots) object(key string) bool {
	if asset, ok := strings.CutPrefix(key, release.AssetsFolder); ok {
		build, _, _ := strings.Cut(asset, "/")
		return r.builds[build]
	}
	folder, rest, _ := strings.Cut(key, "/")
	switch folder + "/" {
	case release.MarkersFolder:
		return r.builds[strings.TrimSuffix(rest, ".json")]
	case release.ConfigFolder:
		return r.configs[rest]
	case release.ReleasesFolder:
		return r.releases[strings.TrimSuffix(rest, ".json")]
	case release.RunsFolder:
		id, _, _ := strings.Cut(rest, "/")
		return r.releases[id]
	case release.TemplatesFolder:
		return false
	default:
		return true
	}
}

func (r *Remover) deleteObjects(ctx context.Context, bucket string, objects []types.ObjectIdentifier) error {
	for len(objects) > 0 {
		batch := objects[:min(objectBatch, len(objects))]
		objects = objects[len(batch):]
		err := r.fenced(ctx, func(ctx context.Context) error {
			answer, err := r.Clients.S3.DeleteObjects(ctx, &s3.DeleteObjectsInput{
				Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(r.Clients.Account),
				Delete: &types.Delete{Objects: batch, Quiet: aws.Bool(true)},
			})
			if err != nil {
				return err
			}
			for _, failure := range answer.Errors {
				return fmt.Errorf("%s: %s", aws.ToString(failure.Key), aws.ToString(failure.Message))
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("deleting objects of bucket %s: %w", bucket, err)
		}
	}
	return nil
}

// emptyBucket removes every object and every old version.
func (r *Remover) emptyBucket(ctx context.Context, bucket string) error {
	pages := s3.NewListObjectVersionsPaginator(r.Clients.S3, &s3.ListObjectVersionsInput{
		Bucket: aws.String(bucket), ExpectedBucketOwner: aws.String(r.Clients.Account),
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
			doomed = append(doomed,
				types.ObjectIdentifier{Key: page.Versions[i].Key, VersionId: page.Versions[i].VersionId})
		}
		for i := range page.DeleteMarkers {
			doomed = append(doomed,
				types.ObjectIdentifier{Key: page.DeleteMarkers[i].Key, VersionId: page.DeleteMarkers[i].VersionId})
		}
		if err := r.deleteObjects(ctx, bucket, doomed); err != nil {
			return err
		}
	}
	return nil
}
