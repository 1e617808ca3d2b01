package observed

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/cloud"
)

// occupied names a bucket or repository that stands where the foundation stack would make its own; empty where there is
// none.
func (o *Observer) occupied(ctx context.Context) (string, error) {
	repository, err := o.Clients.ECR.DescribeRepositories(ctx,
		&ecr.DescribeRepositoriesInput{RepositoryNames: []string{o.Names.Repository}})
	switch {
	case err == nil && len(repository.Repositories) > 0:
		return fmt.Sprintf("repository %s exists and belongs to no stack of this Stage", o.Names.Repository), nil
	case err != nil && !cloud.IsNotFound(err):
		return "", fmt.Errorf("describing repository %s: %w", o.Names.Repository, err)
	}
	_, err = o.Clients.S3.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: aws.String(o.Names.Bucket)})
	switch {
	case err == nil, cloud.IsDenied(err), cloud.Code(err) == "Forbidden": // a bucket of another account answers 403
		return fmt.Sprintf("bucket %s exists and belongs to no stack of this Stage", o.Names.Bucket), nil
	case !cloud.IsNotFound(err):
		return "", fmt.Errorf("looking for bucket %s: %w", o.Names.Bucket, err)
	default:
		return "", nil
	}
}
