package phase

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// keyWindowDays is the least time that KMS keeps a key that is scheduled for deletion.
const keyWindowDays = 7

// removeApp removes what the application stack retained (queues, log groups), then all images and objects. What belongs to the
// stage is known by the stacks that made it: by the id of the one that is gone, and by the tag of the one that is there.
func (p *Performer) removeApp(ctx context.Context, s Subject) error {
	if s.Deleted.AppStackID != "" {
		if err := p.removeRetained(ctx, s.Deleted.AppStackID); err != nil {
			return err
		}
	}
	if err := p.emptyRepository(ctx, s.Observed.Foundation.ID); err != nil {
		return err
	}
	return p.emptyBucket(ctx, s.Observed.Foundation.Outputs[release.OutputBucketName])
}

func (p *Performer) emptyRepository(ctx context.Context, stack string) error {
	repository, err := p.physicalID(ctx, stack, "AWS::ECR::Repository")
	if err != nil || repository == "" {
		return err
	}
	var doomed []ecrtypes.ImageIdentifier
	pages := ecr.NewListImagesPaginator(p.Clients.ECR, &ecr.ListImagesInput{RepositoryName: aws.String(repository)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing the images of %s: %w", repository, err)
		}
		for _, id := range page.ImageIds {
			doomed = append(doomed, ecrtypes.ImageIdentifier{ImageDigest: id.ImageDigest})
		}
	}
	return p.deleteImages(ctx, repository, doomed)
}

func (p *Performer) physicalID(ctx context.Context, stack, resourceType string) (string, error) {
	found := ""
	err := p.eachResource(ctx, stack, func(r *types.StackResourceSummary) error {
		if aws.ToString(r.ResourceType) == resourceType {
			found = aws.ToString(r.PhysicalResourceId)
		}
		return nil
	})
	return found, err
}

// removeFoundation removes what the foundation stack retained: bucket and repository, which are empty by now. The key cannot be
// removed at once and is scheduled for deletion.
func (p *Performer) removeFoundation(ctx context.Context, s Subject) error {
	return p.removeRetained(ctx, s.Deleted.FoundationStackID)
}

// removeRetained removes the resources that a deleted stack left behind. A stack is asked by its id, which names it for 90 days
// after it is gone, so that a successor of the same name is never touched.
func (p *Performer) removeRetained(ctx context.Context, stackID string) error {
	var problems []error
	err := p.eachResource(ctx, stackID, func(r *types.StackResourceSummary) error {
		if r.ResourceStatus == types.ResourceStatusDeleteSkipped {
			problems = append(problems, p.removeResource(ctx, aws.ToString(r.ResourceType), aws.ToString(r.PhysicalResourceId)))
		}
		return nil
	})
	return errors.Join(append(problems, err)...)
}

func (p *Performer) eachResource(ctx context.Context, stack string, visit func(*types.StackResourceSummary) error) error {
	pages := cloudformation.NewListStackResourcesPaginator(p.Clients.CloudFormation,
		&cloudformation.ListStackResourcesInput{StackName: aws.String(stack)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if cloud.IsNotFound(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("listing the resources of stack %s: %w", stack, err)
		}
		for i := range page.StackResourceSummaries {
			if err := visit(&page.StackResourceSummaries[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

func (p *Performer) removeResource(ctx context.Context, resourceType, id string) error {
	var err error
	switch resourceType {
	case "AWS::SQS::Queue":
		_, err = p.Clients.SQS.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: aws.String(id)})
	case "AWS::Logs::LogGroup":
		_, err = p.Clients.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(id)})
	case "AWS::S3::Bucket":
		if err = p.emptyBucket(ctx, id); err == nil {
			_, err = p.Clients.S3.DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: aws.String(id), ExpectedBucketOwner: aws.String(p.Clients.Account)})
		}
	case "AWS::ECR::Repository":
		_, err = p.Clients.ECR.DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String(id), Force: true})
	case "AWS::KMS::Key":
		_, err = p.Clients.KMS.ScheduleKeyDeletion(ctx, &kms.ScheduleKeyDeletionInput{KeyId: aws.String(id), PendingWindowInDays: aws.Int32(keyWindowDays)})
		if cloud.Code(err) == "KMSInvalidStateException" { // it is scheduled already
			err = nil
		}
	default:
		return fmt.Errorf("the stack retained %s %s, which Aloft does not know how to remove", resourceType, id)
	}
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("removing %s %s: %w", resourceType, id, err)
	}
	return nil
}
