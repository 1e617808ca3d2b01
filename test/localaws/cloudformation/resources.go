package cloudformation

import (
	"context"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type stackResource struct {
	StackId, StackName                    string
	LogicalResourceId, PhysicalResourceId string
	ResourceType, ResourceStatus          string
	ResourceStatusReason                  string
	Timestamp                             time.Time
}

// resourceDetail is what DescribeStackResource answers: the same with another name of the time.
type resourceDetail struct {
	StackId, StackName                    string
	LogicalResourceId, PhysicalResourceId string
	ResourceType, ResourceStatus          string
	ResourceStatusReason, Metadata        string
	LastUpdatedTimestamp                  time.Time
}

type resourceSummary struct {
	LogicalResourceId, PhysicalResourceId              string
	ResourceType, ResourceStatus, ResourceStatusReason string
	LastUpdatedTimestamp                               time.Time
}

type resourcesInput struct {
	StackName         string `wire:",required"`
	LogicalResourceId string
}

type resourcesOutput struct {
	StackResources []stackResource `wire:",required"`
}

func (s *service) describeResources(_ context.Context, call *wire.Call, in *resourcesInput) (*resourcesOutput, error) {
	call.On(in.StackName)
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	out := &resourcesOutput{}
	for _, name := range template.SortedKeys(view.Resources) {
		if in.LogicalResourceId != "" && name != in.LogicalResourceId || len(out.StackResources) == pageSize {
			continue
		}
		r := view.Resources[name]
		out.StackResources = append(out.StackResources, stackResource{
			view.ID, view.Name, name, r.PhysicalID, r.Type, string(r.Status), r.Reason, r.Changed,
		})
	}
	return out, nil
}

type resourceInput struct {
	StackName         string `wire:",required"`
	LogicalResourceId string `wire:",required"`
}

type resourceOutput struct{ StackResourceDetail resourceDetail }

func (s *service) describeResource(_ context.Context, call *wire.Call, in *resourceInput) (*resourceOutput, error) {
	call.On(in.StackName + "/" + in.LogicalResourceId)
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	r, ok := view.Resources[in.LogicalResourceId]
	if !ok {
		return nil, invalid("Resource %s does not exist for stack %s", in.LogicalResourceId, view.Name)
	}
	return &resourceOutput{resourceDetail{
		view.ID, view.Name, r.LogicalID, r.PhysicalID, r.Type, string(r.Status), r.Reason, "{}", r.Changed,
	}}, nil
}

type listResourcesInput struct {
	StackName string `wire:",required"`
	NextToken string
}

type listResourcesOutput struct {
	StackResourceSummaries []resourceSummary `wire:",required"`
	NextToken              string
}

func (s *service) listResources(
	_ context.Context, call *wire.Call, in *listResourcesInput,
) (*listResourcesOutput, error) {
	call.On(in.StackName)
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	page, next, err := pageOf(summaries(view), in.NextToken)
	return &listResourcesOutput{page, next}, err
}

func summaries(view engine.View) []resourceSummary {
	var all []resourceSummary
	for _, name := range template.SortedKeys(view.Resources) {
		r := view.Resources[name]
		all = append(all, resourceSummary{name, r.PhysicalID, r.Type, string(r.Status), r.Reason, r.Changed})
	}
	return all
}
