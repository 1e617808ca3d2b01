package cloudformation

import (
	"context"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type createChangeSetInput struct {
	content
	ChangeSetName       string `wire:",required"`
	StackName           string `wire:",required"`
	ChangeSetType       string
	ClientToken         string
	DeploymentConfig    *deploymentConfig
	Description         string
	OnStackFailure      string
	RoleARN             string
	UsePreviousTemplate bool
}

type createChangeSetOutput struct{ Id, StackId string }

func (s *service) createChangeSet(
	ctx context.Context, call *wire.Call, in *createChangeSetInput,
) (*createChangeSetOutput, error) {
	call.On(in.StackName + "/" + in.ChangeSetName)
	switch in.ChangeSetType {
	case "", "UPDATE", "CREATE":
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'changeSetType' failed to satisfy constraint: "+
			"Member must satisfy enum value set: [CREATE, UPDATE]", in.ChangeSetType)
	}
	keep, err := in.DeploymentConfig.noRollback(nil)
	if err != nil {
		return nil, err
	}
	if keep {
		in.OnStackFailure = "DO_NOTHING"
	}
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	wanted, err := s.content(ctx, call, in.content, in.UsePreviousTemplate)
	if err != nil {
		return nil, err
	}
	id, stackID, err := s.engine.CreateChangeSet(ctx, s.caller(call), engine.ChangeSetInput{
		Name: in.ChangeSetName, Stack: in.StackName, Description: in.Description, Kind: in.ChangeSetType, Content: wanted,
		Role: in.RoleARN, Token: in.ClientToken, OnFailure: in.OnStackFailure,
	})
	if err != nil {
		return nil, answer(err)
	}
	return &createChangeSetOutput{id, stackID}, nil
}

type executeInput struct {
	ChangeSetName        string `wire:",required"`
	StackName            string
	ClientRequestToken   string
	DisableRollback      bool
	RetainExceptOnCreate bool
}

func (s *service) executeChangeSet(ctx context.Context, call *wire.Call, in *executeInput) (*wire.Empty, error) {
	call.On(in.StackName + "/" + in.ChangeSetName)
	return nil, answer(s.engine.Execute(ctx, s.caller(call), engine.ExecuteInput{
		Name: in.ChangeSetName, Stack: in.StackName, Token: in.ClientRequestToken, NoRollback: in.DisableRollback,
		RetainExceptOnCreate: in.RetainExceptOnCreate,
	}))
}

type changeSetInput struct {
	ChangeSetName         string `wire:",required"`
	StackName             string
	NextToken             string
	IncludePropertyValues bool
}

type change struct {
	Type           string
	ResourceChange resourceChange
}

type resourceChange struct {
	Action, PolicyAction, LogicalResourceId, PhysicalResourceId, ResourceType, Replacement string
	Scope                                                                                  []string
	Details                                                                                []changeDetail
}

type changeDetail struct {
	Target                                  changeTarget
	Evaluation, ChangeSource, CausingEntity string
}

type changeTarget struct{ Attribute, Name, Path, RequiresRecreation, BeforeValue, AfterValue string }

type changeSetOutput struct {
	ChangeSetId, ChangeSetName, StackId, StackName                     string
	Description, Status, StatusReason, ExecutionStatus, OnStackFailure string
	CreationTime                                                       time.Time
	Capabilities                                                       []string
	Parameters                                                         []parameterOutput
	Tags                                                               []tag
	Changes                                                            []change `wire:",required"`
	NextToken                                                          string
}

func (s *service) describeChangeSet(_ context.Context, call *wire.Call, in *changeSetInput) (*changeSetOutput, error) {
	call.On(in.StackName + "/" + in.ChangeSetName)
	c, err := s.engine.ChangeSet(in.ChangeSetName, in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	page, next, err := pageOf(c.Changes, in.NextToken)
	if err != nil {
		return nil, err
	}
	out := &changeSetOutput{
		ChangeSetId: c.ID, ChangeSetName: c.Name, StackId: c.StackID, StackName: c.StackName, Description: c.Description,
		Status: c.Status, StatusReason: c.Reason, ExecutionStatus: c.Execution, OnStackFailure: c.OnFailure,
		CreationTime: c.Created, Capabilities: c.Capabilities,
		Parameters: parameterOutputs(c.Parameters), Tags: tagList(c.Tags), NextToken: next,
	}
	for _, found := range page {
		out.Changes = append(out.Changes, change{"Resource", changeOf(found, in.IncludePropertyValues)})
	}
	return out, nil
}

func changeOf(c engine.Change, withValues bool) resourceChange {
	out := resourceChange{
		Action: c.Action, PolicyAction: c.PolicyAction, LogicalResourceId: c.LogicalID, PhysicalResourceId: c.PhysicalID,
		ResourceType: c.Type, Replacement: c.Replacement, Scope: c.Scope,
	}
	for _, d := range c.Details {
		target := changeTarget{Attribute: d.Attribute, Name: d.Name, RequiresRecreation: d.RequiresRecreation}
		if withValues {
			target.BeforeValue, target.AfterValue = d.Before, d.After
			target.Path = "/" + d.Attribute
			if d.Name != "" {
				target.Path += "/" + d.Name
			}
		}
		out.Details = append(out.Details, changeDetail{target, d.Evaluation, d.Source, d.Cause})
	}
	return out
}

type deleteChangeSetInput struct {
	ChangeSetName string `wire:",required"`
	StackName     string
}

func (s *service) deleteChangeSet(_ context.Context, call *wire.Call, in *deleteChangeSetInput) (*wire.Empty, error) {
	call.On(in.StackName + "/" + in.ChangeSetName)
	return nil, answer(s.engine.DeleteChangeSet(in.ChangeSetName, in.StackName))
}

type listChangeSetsInput struct {
	StackName string `wire:",required"`
	NextToken string
}

type changeSetSummary struct {
	ChangeSetId, ChangeSetName, StackId, StackName     string
	Description, Status, StatusReason, ExecutionStatus string
	CreationTime                                       time.Time
}

type listChangeSetsOutput struct {
	Summaries []changeSetSummary `wire:",required"`
	NextToken string
}

func (s *service) listChangeSets(
	_ context.Context, call *wire.Call, in *listChangeSetsInput,
) (*listChangeSetsOutput, error) {
	call.On(in.StackName)
	all, err := s.engine.ChangeSets(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	var summaries []changeSetSummary
	for _, c := range all {
		summaries = append(summaries, changeSetSummary{
			c.ID, c.Name, c.StackID, c.StackName, c.Description, c.Status, c.Reason, c.Execution, c.Created,
		})
	}
	page, next, err := pageOf(summaries, in.NextToken)
	return &listChangeSetsOutput{page, next}, err
}
