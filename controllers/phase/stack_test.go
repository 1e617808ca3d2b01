package phase_test

import (
	"fmt"
	"maps"
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
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
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
	s.Local.Faults().Inject(wire.Fault{Call: "cloudformation:*", Match: func(call *wire.Call) bool {
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
		s.Must(err)
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
	s.Must(err)
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
		"Tags.member.1.Key":   release.OwnerTag,
		"Tags.member.1.Value": "cluster/clouder/production",
		"Tags.member.2.Key":   release.NamespaceTag, "Tags.member.2.Value": tenant.NamespaceUID,
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
			s.Fault("cloudformation:"+want["Action"], "", tenant.Denied())
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
			if got.Get("TemplateBody") == oneQueue {
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

// sized is a template of so many bytes.
func sized(bytes int) string {
	const around = `{"Metadata":{"m":""},"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}`
	return strings.Replace(around, `""`, fmt.Sprintf("%q", strings.Repeat("x", bytes-len(around))), 1)
}

func TestATemplateIsGivenByItsContentAsLongAsARequestHoldsIt(t *testing.T) {
	s := newStage(t)
	recorded := s.requests()
	largest := sized(51_200)
	s.done(s.operation(release.StackCreate, "token-1", largest))
	if status := s.awaitStack(); status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %s", status)
	}
	if got := recorded()[0]; got.Get("TemplateBody") != largest || got.Has("TemplateURL") ||
		len(s.Keys("templates/")) > 0 {
		t.Errorf("it is given by %q", got.Get("TemplateURL"))
	}
}

func TestALargerTemplateIsGivenByItsCopyInTheBucket(t *testing.T) {
	s := newStage(t)
	recorded := s.requests()
	large := sized(51_201)
	s.done(s.operation(release.StackCreate, "token-1", large))
	if status := s.awaitStack(); status != "CREATE_COMPLETE" {
		t.Errorf("the stack is %s", status)
	}
	keys := s.Keys("templates/")
	if len(keys) != 1 || s.get(keys[0]) != large {
		t.Fatalf("the copies are %v", keys)
	}
	want := "https://" + s.Names.Bucket + ".s3." + tenant.Region + ".amazonaws.com/" + keys[0]
	if got := recorded()[0]; got.Get("TemplateURL") != want || got.Has("TemplateBody") {
		t.Errorf("it is given by %q", got.Get("TemplateURL"))
	}
}

func TestOnlyTheFoundationMakesRoles(t *testing.T) {
	for part, want := range map[release.Part]string{
		release.PartFoundation: "CAPABILITY_NAMED_IAM", release.PartApp: "",
	} {
		s := newStage(t)
		recorded := s.requests()
		step := s.operation(release.StackCreate, "token-1", oneQueue)
		step.Stack.Part = part
		s.done(step)
		if got := recorded()[0].Get("Capabilities.member.1"); got != want {
			t.Errorf("the %s stack may have %q, want %q", part, got, want)
		}
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
	s.Fault("s3:PutObject", "templates/", tenant.Denied())
	contains(t, s.fails(s.operation(release.StackCreate, "token-1", sized(60_000))).Error(), "uploading the template")
	if got := recorded(); len(got) > 0 {
		t.Errorf("asked is %v", got)
	}
}

func TestTheOriginsSecretIsSentOnceAndKeptFromThen(t *testing.T) {
	origin, _ := release.OriginSecret([]byte("secret"), release.StageKey{Namespace: "clouder", Name: "production"})
	for use, want := range map[release.SecretUse]map[string]string{
		release.SecretNone: {},
		release.SecretSent: {
			"Parameters.member.1.ParameterKey":   release.ParameterOriginSecret,
			"Parameters.member.1.ParameterValue": origin.Reveal(),
		},
		release.SecretKept: {
			"Parameters.member.1.ParameterKey": release.ParameterOriginSecret, "Parameters.member.1.UsePreviousValue": "true",
		},
	} {
		s := newStage(t)
		recorded := s.requests()
		s.Fault("cloudformation:UpdateStack", "", tenant.Denied())
		step := s.operation(release.StackUpdate, "token-1", oneQueue)
		step.Stack.Secret = use
		s.fails(step)
		got := map[string]string{}
		for name, values := range recorded()[0] {
			if strings.HasPrefix(name, "Parameters.member") {
				got[name] = values[0]
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("%q: asked is %v", use, got)
		}
	}
}
