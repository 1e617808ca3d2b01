package cloudformation

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
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
