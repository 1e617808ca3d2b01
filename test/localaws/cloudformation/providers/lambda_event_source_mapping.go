package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lambdaEventSourceMapping() *resource.Type {
	return &resource.Type{
		Name: "AWS::Lambda::EventSourceMapping", Taggable: true, Handler: eventSourceMapping{},
		Attributes: []string{"Id", "EventSourceMappingArn"}, Properties: resource.Schema{
			"BatchSize": resource.Int(), "Enabled": resource.Bool(), "EventSourceArn": resource.Text().Must().Replaces(),
			"FilterCriteria": resource.Fields(resource.Schema{
				"Filters": resource.ListOf(resource.Fields(resource.Schema{"Pattern": resource.Text()})),
			}),
			"FunctionName":          resource.Text().Must(),
			"FunctionResponseTypes": resource.Texts(), "MaximumBatchingWindowInSeconds": resource.Int(),
			"ScalingConfig": resource.Fields(resource.Schema{"MaximumConcurrency": resource.Int()}), "Tags": resource.Tags(),
		},
	}
}

type eventSourceMapping struct{}

func (eventSourceMapping) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, p := lambda.NewFromConfig(r.Config), r.Properties
	out, err := client.CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
		EventSourceArn: p.TextPointer("EventSourceArn"), FunctionName: p.TextPointer("FunctionName"),
		BatchSize: p.Int32("BatchSize"),
		Enabled:   p.Bool("Enabled"), FilterCriteria: filters(p), FunctionResponseTypes: responseTypes(p),
		MaximumBatchingWindowInSeconds: p.Int32("MaximumBatchingWindowInSeconds"), ScalingConfig: scaling(p), Tags: r.Tags,
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the event source mapping: %w", err)
	}
	id := *out.UUID
	r.Initiated(id)
	return created(id, map[string]any{
		"Id": id, "EventSourceMappingArn": aws.ToString(out.EventSourceMappingArn),
	}), mappingReady(ctx, client, r, id)
}

func filters(p resource.Properties) *types.FilterCriteria {
	if !p.Has("FilterCriteria") {
		return nil
	}
	criteria := &types.FilterCriteria{}
	for _, filter := range p.Object("FilterCriteria").Objects("Filters") {
		criteria.Filters = append(criteria.Filters, types.Filter{Pattern: filter.TextPointer("Pattern")})
	}
	return criteria
}

func responseTypes(p resource.Properties) []types.FunctionResponseType {
	var list []types.FunctionResponseType
	for _, name := range p.Texts("FunctionResponseTypes") {
		list = append(list, types.FunctionResponseType(name))
	}
	return list
}

func scaling(p resource.Properties) *types.ScalingConfig {
	if !p.Has("ScalingConfig") {
		return nil
	}
	return &types.ScalingConfig{MaximumConcurrency: p.Object("ScalingConfig").Int32("MaximumConcurrency")}
}

// mappingReady waits for a state that is not a transition.
func mappingReady(ctx context.Context, client *lambda.Client, r *resource.Request, id string) error {
	return r.Wait(ctx, func(ctx context.Context) (bool, error) {
		out, err := client.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &id})
		if err != nil {
			return false, fmt.Errorf("reading the mapping's state: %w", err)
		}
		state := aws.ToString(out.State)
		return state == "Enabled" || state == "Disabled", nil
	})
}

func (eventSourceMapping) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, p, state := lambda.NewFromConfig(r.Config), r.Properties, created(r.PhysicalID, nil)
	if r.Changed(
		"BatchSize", "Enabled", "FilterCriteria", "FunctionName", "FunctionResponseTypes", "MaximumBatchingWindowInSeconds",
		"ScalingConfig",
	) {
		in := &lambda.UpdateEventSourceMappingInput{
			UUID: &r.PhysicalID, FunctionName: p.TextPointer("FunctionName"), BatchSize: p.Int32Or("BatchSize", 10),
			Enabled:        p.Bool("Enabled"),
			FilterCriteria: filters(p), FunctionResponseTypes: responseTypes(p), ScalingConfig: scaling(p),
			MaximumBatchingWindowInSeconds: p.Int32Or("MaximumBatchingWindowInSeconds", 0),
		}
		mappingDefaults(in, r)
		if _, err := client.UpdateEventSourceMapping(ctx, in); err != nil {
			return state, fmt.Errorf("updating the event source mapping: %w", err)
		}
		if err := mappingReady(ctx, client, r, r.PhysicalID); err != nil {
			return state, err
		}
	}
	return state, mappingTags(ctx, client, r)
}

// mappingDefaults sends an empty value for what was set before and is left out now.
func mappingDefaults(in *lambda.UpdateEventSourceMappingInput, r *resource.Request) {
	if in.Enabled == nil {
		in.Enabled = aws.Bool(true)
	}
	if in.FilterCriteria == nil && r.Previous.Has("FilterCriteria") {
		in.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{}}
	}
	if in.ScalingConfig == nil && r.Previous.Has("ScalingConfig") {
		in.ScalingConfig = &types.ScalingConfig{}
	}
	if in.FunctionResponseTypes == nil && r.Previous.Has("FunctionResponseTypes") {
		in.FunctionResponseTypes = []types.FunctionResponseType{}
	}
}

func mappingTags(ctx context.Context, client *lambda.Client, r *resource.Request) error {
	if !r.TagsChanged() {
		return nil
	}
	arn := r.ARN("lambda", "event-source-mapping:"+r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &arn, TagKeys: removed}); err != nil {
			return err
		}
	}
	_, err := client.TagResource(ctx, &lambda.TagResourceInput{Resource: &arn, Tags: r.Tags})
	return err
}

func (eventSourceMapping) Delete(ctx context.Context, r *resource.Request) error {
	client := lambda.NewFromConfig(r.Config)
	if _, err := client.DeleteEventSourceMapping(ctx, &lambda.DeleteEventSourceMappingInput{
		UUID: &r.PhysicalID,
	}); err != nil {
		return err
	}
	return r.Wait(ctx, func(ctx context.Context) (bool, error) {
		_, err := client.GetEventSourceMapping(ctx, &lambda.GetEventSourceMappingInput{UUID: &r.PhysicalID})
		if err != nil && resource.CodeOf(err) == resource.NotFound {
			return true, nil
		}
		return false, err
	})
}
