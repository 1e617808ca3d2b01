package removal

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

// keyWindowDays is the least time that KMS keeps a key that is scheduled for deletion.
const keyWindowDays = 7

// removeApp removes what the application stack retained (queues, log groups), then all images and objects. What belongs
// to the stage is known by the stacks that made it: by the id of the one that is gone, and by the tag of the one that
// is there.
func (r *Remover) removeApp(ctx context.Context, s Subject) error {
	if known := s.Recorded.Deletion; known != nil && known.AppStackID != "" {
		if err := r.removeRetained(ctx, known.AppStackID); err != nil {
			return err
		}
	}
	if err := r.emptyRepository(ctx, s.Observed.Foundation.ID); err != nil {
		return err
	}
	return r.emptyBucket(ctx, r.Names.Bucket)
}

func (r *Remover) physicalID(ctx context.Context, stack, resourceType string) (string, error) {
	found := ""
	err := r.eachResource(ctx, stack, func(r *types.StackResourceSummary) error {
		if aws.ToString(r.ResourceType) == resourceType {
			found = aws.ToString(r.PhysicalResourceId)
		}
		return nil
	})
	return found, err
}

// removeFoundation removes what the foundation stack retained: bucket and repository, which are empty by now. The key
// cannot be removed at once and is scheduled for deletion.
func (r *Remover) removeFoundation(ctx context.Context, s Subject) error {
	return r.removeRetained(ctx, s.Recorded.Deletion.FoundationStackID)
}

// removeRetained removes the resources that a deleted stack left behind. A stack is asked by its id, which names it for
// 90 days after it is gone, so that a successor of the same name is never touched. The id comes from the Stage's
// status: whoever may write that must not have another stage removed.
func (r *Remover) removeRetained(ctx context.Context, stackID string) error {
	if own, err := r.owns(ctx, stackID); err != nil || !own {
		return err
	}
	var problems []error
	err := r.eachResource(ctx, stackID, func(resource *types.StackResourceSummary) error {
		if resource.ResourceStatus == types.ResourceStatusDeleteSkipped {
			problems = append(problems, r.removeResource(ctx, aws.ToString(resource.ResourceType),
				aws.ToString(resource.PhysicalResourceId)))
		}
		return nil
	})
	return errors.Join(append(problems, err)...)
}

// owns says that a stack is the stage's, by its tags. One that is not known any more is nobody's.
func (r *Remover) owns(ctx context.Context, stackID string) (bool, error) {
	stack, err := r.Clients.Stack(ctx, stackID)
	if err != nil || stack == nil {
		return false, err
	}
	tags := cloud.TagsOf(stack)
	if own, _ := r.Ownership.Of(tags[release.OwnerTag], tags[release.NamespaceTag]); !own {
		return false, fmt.Errorf("stack %s belongs to %q, and nothing of it is removed", stackID,
			release.Mark(tags[release.OwnerTag], tags[release.NamespaceTag]))
	}
	return true, nil
}

func (r *Remover) eachResource(ctx context.Context, stack string, visit func(*types.StackResourceSummary) error) error {
	pages := cloudformation.NewListStackResourcesPaginator(r.Clients.CloudFormation,
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

func (r *Remover) removeResource(ctx context.Context, resourceType, id string) error {
	remove, known := map[string]func(context.Context, string) error{
		"AWS::SQS::Queue":      r.removeQueue,
		"AWS::Logs::LogGroup":  r.removeLogGroup,
		"AWS::S3::Bucket":      r.removeBucket,
		"AWS::ECR::Repository": r.removeRepository,
		"AWS::KMS::Key":        r.scheduleKey,
	}[resourceType]
	if !known {
		return fmt.Errorf("the stack retained %s %s, which Aloft does not know how to remove", resourceType, id)
	}
	if resourceType == "AWS::S3::Bucket" {
		if err := r.emptyBucket(ctx, id); err != nil {
			return err
		}
	}
	err := r.fenced(ctx, func(ctx context.Context) error { return remove(ctx, id) })
	if err != nil && !cloud.IsNotFound(err) {
		return fmt.Errorf("removing %s %s: %w", resourceType, id, err)
	}
	return nil
}

func (r *Remover) removeQueue(ctx context.Context, url string) error {
	_, err := r.Clients.SQS.DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: aws.String(url)})
	return err
}

func (r *Remover) removeLogGroup(ctx context.Context, name string) error {
	_, err := r.Clients.Logs.DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: aws.String(name)})
	return err
}

func (r *Remover) removeBucket(ctx context.Context, name string) error {
	_, err := r.Clients.S3.DeleteBucket(ctx,
		&s3.DeleteBucketInput{Bucket: aws.String(name), ExpectedBucketOwner: aws.String(r.Clients.Account)})
	return err
}

func (r *Remover) removeRepository(ctx context.Context, name string) error {
	_, err := r.Clients.ECR.DeleteRepository(ctx,
		&ecr.DeleteRepositoryInput{RepositoryName: aws.String(name), Force: true})
	return err
}

func (r *Remover) scheduleKey(ctx context.Context, id string) error {
	_, err := r.Clients.KMS.ScheduleKeyDeletion(ctx,
		&kms.ScheduleKeyDeletionInput{KeyId: aws.String(id), PendingWindowInDays: aws.Int32(keyWindowDays)})
	if cloud.Code(err) == "KMSInvalidStateException" { // it is scheduled already
		return nil
	}
	return err
}
