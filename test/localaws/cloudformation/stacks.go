package cloudformation

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type deploymentConfig struct {
	Mode            string
	DisableRollback *bool
}

// noRollback combines the two places of the switch; only the standard mode is offered.
func (d *deploymentConfig) noRollback(given *bool) (bool, error) {
	if d != nil && d.Mode != "" && d.Mode != "STANDARD" {
		return false, invalid("DeploymentConfig mode %s is not supported", d.Mode)
	}
	if d != nil && d.DisableRollback != nil {
		given = d.DisableRollback
	}
	return given != nil && *given, nil
}

type createStackInput struct {
	content
	StackName            string `wire:",required"`
	ClientRequestToken   string
	DeploymentConfig     *deploymentConfig
	DisableRollback      *bool
	OnFailure            string
	RetainExceptOnCreate bool
	RoleARN              string
}

type operationOutput struct {
	StackId     string
	OperationId string
}

func (s *service) started(stackID string) *operationOutput {
	out := &operationOutput{StackId: stackID}
	if view, err := s.engine.Stack(stackID); err == nil && len(view.Operations) > 0 {
		out.OperationId = view.Operations[len(view.Operations)-1].ID
	}
	return out
}

func (s *service) createStack(ctx context.Context, call *wire.Call, in *createStackInput) (*operationOutput, error) {
	call.On(in.StackName)
	if in.OnFailure != "" && in.DisableRollback != nil {
		return nil, invalid("You can specify either DisableRollback or OnFailure, but not both.")
	}
	keep, err := in.DeploymentConfig.noRollback(in.DisableRollback)
	if err != nil {
		return nil, err
	}
	if keep {
		in.OnFailure = "DO_NOTHING"
	}
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	wanted, err := s.content(ctx, call, in.content, false)
	if err != nil {
		return nil, err
	}
	id, err := s.engine.Create(ctx, s.caller(call), engine.CreateInput{
		Name: in.StackName, Content: wanted, Role: in.RoleARN, Token: in.ClientRequestToken,
		OnFailure: in.OnFailure, RetainExceptOnCreate: in.RetainExceptOnCreate,
	})
	if err != nil {
		return nil, answer(err)
	}
	return s.started(id), nil
}

type updateStackInput struct {
	content
	StackName            string `wire:",required"`
	ClientRequestToken   string
	DeploymentConfig     *deploymentConfig
	DisableRollback      *bool
	RetainExceptOnCreate bool
	RoleARN              string
	UsePreviousTemplate  bool
}

func (s *service) updateStack(ctx context.Context, call *wire.Call, in *updateStackInput) (*operationOutput, error) {
	call.On(in.StackName)
	keep, err := in.DeploymentConfig.noRollback(in.DisableRollback)
	if err != nil {
		return nil, err
	}
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	wanted, err := s.content(ctx, call, in.content, in.UsePreviousTemplate)
	if err != nil {
		return nil, err
	}
	id, err := s.engine.Update(ctx, s.caller(call), engine.UpdateInput{
		Name: in.StackName, Content: wanted, Role: in.RoleARN, Token: in.ClientRequestToken,
		NoRollback: keep, RetainExceptOnCreate: in.RetainExceptOnCreate,
	})
	if err != nil {
		return nil, answer(err)
	}
	return s.started(id), nil
}

type deleteStackInput struct {
	StackName          string `wire:",required"`
	ClientRequestToken string
	RetainResources    []string
	RoleARN            string
}

func (s *service) deleteStack(ctx context.Context, call *wire.Call, in *deleteStackInput) (*wire.Empty, error) {
	call.On(in.StackName)
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	if _, err := s.engine.Stack(in.StackName); err != nil {
		call.NoEffect()
	}
	return nil, answer(s.engine.Delete(ctx, s.caller(call), engine.DeleteInput{
		Name: in.StackName, Role: in.RoleARN, Token: in.ClientRequestToken, Retain: in.RetainResources,
	}))
}

type continueInput struct {
	StackName          string `wire:",required"`
	ClientRequestToken string
	ResourcesToSkip    []string
	RoleARN            string
}

func (s *service) continueRollback(ctx context.Context, call *wire.Call, in *continueInput) (*wire.Empty, error) {
	call.On(in.StackName)
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	return nil, answer(s.engine.ContinueRollback(ctx, s.caller(call), in.StackName, in.RoleARN, in.ClientRequestToken,
		in.ResourcesToSkip))
}
