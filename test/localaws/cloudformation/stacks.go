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
	StackName                   string `wire:",required"`
	ClientRequestToken          string
	DeploymentConfig            *deploymentConfig
	DisableRollback             *bool
	EnableTerminationProtection bool
	OnFailure                   string
	RetainExceptOnCreate        bool
	RoleARN                     string
	StackPolicyBody             string
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
		Name: in.StackName, Content: wanted, Role: in.RoleARN, Token: in.ClientRequestToken, Policy: in.StackPolicyBody,
		Protected: in.EnableTerminationProtection, OnFailure: in.OnFailure, RetainExceptOnCreate: in.RetainExceptOnCreate,
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
	StackPolicyBody      string
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
		Name: in.StackName, Content: wanted, Role: in.RoleARN, Token: in.ClientRequestToken, Policy: in.StackPolicyBody,
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
	DeletionMode       string
	RetainResources    []string
	RoleARN            string
}

func (s *service) deleteStack(ctx context.Context, call *wire.Call, in *deleteStackInput) (*wire.Empty, error) {
	call.On(in.StackName)
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	switch in.DeletionMode {
	case "", "STANDARD", "FORCE_DELETE_STACK":
	default:
		return nil, invalid("1 validation error detected: Value '%s' at 'deletionMode' failed to satisfy constraint: Member must satisfy enum value set: [FORCE_DELETE_STACK, STANDARD]", in.DeletionMode)
	}
	if _, err := s.engine.Stack(in.StackName); err != nil {
		call.NoEffect()
	}
	return nil, answer(s.engine.Delete(ctx, s.caller(call), engine.DeleteInput{
		Name: in.StackName, Role: in.RoleARN, Token: in.ClientRequestToken, Retain: in.RetainResources, Force: in.DeletionMode == "FORCE_DELETE_STACK",
	}))
}

type cancelInput struct {
	StackName          string `wire:",required"`
	ClientRequestToken string
}

func (s *service) cancelUpdate(_ context.Context, call *wire.Call, in *cancelInput) (*wire.Empty, error) {
	call.On(in.StackName)
	return nil, answer(s.engine.CancelUpdate(in.StackName, in.ClientRequestToken))
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
	return nil, answer(s.engine.ContinueRollback(ctx, s.caller(call), in.StackName, in.RoleARN, in.ClientRequestToken, in.ResourcesToSkip))
}

type rollbackInput struct {
	StackName          string `wire:",required"`
	ClientRequestToken string
	RoleARN            string
}

func (s *service) rollback(ctx context.Context, call *wire.Call, in *rollbackInput) (*operationOutput, error) {
	call.On(in.StackName)
	if err := passes(call, in.RoleARN); err != nil {
		return nil, err
	}
	id, err := s.engine.Rollback(ctx, s.caller(call), in.StackName, in.RoleARN, in.ClientRequestToken)
	if err != nil {
		return nil, answer(err)
	}
	return s.started(id), nil
}

type protectInput struct {
	StackName                   string `wire:",required"`
	EnableTerminationProtection bool
}

type stackIDOutput struct{ StackId string }

func (s *service) protect(_ context.Context, call *wire.Call, in *protectInput) (*stackIDOutput, error) {
	call.On(in.StackName)
	before, _ := s.engine.Stack(in.StackName)
	id, err := s.engine.Protect(in.StackName, in.EnableTerminationProtection)
	if err != nil {
		return nil, answer(err)
	}
	if before.Protected == in.EnableTerminationProtection {
		call.NoEffect()
	}
	return &stackIDOutput{id}, nil
}

type setPolicyInput struct {
	StackName       string `wire:",required"`
	StackPolicyBody string `wire:",required"`
}

func (s *service) setPolicy(_ context.Context, call *wire.Call, in *setPolicyInput) (*wire.Empty, error) {
	call.On(in.StackName)
	return nil, answer(s.engine.SetPolicy(in.StackName, in.StackPolicyBody))
}

type stackInput struct {
	StackName string `wire:",required"`
}

type policyOutput struct{ StackPolicyBody string }

func (s *service) getPolicy(_ context.Context, call *wire.Call, in *stackInput) (*policyOutput, error) {
	call.On(in.StackName)
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	return &policyOutput{view.Policy}, nil
}
