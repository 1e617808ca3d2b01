package cloudformation

import (
	"context"
	"sort"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type operationEntry struct{ OperationId, OperationType string }

type output struct{ OutputKey, OutputValue, Description, ExportName string }

type parameterOutput struct {
	ParameterKey   string
	ParameterValue string `wire:",required"`
}

type stackOutput struct {
	StackId, StackName, StackStatus, StackStatusReason string
	Description, RoleARN, ChangeSetId                  string
	CreationTime, LastUpdatedTime, DeletionTime        time.Time
	DisableRollback, EnableTerminationProtection       *bool
	Capabilities                                       []string
	Outputs                                            []output
	Parameters                                         []parameterOutput
	Tags                                               []tag
	LastOperations                                     []operationEntry
	DriftInformation                                   driftInformation
}

type driftInformation struct{ StackDriftStatus string }

func describe(v engine.View) stackOutput {
	out := stackOutput{
		StackId: v.ID, StackName: v.Name, StackStatus: string(v.Status), StackStatusReason: v.Reason,
		Description: v.Description, RoleARN: v.Role, ChangeSetId: v.ChangeSetID, CreationTime: v.Created,
		LastUpdatedTime: v.Updated, DeletionTime: v.Deleted,
		DisableRollback: &v.NoRollback, EnableTerminationProtection: new(false), Capabilities: v.Capabilities,
		Parameters: parameterOutputs(v.Parameters), Tags: tagList(v.Tags), DriftInformation: driftInformation{"NOT_CHECKED"},
	}
	for _, o := range v.Outputs {
		out.Outputs = append(out.Outputs, output{o.Key, o.Value, o.Description, o.ExportName})
	}
	if n := len(v.Operations); n > 0 {
		out.LastOperations = []operationEntry{{v.Operations[n-1].ID, v.Operations[n-1].Kind}}
	}
	return out
}

func parameterOutputs(list []engine.Parameter) []parameterOutput {
	var out []parameterOutput
	for _, p := range list {
		out = append(out, parameterOutput{p.Key, p.Value})
	}
	return out
}

func tagList(tags map[string]string) []tag {
	var list []tag
	for key, value := range tags {
		list = append(list, tag{key, value})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].Key < list[j].Key })
	return list
}

type describeStacksInput struct{ StackName, NextToken string }

type describeStacksOutput struct {
	Stacks    []stackOutput `wire:",required"`
	NextToken string
}

// pageSize is how many entries the list operations answer at once.
const pageSize = 100

func (s *service) describeStacks(
	_ context.Context, call *wire.Call, in *describeStacksInput,
) (*describeStacksOutput, error) {
	call.On(in.StackName)
	if in.StackName != "" {
		view, err := s.engine.Stack(in.StackName)
		if err != nil {
			return nil, answer(err)
		}
		return &describeStacksOutput{Stacks: []stackOutput{describe(view)}}, nil
	}
	var all []stackOutput
	for _, view := range s.engine.Stacks() {
		if view.Status != engine.DeleteComplete {
			all = append(all, describe(view))
		}
	}
	page, next, err := pageOf(all, in.NextToken)
	return &describeStacksOutput{page, next}, err
}

type listStacksInput struct {
	NextToken         string
	StackStatusFilter []string
}

type stackSummary struct {
	StackId, StackName, StackStatus, StackStatusReason, TemplateDescription string
	CreationTime, LastUpdatedTime, DeletionTime                             time.Time
}

type listStacksOutput struct {
	StackSummaries []stackSummary `wire:",required"`
	NextToken      string
}

func (s *service) listStacks(_ context.Context, _ *wire.Call, in *listStacksInput) (*listStacksOutput, error) {
	wanted := map[string]bool{}
	for _, status := range in.StackStatusFilter {
		wanted[status] = true
	}
	var all []stackSummary
	for _, v := range s.engine.Stacks() {
		if len(wanted) == 0 || wanted[string(v.Status)] {
			all = append(all, stackSummary{
				v.ID, v.Name, string(v.Status), v.Reason, v.Description, v.Created, v.Updated, v.Deleted,
			})
		}
	}
	page, next, err := pageOf(all, in.NextToken)
	return &listStacksOutput{page, next}, err
}

type eventsInput struct {
	StackName string `wire:",required"`
	NextToken string
}

type stackEvent struct {
	EventId, StackId, StackName string
	LogicalResourceId           string
	// PhysicalResourceId is written, empty, for what was never made.
	PhysicalResourceId                       string `wire:",required"`
	ResourceType, ResourceStatus             string
	ResourceStatusReason, ResourceProperties string
	ClientRequestToken, OperationId          string
	Timestamp                                time.Time
}

type eventsOutput struct {
	StackEvents []stackEvent `wire:",required"`
	NextToken   string
}

func (s *service) describeEvents(_ context.Context, call *wire.Call, in *eventsInput) (*eventsOutput, error) {
	call.On(in.StackName)
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		if refused, ok := err.(*engine.Error); ok {
			refused.Message = "Stack [" + in.StackName + "] does not exist"
		}
		return nil, answer(err)
	}
	events, next, err := newestFirst(view.Events, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &eventsOutput{NextToken: next}
	for _, e := range events {
		out.StackEvents = append(out.StackEvents, stackEvent{
			EventId: e.ID, StackId: e.StackID, StackName: e.StackName, LogicalResourceId: e.LogicalID,
			PhysicalResourceId: e.PhysicalID, ResourceType: e.Type, ResourceStatus: string(e.Status),
			ResourceStatusReason: e.Reason, ResourceProperties: e.Properties,
			ClientRequestToken: e.Token, OperationId: e.Operation, Timestamp: e.Time,
		})
	}
	return out, nil
}
