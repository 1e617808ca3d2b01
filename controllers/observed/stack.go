package observed

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

func (o *Observer) foundation(ctx context.Context, step release.Step) (*release.Stack, error) {
	stack, err := o.stack(ctx, o.Names.FoundationStack, step.Template, step.ChangeSet)
	if err != nil || stack.Exists {
		return stack, err
	}
	// Bucket and repository have fixed names: whose they are is known before a stack tries to make them.
	stack.Foreign, err = o.occupied(ctx)
	return stack, err
}

func (o *Observer) app(ctx context.Context, step release.Step) (*release.Stack, error) {
	return o.stack(ctx, o.Names.AppStack, true, step.ChangeSet)
}

// stack describes a stack. Template and events are read only when no operation goes on: they tell nothing new before.
func (o *Observer) stack(
	ctx context.Context, name string, withTemplate bool, changeSet string,
) (*release.Stack, error) {
	stack := &release.Stack{Name: name}
	described, err := o.Clients.Stack(ctx, name)
	if err != nil {
		return nil, err
	}
	if described == nil {
		return stack, nil
	}
	fill(stack, described)
	own, adopted := o.Ownership.Of(stack.Owner, stack.NamespaceUID)
	if stack.Adopted = adopted; !own {
		stack.Foreign = fmt.Sprintf("stack %s exists and belongs to %q", name, release.Mark(stack.Owner, stack.NamespaceUID))
		return stack, nil
	}
	if stack.InProgress() || stack.Status == string(types.StackStatusReviewInProgress) {
		return stack, nil
	}
	if stack.Exists && withTemplate {
		if err := o.deployed(ctx, stack); err != nil {
			return nil, err
		}
	}
	if !strings.HasSuffix(stack.Status, "CREATE_COMPLETE") && !strings.HasSuffix(stack.Status, "UPDATE_COMPLETE") {
		if err := o.lastOperation(ctx, stack); err != nil {
			return nil, err
		}
	}
	if changeSet != "" {
		stack.ChangeSet, err = o.changeSet(ctx, name, changeSet)
	}
	return stack, err
}

func fill(stack *release.Stack, described *types.Stack) {
	stack.Exists = described.StackStatus != types.StackStatusDeleteComplete
	stack.ID = aws.ToString(described.StackId)
	stack.Status = string(described.StackStatus)
	stack.ChangedAt = aws.ToTime(described.CreationTime)
	if described.LastUpdatedTime != nil {
		stack.ChangedAt = *described.LastUpdatedTime
	}
	if described.DeletionTime != nil {
		stack.ChangedAt = *described.DeletionTime
	}
	tags := cloud.TagsOf(described)
	stack.Owner, stack.NamespaceUID = tags[release.OwnerTag], tags[release.NamespaceTag]
	stack.Outputs = make(map[string]string, len(described.Outputs))
	for _, output := range described.Outputs {
		stack.Outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	stack.Parameters = make(map[string]string, len(described.Parameters))
	for _, parameter := range described.Parameters {
		stack.Parameters[aws.ToString(parameter.ParameterKey)] = aws.ToString(parameter.ParameterValue)
	}
}

// deployed reads the template of a stack. It is what it was as long as no operation came in between.
func (o *Observer) deployed(ctx context.Context, stack *release.Stack) error {
	if was := o.Before; was != nil && was.ID == stack.ID && was.Status == stack.Status &&
		was.ChangedAt.Equal(stack.ChangedAt) {
		stack.Template = was.Template
		return nil
	}
	answer, err := o.Clients.CloudFormation.GetTemplate(ctx, &cloudformation.GetTemplateInput{
		StackName: aws.String(stack.ID), TemplateStage: types.TemplateStageOriginal,
	})
	if err != nil {
		return fmt.Errorf("reading the template of stack %s: %w", stack.Name, err)
	}
	stack.Template = []byte(aws.ToString(answer.TemplateBody))
	return nil
}

// maxEventPages bounds how far back the beginning of the last operation is looked for; a page has 100 events.
const maxEventPages = 20

// lastOperation reads the events of the newest operation, newest first: its token, and the first thing in it that
// failed, which is the root cause; what comes after it is only cancelled or rolled back.
func (o *Observer) lastOperation(ctx context.Context, stack *release.Stack) error {
	pages := cloudformation.NewDescribeStackEventsPaginator(o.Clients.CloudFormation,
		&cloudformation.DescribeStackEventsInput{StackName: aws.String(stack.ID)})
	for page := 0; pages.HasMorePages() && page < maxEventPages; page++ {
		answer, err := pages.NextPage(ctx)
		if err != nil {
			return fmt.Errorf("reading the events of stack %s: %w", stack.Name, err)
		}
		for i := range answer.StackEvents {
			event := &answer.StackEvents[i]
			if stack.EndedAt.IsZero() {
				stack.EndedAt = aws.ToTime(event.Timestamp)
			}
			if stack.Token == "" {
				stack.Token = aws.ToString(event.ClientRequestToken)
			}
			if why := rootCause(event); why != "" {
				stack.Failure = why
			}
			if beginsOperation(event) {
				return nil
			}
		}
	}
	return nil
}

// rootCause describes an event that tells of a failure of its own.
func rootCause(event *types.StackEvent) string {
	reason := aws.ToString(event.ResourceStatusReason)
	failed := strings.HasSuffix(string(event.ResourceStatus), "_FAILED")
	if !failed || reason == "" || strings.Contains(reason, "cancelled") {
		return ""
	}
	if aws.ToString(event.PhysicalResourceId) == aws.ToString(event.StackId) {
		return reason
	}
	return fmt.Sprintf("%s %s %s: %s", aws.ToString(event.ResourceType), aws.ToString(event.LogicalResourceId),
		event.ResourceStatus, reason)
}

// beginsOperation tells the event that an operation of the user's began with; rollbacks belong to the operation that
// they undo.
func beginsOperation(event *types.StackEvent) bool {
	if aws.ToString(event.PhysicalResourceId) != aws.ToString(event.StackId) {
		return false
	}
	switch event.ResourceStatus {
	case types.ResourceStatusCreateInProgress, types.ResourceStatusUpdateInProgress, types.ResourceStatusDeleteInProgress,
		types.ResourceStatus(types.StackStatusReviewInProgress):
		return true
	default:
		return false
	}
}

func (o *Observer) changeSet(ctx context.Context, stack, name string) (*release.ChangeSet, error) {
	set := &release.ChangeSet{Name: name}
	input := &cloudformation.DescribeChangeSetInput{StackName: aws.String(stack), ChangeSetName: aws.String(name)}
	for {
		answer, err := o.Clients.CloudFormation.DescribeChangeSet(ctx, input)
		switch {
		case cloud.IsNotFound(err):
			return set, nil
		case err != nil:
			return nil, fmt.Errorf("describing change set %s: %w", name, err)
		}
		set.Status = string(answer.Status)
		set.Execution = string(answer.ExecutionStatus)
		set.Reason = aws.ToString(answer.StatusReason)
		for _, change := range answer.Changes {
			if change.ResourceChange == nil {
				continue
			}
			set.Changes = append(set.Changes, release.Change{
				LogicalID:   aws.ToString(change.ResourceChange.LogicalResourceId),
				Type:        aws.ToString(change.ResourceChange.ResourceType),
				Action:      string(change.ResourceChange.Action),
				Replacement: string(change.ResourceChange.Replacement),
			})
		}
		if answer.NextToken == nil {
			return set, nil
		}
		input.NextToken = answer.NextToken
	}
}
