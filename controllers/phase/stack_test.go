package phase_test

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	oneQueue  = `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}`
	twoQueues = `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"},"Mails":{"Type":"AWS::SQS::Queue"}}}`
)

// operation is a step on the application stack.
func (s *stage) operation(operation release.StackOperation, token, template string) release.Step {
	return release.Step{Action: release.ActionStack, Phase: release.PhaseStack, Stack: &release.StackStep{
		Part: release.PartApp, Condition: v1alpha1.ConditionStackUpdated, Name: s.Names.AppStack, Operation: operation,
		Token: token, Template: []byte(template),
	}}
}

// requests records what CloudFormation is asked for from now on; its log does not hold the values.
func (s *stage) requests() (recorded func() []url.Values) {
	var mu sync.Mutex
	var seen []url.Values
	s.local.Faults().Inject(wire.Fault{Call: "cloudformation:*", Match: func(call *wire.Call) bool {
		form, err := url.ParseQuery(string(call.Body))
		if err != nil {
			return false
		}
		mu.Lock()
		defer mu.Unlock()
		seen = append(seen, form)
		return false
	}})
	return func() []url.Values {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

// awaitStack waits until an operation has ended, and gives the stack's status.
func (s *stage) awaitStack() string {
	s.t.Helper()
	for range 2000 {
		answer, err := s.Clients.CloudFormation.DescribeStacks(s.t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String(s.Names.AppStack),
		})
		s.must(err)
		if status := string(answer.Stacks[0].StackStatus); !strings.HasSuffix(status, "_IN_PROGRESS") {
			return status
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatal("the stack operation does not end")
	return ""
}

// begun counts how often the stack itself was taken into a status.
func (s *stage) begun(status types.ResourceStatus) (count int) {
	s.t.Helper()
	answer, err := s.Clients.CloudFormation.DescribeStackEvents(s.t.Context(), &cloudformation.DescribeStackEventsInput{
		StackName: aws.String(s.Names.AppStack),
	})
	s.must(err)
	for i := range answer.StackEvents {
		event := &answer.StackEvents[i]
		if aws.ToString(event.ResourceType) == "AWS::CloudFormation::Stack" && event.ResourceStatus == status {
			count++
		}
	}
	return count
}

func TestEachOperationIsOneCallWithItsToken(t *testing.T) {
	const role = "arn:aws:iam::123456789012:role/stacks"
	template := map[string]string{
		"Capabilities.member.1": "CAPABILITY_NAMED_IAM", "Tags.member.1.Key": release.OwnerTag,
		"Tags.member.1.Value":              "cluster/clouder/production",
		"Parameters.member.1.ParameterKey": "Bucket", "Parameters.member.1.ParameterValue": "b", "RoleARN": role,
	}
	with := func(base map[string]string, more map[string]string) map[string]string {
		all := maps.Clone(base)
		maps.Copy(all, more)
		return all
	}
	for operation, want := range map[release.StackOperation]map[string]string{
		release.StackCreate: with(template, map[string]string{
			"Action": "CreateStack", "ClientRequestToken": "token-1", "OnFailure": "ROLLBACK",
		}),
		release.StackUpdate: with(template, map[string]string{
			"Action": "UpdateStack", "ClientRequestToken": "token-1", "DisableRollback": "false",
		}),
		release.StackCreateChangeSet: with(template, map[string]string{
			"Action": "CreateChangeSet", "ChangeSetName": "token-1", "ClientToken": "token-1",
			"ChangeSetType": "UPDATE",
		}),
		release.StackExecuteChangeSet: {
			"Action": "ExecuteChangeSet", "ChangeSetName": "token-1", "ClientRequestToken": "token-1",
			"DisableRollback": "false",
		},
		release.StackDeleteChangeSet:  {"Action": "DeleteChangeSet", "ChangeSetName": "token-1"},
		release.StackContinueRollback: {"Action": "ContinueUpdateRollback", "ClientRequestToken": "token-1", "RoleARN": role},
		release.StackDelete:           {"Action": "DeleteStack", "ClientRequestToken": "token-1", "RoleARN": role},
	} {
		t.Run(string(operation), func(t *testing.T) {
			s := newStage(t)
			s.Desired.Account.StackRoleARN = role
			recorded := s.requests()
			s.fault("cloudformation:"+want["Action"], "", denied())
			step := s.operation(operation, "token-1", oneQueue)
			step.Stack.Parameters = map[string]string{"Bucket": "b"}
			contains(t, s.fails(step).Error(), string(operation)+" of stack "+s.Names.AppStack)
			requests := recorded()
			if len(requests) != 1 {
				t.Fatalf("%d calls", len(requests))
			}
			got := requests[0]
			for name, value := range want {
				if got.Get(name) != value {
					t.Errorf("%s is %q, want %q", name, got.Get(name), value)
				}
			}
			extra := len(got) - len(want) - 2 // the stack's name and the protocol's version
			if address := got.Get("TemplateURL"); address != "" {
				extra--
			}
			if got.Get("StackName") != s.Names.AppStack || extra != 0 {
				t.Errorf("asked is %v", got)
			}
		})
	}
}

func TestWithoutAStackRoleCloudFormationActsByTheProfilesRole(t *testing.T) {
	for why, change := range map[string]func(*stage){
		"the profile names none":                     func(*stage) {},
		"a deleted Stage may have no release at all": func(s *stage) { s.Desired = nil },
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			change(s)
			recorded := s.requests()
			s.done(s.operation(release.StackDelete, "token-1", ""))
			if got := recorded()[0]; got.Has("RoleARN") {
				t.Errorf("it acts by %q", got.Get("RoleARN"))
			}
		})
	}
}

func TestATemplateIsGivenByItsCopyInTheBucketOnceThereIsOne(t *testing.T) {
	s := newStage(t)
	recorded := s.requests()
	// A template given by its content must not exceed 51,200 bytes.
	large := fmt.Sprintf(`{"Metadata":{"m":%q},"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}`,
		strings.Repeat("x", 60_000))
	s.done(s.operation(release.StackCreate, "token-1", large))
	if status := s.awaitStack(); status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %s", status)
	}
	keys := s.keys("templates/")
	if len(keys) != 1 || s.get(keys[0]) != large {
		t.Fatalf("the copies are %v", keys)
	}
	want := "https://" + s.Names.Bucket + ".s3." + region + ".amazonaws.com/" + keys[0]
	if got := recorded()[0]; got.Get("TemplateURL") != want || got.Has("TemplateBody") {
		t.Errorf("it is given by %q", got.Get("TemplateURL"))
	}
}

func TestTheFoundationIsGivenByItsContentSinceThereIsNoBucketYet(t *testing.T) {
	s := newStage(t)
	s.deleteBucket()
	recorded := s.requests()
	step := s.operation(release.StackCreate, "token-1", oneQueue)
	step.Stack.Part, step.Stack.Condition = release.PartFoundation, v1alpha1.ConditionFoundationReady
	s.done(step)
	if got := recorded()[0]; got.Get("TemplateBody") != oneQueue || got.Has("TemplateURL") {
		t.Errorf("asked is %v", got)
	}
}

func TestATemplateThatCannotBeCopiedIsAnErrorAndNothingIsAsked(t *testing.T) {
	s := newStage(t)
	recorded := s.requests()
	s.fault("s3:PutObject", "templates/", denied())
	contains(t, s.fails(s.operation(release.StackCreate, "token-1", oneQueue)).Error(), "uploading the template")
	if got := recorded(); len(got) > 0 {
		t.Errorf("asked is %v", got)
	}
}

func TestAnOperationBeginsOnceHoweverOftenItIsAskedFor(t *testing.T) {
	s := newStage(t)
	for range 3 {
		s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	}
	s.awaitStack()
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	if got := s.begun(types.ResourceStatusCreateInProgress); got != 1 {
		t.Errorf("the creation began %d times", got)
	}
	for range 2 {
		s.done(s.operation(release.StackUpdate, "token-2", twoQueues))
	}
	s.awaitStack()
	if got := s.begun(types.ResourceStatusUpdateInProgress); got != 1 {
		t.Errorf("the update began %d times", got)
	}
}

func TestALostAnswerOfAnOperationBeginsNoSecondOne(t *testing.T) {
	s := newStage(t)
	s.loseAnswer("cloudformation:CreateStack")
	s.fails(s.operation(release.StackCreate, "token-1", oneQueue))
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	s.awaitStack()
	if got := s.begun(types.ResourceStatusCreateInProgress); got != 1 {
		t.Errorf("the creation began %d times", got)
	}
}

func TestAChangeSetIsMadeAndExecutedOnce(t *testing.T) {
	s := newStage(t)
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	s.awaitStack()
	for range 2 {
		s.done(s.operation(release.StackCreateChangeSet, "change-1", twoQueues))
	}
	s.awaitChangeSet("change-1")
	for range 2 {
		s.done(s.operation(release.StackExecuteChangeSet, "change-1", ""))
	}
	if status := s.awaitStack(); status != "UPDATE_COMPLETE" {
		t.Errorf("the stack is %s", status)
	}
	if got := s.begun(types.ResourceStatusUpdateInProgress); got != 1 {
		t.Errorf("the update began %d times", got)
	}
}

func (s *stage) awaitChangeSet(name string) {
	s.t.Helper()
	for range 2000 {
		answer, err := s.Clients.CloudFormation.DescribeChangeSet(s.t.Context(), &cloudformation.DescribeChangeSetInput{
			StackName: aws.String(s.Names.AppStack), ChangeSetName: aws.String(name),
		})
		s.must(err)
		if answer.Status == types.ChangeSetStatusCreateComplete {
			return
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("change set %s is not made", name)
}

func TestAChangeSetIsDeletedAndThatItIsGoneIsFine(t *testing.T) {
	s := newStage(t)
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	s.awaitStack()
	s.done(s.operation(release.StackCreateChangeSet, "change-1", twoQueues))
	s.awaitChangeSet("change-1")
	for range 2 {
		s.done(s.operation(release.StackDeleteChangeSet, "change-1", ""))
	}
	answer, err := s.Clients.CloudFormation.ListChangeSets(t.Context(), &cloudformation.ListChangeSetsInput{
		StackName: aws.String(s.Names.AppStack),
	})
	s.must(err)
	if len(answer.Summaries) != 0 {
		t.Errorf("there are %d change sets", len(answer.Summaries))
	}
}

func TestAStackIsDeletedAndThatItIsGoneIsFine(t *testing.T) {
	s := newStage(t)
	s.done(s.operation(release.StackCreate, "token-1", oneQueue))
	s.awaitStack()
	s.done(s.operation(release.StackDelete, "token-2", ""))
	for range 2000 {
		_, err := s.Clients.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String(s.Names.AppStack),
		})
		if err != nil {
			s.done(s.operation(release.StackDelete, "token-2", ""))
			return
		}
		time.Sleep(time.Millisecond)
	}
	t.Error("the stack is not deleted")
}

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
				s.fault("cloudformation:UpdateStack", "", row.answer)
				step := s.operation(release.StackUpdate, "token-1", oneQueue)
				step.Stack.Condition = condition
				switch {
				case row.passes:
					s.done(step)
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
		"a missing right":    denied(),
		"an expired session": wire.Errorf(http.StatusForbidden, "ExpiredToken", "expired"),
	} {
		t.Run(why, func(t *testing.T) {
			s := newStage(t)
			s.fault("cloudformation:DeleteStack", "", answer)
			contains(t, s.fails(s.operation(release.StackDelete, "token-1", "")).Error(),
				"Delete of stack "+s.Names.AppStack)
		})
	}
}

func TestAnOperationThatIsNoneIsAnError(t *testing.T) {
	s := newStage(t)
	contains(t, s.fails(s.operation("Rename", "token-1", oneQueue)).Error(), `there is no stack operation "Rename"`)
}
