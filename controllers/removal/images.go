package removal

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// deleteBatch is how many images ECR deletes in one call (ECR API reference, BatchDeleteImage).
const deleteBatch = 100

// sweepImages removes the images of builds that are not kept. One that was pushed since the listing began is not known
// to be old.
func (r *Remover) sweepImages(ctx context.Context, keep roots) error {
	began := r.listing()
	pages := ecr.NewDescribeImagesPaginator(r.Clients.ECR,
		&ecr.DescribeImagesInput{RepositoryName: aws.String(r.Names.Repository)})
	var doomed []types.ImageIdentifier
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("listing the images of %s: %w", r.Names.Repository, err)
		}
		for i := range page.ImageDetails {
			if image := &page.ImageDetails[i]; !keep.image(image) && older(image.ImagePushedAt, began) {
				doomed = append(doomed, types.ImageIdentifier{ImageDigest: image.ImageDigest})
			}
		}
	}
	return r.deleteImages(ctx, r.Names.Repository, doomed)
}

// listing is when a listing begins. AWS tells times in whole seconds, so what was written in the same second may have
// been written later.
func (r *Remover) listing() time.Time { return r.Now().Truncate(time.Second) }

// older says that something was written before a time. What AWS gives no time for is not known to be old.
func older(at *time.Time, than time.Time) bool { return at != nil && at.Before(than) }

func (r roots) image(image *types.ImageDetail) bool {
	if r.images[aws.ToString(image.ImageDigest)] {
		return true
	}
	for _, tag := range image.ImageTags {
		build, isBuild := strings.CutPrefix(tag, release.BuildTag(""))
		if !isBuild || r.builds[build] {
			return true // a tag that is not Aloft's is someone's own
		}
		if before, _, isSource := strings.Cut(build, ".src-"); isSource && r.builds[before] {
			return true
		}
	}
	return false
}

func (r *Remover) emptyRepository(ctx context.Context, stack string) error {
	repository, err := r.physicalID(ctx, stack, "AWS::ECR::Repository")
	if err != nil || repository == "" {
		return err
	}
	var doomed []types.ImageIdentifier
	pages := ecr.NewListImagesPaginator(r.Clients.ECR, &ecr.ListImagesInput{RepositoryName: aws.String(repository)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing the images of %s: %w", repository, err)
		}
		for _, id := range page.ImageIds {
			doomed = append(doomed, types.ImageIdentifier{ImageDigest: id.ImageDigest})
		}
	}
	return r.deleteImages(ctx, repository, doomed)
}

func (r *Remover) deleteImages(ctx context.Context, repository string, images []types.ImageIdentifier) error {
	for len(images) > 0 {
		batch := images[:min(deleteBatch, len(images))]
		images = images[len(batch):]
		err := r.fenced(ctx, func(ctx context.Context) error {
			answer, err := r.Clients.ECR.BatchDeleteImage(ctx,
				&ecr.BatchDeleteImageInput{RepositoryName: aws.String(repository), ImageIds: batch})
			if err != nil {
				return err
			}
			for _, failure := range answer.Failures {
				if failure.FailureCode != types.ImageFailureCodeImageNotFound {
					return fmt.Errorf("image %s: %s", aws.ToString(failure.ImageId.ImageDigest), aws.ToString(failure.FailureReason))
				}
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("deleting images of %s: %w", repository, err)
		}
	}
	return nil
}
