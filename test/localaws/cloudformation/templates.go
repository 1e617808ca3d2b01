package cloudformation

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type getTemplateInput struct{ StackName, ChangeSetName, TemplateStage string }

type getTemplateOutput struct {
	TemplateBody    string
	StagesAvailable []string
}

// getTemplate answers the original; without macros the processed template is the same.
func (s *service) getTemplate(_ context.Context, call *wire.Call, in *getTemplateInput) (*getTemplateOutput, error) {
	call.On(in.StackName)
	if in.ChangeSetName != "" {
		changeSet, err := s.engine.ChangeSet(in.ChangeSetName, in.StackName)
		if err != nil {
			return nil, answer(err)
		}
		return &getTemplateOutput{changeSet.Body(), []string{"Original", "Processed"}}, nil
	}
	view, err := s.engine.Stack(in.StackName)
	if err != nil {
		return nil, answer(err)
	}
	if view.Status == engine.ReviewInProgress {
		return nil, invalid("GetTemplate is not allowed on a stack in state REVIEW_IN_PROGRESS")
	}
	return &getTemplateOutput{view.TemplateBody, []string{"Original", "Processed"}}, nil
}

type templateInput struct{ TemplateBody, TemplateURL string }

type templateParameter struct {
	ParameterKey, DefaultValue, Description string
	NoEcho                                  *bool
}

type validateOutput struct {
	Capabilities       []string
	CapabilitiesReason string
	Description        string
	Parameters         []templateParameter `wire:",required"`
}

func (s *service) validateTemplate(ctx context.Context, call *wire.Call, in *templateInput) (*validateOutput, error) {
	body, err := s.template(ctx, call, in.TemplateBody, in.TemplateURL, false)
	if err != nil {
		return nil, err
	}
	summary, err := s.engine.Summarize(body)
	if err != nil {
		return nil, answer(err)
	}
	out := &validateOutput{Capabilities: summary.Capabilities, CapabilitiesReason: summary.Reason, Description: summary.Description}
	for _, name := range template.SortedKeys(summary.Parameters) {
		p := summary.Parameters[name]
		out.Parameters = append(out.Parameters, templateParameter{name, byDefault(p), p.Description, &p.NoEcho})
	}
	return out, nil
}

func byDefault(p template.Parameter) string {
	if p.Default == nil {
		return ""
	}
	return *p.Default
}

type summaryInput struct{ TemplateBody, TemplateURL, StackName string }

type parameterDeclaration struct {
	ParameterKey, ParameterType, DefaultValue, Description string
	NoEcho                                                 *bool
	ParameterConstraints                                   parameterConstraints
}

type parameterConstraints struct{ AllowedValues []string }

type summaryOutput struct {
	Capabilities       []string
	CapabilitiesReason string
	Description        string
	Parameters         []parameterDeclaration `wire:",required"`
	ResourceTypes      []string
	Version            string
}

func (s *service) summarizeTemplate(ctx context.Context, call *wire.Call, in *summaryInput) (*summaryOutput, error) {
	body, err := s.summarized(ctx, call, in)
	if err != nil {
		return nil, err
	}
	summary, err := s.engine.Summarize(body)
	if err != nil {
		return nil, answer(err)
	}
	out := &summaryOutput{
		Capabilities: summary.Capabilities, CapabilitiesReason: summary.Reason, Description: summary.Description, ResourceTypes: summary.ResourceTypes,
		Version: "2010-09-09",
	}
	for _, name := range template.SortedKeys(summary.Parameters) {
		p := summary.Parameters[name]
		out.Parameters = append(out.Parameters, parameterDeclaration{
			name, p.Type, byDefault(p), p.Description, &p.NoEcho, parameterConstraints{p.AllowedValues},
		})
	}
	return out, nil
}

func (s *service) summarized(ctx context.Context, call *wire.Call, in *summaryInput) (string, error) {
	if in.StackName == "" {
		return s.template(ctx, call, in.TemplateBody, in.TemplateURL, false)
	}
	view, err := s.engine.Stack(in.StackName)
	return view.TemplateBody, answer(err)
}
