package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func eventsRule() *resource.Type {
	target := resource.Fields(resource.Schema{
		"Arn": resource.Text().Must(), "Id": resource.Text().Must(), "Input": resource.Text(), "InputPath": resource.Text(),
		"RoleArn": resource.Text(), "DeadLetterConfig": resource.Fields(resource.Schema{"Arn": resource.Text()}),
		"RetryPolicy": resource.Fields(resource.Schema{
			"MaximumEventAgeInSeconds": resource.Int(), "MaximumRetryAttempts": resource.Int(),
		}),
	})
	return &resource.Type{
		Name: "AWS::Events::Rule", NameProperty: "Name", Taggable: true, Handler: rule{}, Attributes: []string{"Arn"},
		Properties: resource.Schema{
			"Description": resource.Text(), "EventBusName": resource.Text().Replaces(), "EventPattern": resource.Doc(),
			"Name":    resource.Text().Replaces(),
			"RoleArn": resource.Text(), "ScheduleExpression": resource.Text(), "State": resource.OneOf("ENABLED", "DISABLED"),
			"Tags": resource.Tags(), "Targets": resource.ListOf(target),
		},
	}
}

type rule struct{}

func eventsTag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func (rule) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := eventbridge.NewFromConfig(r.Config), r.Name("Name", 64)
	if r.Properties.Has("Name") {
		// PutRule overwrites, and CloudFormation must not adopt a rule.
		if _, err := client.DescribeRule(ctx, &eventbridge.DescribeRuleInput{
			Name: &name, EventBusName: r.Properties.TextPointer("EventBusName"),
		}); err == nil {
			return resource.State{}, resource.Exists("AWS::Events::Rule", name)
		}
	}
	in := ruleInput(r, name)
	in.Tags = sortedTags(r.Tags, eventsTag)
	out, err := client.PutRule(ctx, in)
	if err != nil {
		return resource.State{}, fmt.Errorf("putting the rule: %w", err)
	}
	r.Initiated(name)
	return created(name, map[string]any{"Arn": *out.RuleArn}), ruleTargets(ctx, client, name, nil, r.Properties)
}

func ruleInput(r *resource.Request, name string) *eventbridge.PutRuleInput {
	p := r.Properties
	in := &eventbridge.PutRuleInput{
		Name: &name, Description: p.TextPointer("Description"), EventBusName: p.TextPointer("EventBusName"),
		RoleArn:            p.TextPointer("RoleArn"),
		ScheduleExpression: p.TextPointer("ScheduleExpression"), State: types.RuleState(p.Text("State")),
	}
	if pattern := p.Document("EventPattern"); pattern != "" {
		in.EventPattern = &pattern
	}
	return in
}

// ruleTargets moves a rule's targets from one set of properties to another.
func ruleTargets(ctx context.Context, client *eventbridge.Client, name string, from, to resource.Properties) error {
	wanted := map[string]bool{}
	var targets []types.Target
	for _, target := range to.Objects("Targets") {
		wanted[target.Text("Id")] = true
		targets = append(targets, ruleTarget(target))
	}
	bus := to.TextPointer("EventBusName")
	if to == nil {
		bus = from.TextPointer("EventBusName")
	}
	if len(targets) > 0 && !from.Same(to, "Targets") {
		out, err := client.PutTargets(ctx, &eventbridge.PutTargetsInput{Rule: &name, EventBusName: bus, Targets: targets})
		if err != nil {
			return fmt.Errorf("putting the targets: %w", err)
		}
		if len(out.FailedEntries) > 0 {
			return resource.Fail(resource.GeneralFailure, "%d targets failed, the first with %s", len(out.FailedEntries),
				deref(out.FailedEntries[0].ErrorMessage))
		}
	}
	var dropped []string
	for _, target := range from.Objects("Targets") {
		if id := target.Text("Id"); !wanted[id] {
			dropped = append(dropped, id)
		}
	}
	if len(dropped) == 0 {
		return nil
	}
	_, err := client.RemoveTargets(ctx, &eventbridge.RemoveTargetsInput{Rule: &name, EventBusName: bus, Ids: dropped})
	return err
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

func ruleTarget(target resource.Properties) types.Target {
	t := types.Target{
		Arn: target.TextPointer("Arn"), Id: target.TextPointer("Id"), Input: target.TextPointer("Input"),
		InputPath: target.TextPointer("InputPath"), RoleArn: target.TextPointer("RoleArn"),
	}
	if target.Has("DeadLetterConfig") {
		t.DeadLetterConfig = &types.DeadLetterConfig{Arn: target.Object("DeadLetterConfig").TextPointer("Arn")}
	}
	if target.Has("RetryPolicy") {
		retry := target.Object("RetryPolicy")
		t.RetryPolicy = &types.RetryPolicy{
			MaximumEventAgeInSeconds: retry.Int32("MaximumEventAgeInSeconds"),
			MaximumRetryAttempts:     retry.Int32("MaximumRetryAttempts"),
		}
	}
	return t
}

func (rule) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := eventbridge.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	if r.Changed("Description", "EventPattern", "RoleArn", "ScheduleExpression", "State") {
		if _, err := client.PutRule(ctx, ruleInput(r, r.PhysicalID)); err != nil {
			return state, fmt.Errorf("putting the rule: %w", err)
		}
	}
	if err := ruleTargets(ctx, client, r.PhysicalID, r.Previous, r.Properties); err != nil {
		return state, err
	}
	if !r.TagsChanged() {
		return state, nil
	}
	arn := r.ARN("events", "rule/"+r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &eventbridge.UntagResourceInput{
			ResourceARN: &arn, TagKeys: removed,
		}); err != nil {
			return state, err
		}
	}
	_, err := client.TagResource(ctx, &eventbridge.TagResourceInput{
		ResourceARN: &arn, Tags: sortedTags(r.Tags, eventsTag),
	})
	return state, err
}

func (rule) Delete(ctx context.Context, r *resource.Request) error {
	client := eventbridge.NewFromConfig(r.Config)
	if err := ruleTargets(ctx, client, r.PhysicalID, r.Properties, nil); err != nil {
		return err
	}
	_, err := client.DeleteRule(ctx, &eventbridge.DeleteRuleInput{
		Name: &r.PhysicalID, EventBusName: r.Properties.TextPointer("EventBusName"),
	})
	return err
}
