package sandbox

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Left lists what AWS still holds under a stage's names: all of them hold its prefix, but for the bucket's. A key that
// waits for its deletion is as good as gone.
func (s *Sandbox) Left(ctx context.Context, stage release.Names) (left []string, err error) {
	for kind, list := range map[string]func(context.Context) ([]string, error){
		"API": s.apis, "stack": s.stacks, "function": s.functions, "bucket": s.buckets, "repository": s.repositories,
		"role": s.roles, "queue": s.queues, "log group": s.logGroups,
	} {
		names, err := list(ctx)
		if err != nil {
			return nil, fmt.Errorf("listing each %s: %w", kind, err)
		}
		for _, name := range names {
			if strings.Contains(name, stage.Prefix) || name == stage.Bucket {
				left = append(left, kind+" "+name)
			}
		}
	}
	return left, nil
}

func (s *Sandbox) apis(ctx context.Context) (names []string, err error) {
	got, err := apigatewayv2.NewFromConfig(s.AWSConfig).GetApis(ctx, &apigatewayv2.GetApisInput{})
	if err != nil {
		return nil, err
	}
	for i := range got.Items {
		names = append(names, aws.ToString(got.Items[i].Name))
	}
	return names, nil
}

func (s *Sandbox) stacks(ctx context.Context) (names []string, err error) {
	pages := cloudformation.NewDescribeStacksPaginator(cloudformation.NewFromConfig(s.AWSConfig),
		&cloudformation.DescribeStacksInput{})
	for pages.HasMorePages() {
		got, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for i := range got.Stacks {
			if got.Stacks[i].StackStatus != cfntypes.StackStatusDeleteComplete {
				names = append(names, aws.ToString(got.Stacks[i].StackName))
			}
		}
	}
	return names, nil
}

func (s *Sandbox) functions(ctx context.Context) (names []string, err error) {
	pages := lambda.NewListFunctionsPaginator(lambda.NewFromConfig(s.AWSConfig), &lambda.ListFunctionsInput{})
	for pages.HasMorePages() {
		got, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for i := range got.Functions {
			names = append(names, aws.ToString(got.Functions[i].FunctionName))
		}
	}
	return names, nil
}

func (s *Sandbox) buckets(ctx context.Context) (names []string, err error) {
	got, err := s3.NewFromConfig(s.AWSConfig).ListBuckets(ctx, &s3.ListBucketsInput{})
	if err != nil {
		return nil, err
	}
	for i := range got.Buckets {
		names = append(names, aws.ToString(got.Buckets[i].Name))
	}
	return names, nil
}

func (s *Sandbox) repositories(ctx context.Context) (names []string, err error) {
	got, err := ecr.NewFromConfig(s.AWSConfig).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{})
	if err != nil {
		return nil, err
	}
	for i := range got.Repositories {
		names = append(names, aws.ToString(got.Repositories[i].RepositoryName))
	}
	return names, nil
}

func (s *Sandbox) roles(ctx context.Context) (names []string, err error) {
	got, err := iam.NewFromConfig(s.AWSConfig).ListRoles(ctx, &iam.ListRolesInput{})
	if err != nil {
		return nil, err
	}
	for i := range got.Roles {
		names = append(names, aws.ToString(got.Roles[i].RoleName))
	}
	return names, nil
}

func (s *Sandbox) queues(ctx context.Context) ([]string, error) {
	got, err := sqs.NewFromConfig(s.AWSConfig).ListQueues(ctx, &sqs.ListQueuesInput{})
	if err != nil {
		return nil, err
	}
	return got.QueueUrls, nil
}

func (s *Sandbox) logGroups(ctx context.Context) (names []string, err error) {
	got, err := cloudwatchlogs.NewFromConfig(s.AWSConfig).DescribeLogGroups(ctx,
		&cloudwatchlogs.DescribeLogGroupsInput{})
	if err != nil {
		return nil, err
	}
	for i := range got.LogGroups {
		names = append(names, aws.ToString(got.LogGroups[i].LogGroupName))
	}
	return names, nil
}
