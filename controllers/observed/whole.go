package observed

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// whole looks whether what is live is whole: its assets, its variables, its declaration, its image and the versions of
// its functions.
func (o *Observer) whole(ctx context.Context, d *release.Desired, live *release.Live) (*release.Whole, error) {
	whole := &release.Whole{}
	objects := []struct{ what, key string }{
		{"the bundle of variables", release.ConfigKey(live.ConfigHash)},
		{"the declaration", release.ReleaseKey(live.ID)},
	}
	for _, object := range objects {
		there, err := o.object(ctx, object.key)
		if err != nil {
			return nil, err
		}
		if !there {
			whole.Sendable = append(whole.Sendable, object.what)
		}
	}
	if d.AssetsPath != "" {
		missing, err := o.assets(ctx, live.BuildID)
		if err != nil {
			return nil, err
		}
		whole.Sendable = append(whole.Sendable, missing...)
	}
	there, err := o.image(ctx, live.DeployedDigest)
	if err != nil {
		return nil, err
	}
	if !there {
		whole.Sendable = append(whole.Sendable, "the image")
	}
	whole.Versions, err = o.missing(ctx, live.Functions)
	return whole, err
}

// assets tells what is missing of a build's assets.
func (o *Observer) assets(ctx context.Context, buildID string) (missing []string, err error) {
	index, files, err := Assets(ctx, o.Clients, o.Names.Bucket, buildID)
	switch {
	case err != nil && !cloud.IsNoBucket(err):
		return nil, err
	case index.Source == "":
		return []string{"the index of the assets"}, nil
	case len(files) > 0:
		return []string{fmt.Sprintf("%d of %d assets", len(files), len(index.Files))}, nil
	default:
		return nil, nil
	}
}

func (o *Observer) object(ctx context.Context, key string) (bool, error) {
	_, err := o.Clients.S3.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: aws.String(o.Names.Bucket), Key: aws.String(key), ExpectedBucketOwner: aws.String(o.Clients.Account),
	})
	switch {
	case cloud.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("looking for %s: %w", key, err)
	default:
		return true, nil
	}
}

func (o *Observer) image(ctx context.Context, digest string) (bool, error) {
	answer, err := o.Clients.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(o.Names.Repository),
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(digest)}},
	})
	switch {
	case cloud.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("looking for image %s: %w", digest, err)
	default:
		return len(answer.ImageDetails) > 0, nil
	}
}

// missing names the versions that are gone.
func (o *Observer) missing(ctx context.Context, functions []release.FunctionVersion) (gone []string, err error) {
	for _, function := range functions {
		name := o.Names.Prefix + "-" + function.Name
		_, err := o.Clients.Lambda.GetFunctionConfiguration(ctx, &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(name), Qualifier: aws.String(function.Version),
		})
		switch {
		case cloud.IsNotFound(err):
			gone = append(gone, fmt.Sprintf("version %s of function %s", function.Version, name))
		case err != nil:
			return nil, fmt.Errorf("reading version %s of %s: %w", function.Version, name, err)
		}
	}
	return gone, nil
}
