package phase_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestABusyStackIsWaitedFor(t *testing.T) {
	clock := wire.NewManualClock(time.Now())
	s := newStage(t, func(o *localaws.Options) {
		o.Clock, o.Settings = clock, map[string]string{"cloudformation.settle.AWS::SQS::Queue": "1h"}
	})
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	for _, operation := range []release.StackOperation{release.StackUpdate, release.StackCreateChangeSet} {
		s.waits(s.operation(operation, "token-2", twoQueues), v1alpha1.ConditionStackUpdated, v1alpha1.ReasonStackBusy,
			s.Names.AppStack+" is busy", "CREATE_IN_PROGRESS")
	}
}

func TestWhatCloudFormationAnswersAtEachCondition(t *testing.T) {
	for _, row := range []struct {
		why    string
		answer *wire.Error
		reason string
		waits  bool
		passes bool
	}{
		{
			why: "it refuses the template", answer: wire.Errorf(400, "ValidationError", "Template error: no"),
			reason: v1alpha1.ReasonStackRefused,
		},
		{
			why: "a capability is missing", answer: wire.Errorf(400, "InsufficientCapabilitiesException", "no"),
			reason: v1alpha1.ReasonStackRefused,
		},
		{
			why: "the account has too many stacks", answer: wire.Errorf(400, "LimitExceededException", "no"),
			reason: v1alpha1.ReasonStackRefused,
		},
		{
			why:    "the stack is being updated",
			answer: wire.Errorf(400, "ValidationError", "Stack is in UPDATE_IN_PROGRESS state"),
			reason: v1alpha1.ReasonStackBusy, waits: true,
		},
		{
			why: "another operation runs", answer: wire.Errorf(409, "OperationInProgressException", "busy"),
			reason: v1alpha1.ReasonStackBusy, waits: true,
		},
		{
			why: "the token was seen before", answer: wire.Errorf(400, "TokenAlreadyExistsException", "seen"),
			passes: true,
		},
		{why: "the stack is there", answer: wire.Errorf(400, "AlreadyExistsException", "there"), passes: true},
	} {
		for _, condition := range []string{
			v1alpha1.ConditionFoundationReady, v1alpha1.ConditionStackUpdated, v1alpha1.ConditionActivated,
			v1alpha1.ConditionCleaned,
		} {
			t.Run(row.why+" at "+condition, func(t *testing.T) {
				s := newStage(t)
				s.Fault("cloudformation:UpdateStack", "", row.answer)
				step := s.operation(release.StackUpdate, "token-1", oneQueue)
				step.Stack.Condition = condition
				switch {
				case row.passes:
					if !s.done(step).Repeated {
						t.Error("it is told as if it had begun just now")
					}
				case row.waits:
					s.waits(step, condition, row.reason, row.answer.Message)
				default:
					s.refused(step, condition, row.reason, row.answer.Message)
				}
			})
		}
	}
}

func TestARealRefusalIsTold(t *testing.T) {
	s := newStage(t)
	s.refused(s.operation(release.StackCreate, "token-1", `{"Resources":{"Jobs":{"Type":"AWS::Nothing::Known"}}}`),
		v1alpha1.ConditionStackUpdated, v1alpha1.ReasonStackRefused, s.Names.AppStack, "AWS::Nothing::Known")
	s.refused(s.operation(release.StackContinueRollback, "token-2", ""),
		v1alpha1.ConditionStackUpdated, v1alpha1.ReasonStackRefused, "does not exist")
}

func TestWhatMayPassIsAnErrorThatNamesTheOperation(t *testing.T) {
	for why, answer := range map[string]*wire.Error{
		"too many calls":     wire.Throttled(),
		"a fault of AWS":     wire.Errorf(http.StatusInternalServerError, "InternalFailure", "oops"),
		"a missing right":    tenant.Denied(),
		"an expired session": wire.Errorf(http.StatusForbidden, "ExpiredToken", "expired"),
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			s.Fault("cloudformation:DeleteStack", "", answer)
			contains(t, s.fails(s.operation(release.StackDelete, "token-1", "")).Error(),
				"Delete of stack "+s.Names.AppStack)
		})
	}
}

func TestAnOperationThatIsNoneIsAnError(t *testing.T) {
	s := newStage(t)
	contains(t, s.fails(s.operation("Rename", "token-1", oneQueue)).Error(), `there is no stack operation "Rename"`)
}
