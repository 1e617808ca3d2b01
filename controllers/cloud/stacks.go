package cloud

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// Stack describes a stack by its name, or by its id, which names it for 90 days after it is gone; nil where there is
// none.
func (c *Clients) Stack(ctx context.Context, name string) (*types.Stack, error) {
	answer, err := c.CloudFormation.DescribeStacks(ctx,
		&cloudformation.DescribeStacksInput{StackName: aws.String(name)})
	switch {
	case IsNotFound(err):
		return nil, nil //nolint:nilnil // what is not there is no error
	case err != nil:
		return nil, fmt.Errorf("describing stack %s: %w", name, err)
	case len(answer.Stacks) != 1:
		return nil, fmt.Errorf("describing stack %s: AWS answered with %d stacks", name, len(answer.Stacks))
	}
	return &answer.Stacks[0], nil
}

// TagsOf gives a stack's tags by their keys.
func TagsOf(stack *types.Stack) map[string]string {
	tags := make(map[string]string, len(stack.Tags))
	for _, tag := range stack.Tags {
		tags[aws.ToString(tag.Key)] = aws.ToString(tag.Value)
	}
	return tags
}
