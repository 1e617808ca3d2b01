package cloudformation_test

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/contract"
)

// contractStack is a stack with a name that no other run uses, on the AWS that a rule is tested on. Its one resource is
// a log group, which costs nothing and is made in seconds.
type contractStack struct {
	*cloudformation.Client
	g    *WithT
	ctx  context.Context
	name *string
}

func onAWS(t *testing.T) *contractStack {
	t.Helper()
	config := contract.Config(t, func() aws.Config {
		server, err := localaws.New(localaws.Options{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = server.Close() })
		return server.Config()
	})
	s := &contractStack{cloudformation.NewFromConfig(config), NewWithT(t), t.Context(), aws.String(contract.Name())}
	t.Cleanup(func() {
		_, _ = s.DeleteStack(context.Background(), &cloudformation.DeleteStackInput{StackName: s.name})
	})
	return s
}

// group is a template of one log group that keeps its events for some days.
func (s *contractStack) group(days string) *string {
	return aws.String(`{"Resources":{"Group":{"Type":"AWS::Logs::LogGroup",
		"Properties":{"LogGroupName":"` + *s.name + `","RetentionInDays":` + days + `}}}}`)
}

func (s *contractStack) creation(token string) *cloudformation.CreateStackInput {
	return &cloudformation.CreateStackInput{StackName: s.name, TemplateBody: s.group("1"), ClientRequestToken: &token}
}

func (s *contractStack) create() types.Stack {
	_, err := s.CreateStack(s.ctx, s.creation("created"))
	s.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return s.settled(*s.name)
}

// settled waits until the stack's operation is over.
func (s *contractStack) settled(name string) types.Stack {
	var stack types.Stack
	s.g.Eventually(func() string {
		out, err := s.DescribeStacks(s.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		s.g.ExpectWithOffset(2, err).NotTo(HaveOccurred())
		stack = out.Stacks[0]
		return string(stack.StackStatus)
	}).WithTimeout(5 * time.Minute).WithPolling(s.pause()).ShouldNot(HaveSuffix("_IN_PROGRESS"))
	return stack
}

func (s *contractStack) pause() time.Duration {
	if contract.Outside() {
		return 2 * time.Second
	}
	return 5 * time.Millisecond
}

// propose makes a change set and waits until it is made.
func (s *contractStack) propose(
	name string, body *string, kind types.ChangeSetType,
) *cloudformation.DescribeChangeSetOutput {
	_, err := s.CreateChangeSet(s.ctx, s.proposal(name, body, kind))
	s.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	var out *cloudformation.DescribeChangeSetOutput
	s.g.Eventually(func() types.ChangeSetStatus {
		out, err = s.DescribeChangeSet(s.ctx, &cloudformation.DescribeChangeSetInput{StackName: s.name, ChangeSetName: &name})
		s.g.ExpectWithOffset(2, err).NotTo(HaveOccurred())
		return out.Status
	}).WithTimeout(2 * time.Minute).WithPolling(s.pause()).Should(BeElementOf(types.ChangeSetStatusCreateComplete,
		types.ChangeSetStatusFailed))
	return out
}

func (s *contractStack) proposal(
	name string, body *string, kind types.ChangeSetType,
) *cloudformation.CreateChangeSetInput {
	return &cloudformation.CreateChangeSetInput{StackName: s.name, ChangeSetName: &name, TemplateBody: body,
		ChangeSetType: kind, ClientToken: &name}
}

func (s *contractStack) execute(name, token string) error {
	_, err := s.ExecuteChangeSet(s.ctx, &cloudformation.ExecuteChangeSetInput{
		StackName: s.name, ChangeSetName: &name, ClientRequestToken: &token,
	})
	return err
}

func TestOnAWSTheSameTokenStartsNothingAgain(t *testing.T) {
	s := onAWS(t)
	first, err := s.CreateStack(s.ctx, s.creation("created"))
	s.g.Expect(err).NotTo(HaveOccurred())
	again, err := s.CreateStack(s.ctx, s.creation("created"))
	s.g.Expect(err).NotTo(HaveOccurred(), "the same token while it runs")
	s.g.Expect(again.StackId).To(Equal(first.StackId))
	s.settled(*s.name)
	_, err = s.CreateStack(s.ctx, s.creation("another"))
	s.g.Expect(err).To(refused("AlreadyExistsException", "already exists"))
	update := &cloudformation.UpdateStackInput{StackName: s.name, TemplateBody: s.group("3"),
		ClientRequestToken: aws.String("created")}
	_, err = s.UpdateStack(s.ctx, update)
	s.g.Expect(err).To(refused("TokenAlreadyExistsException", ""), "the token of another kind of operation")
	update.ClientRequestToken = aws.String("updated")
	_, err = s.UpdateStack(s.ctx, update)
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(s.settled(*s.name).StackStatus).To(Equal(types.StackStatusUpdateComplete))
	update.ClientRequestToken = aws.String("nothing")
	_, err = s.UpdateStack(s.ctx, update)
	s.g.Expect(err).To(refused("ValidationError", "No updates are to be performed."))
}

func TestOnAWSADeletedStackIsKnownByItsID(t *testing.T) {
	s := onAWS(t)
	id := *s.create().StackId
	_, err := s.DeleteStack(s.ctx, &cloudformation.DeleteStackInput{StackName: s.name})
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(s.settled(id).StackStatus).To(Equal(types.StackStatusDeleteComplete))
	_, err = s.DescribeStacks(s.ctx, &cloudformation.DescribeStacksInput{StackName: s.name})
	s.g.Expect(err).To(refused("ValidationError", "does not exist"))
	_, err = s.DeleteStack(s.ctx, &cloudformation.DeleteStackInput{StackName: s.name})
	s.g.Expect(err).NotTo(HaveOccurred(), "a stack that does not exist is deleted already")
}

func TestOnAWSAChangeSetCreatesAStackOnce(t *testing.T) {
	s := onAWS(t)
	set := s.propose("first", s.group("1"), types.ChangeSetTypeCreate)
	s.g.Expect(set.Changes).To(HaveLen(1))
	s.g.Expect(set.Changes[0].ResourceChange.Action).To(Equal(types.ChangeActionAdd))
	again, err := s.CreateChangeSet(s.ctx, s.proposal("first", s.group("1"), types.ChangeSetTypeCreate))
	s.g.Expect(err).NotTo(HaveOccurred(), "the same token makes no second one")
	s.g.Expect(again.Id).To(Equal(set.ChangeSetId))
	s.g.Expect(s.execute("first", "run")).To(Succeed())
	s.g.Expect(s.settled(*s.name).StackStatus).To(Equal(types.StackStatusCreateComplete))
	s.g.Expect(s.execute("first", "run")).To(Succeed(), "the same token starts nothing again")
	s.g.Expect(s.execute("first", "other")).To(refused("InvalidChangeSetStatus", ""))
}

func TestOnAWSAnEmptyChangeSetFailsAndKeepsItsName(t *testing.T) {
	s := onAWS(t)
	s.create()
	set := s.propose("none", s.group("1"), types.ChangeSetTypeUpdate)
	s.g.Expect(set.Status).To(Equal(types.ChangeSetStatusFailed))
	s.g.Expect(*set.StatusReason).To(ContainSubstring("The submitted information didn't contain changes."))
	s.g.Expect(s.execute("none", "run")).To(refused("InvalidChangeSetStatus",
		"cannot be executed in its current status of [FAILED]"))
	taken := s.proposal("none", s.group("3"), types.ChangeSetTypeUpdate)
	taken.ClientToken = aws.String("another")
	_, err := s.CreateChangeSet(s.ctx, taken)
	s.g.Expect(err).To(refused("AlreadyExistsException", ""))
	for range 2 {
		_, err = s.DeleteChangeSet(s.ctx, &cloudformation.DeleteChangeSetInput{
			StackName: s.name, ChangeSetName: aws.String("none"),
		})
		s.g.Expect(err).NotTo(HaveOccurred(), "deleting what is gone succeeds")
	}
	_, err = s.DescribeChangeSet(s.ctx, &cloudformation.DescribeChangeSetInput{
		StackName: s.name, ChangeSetName: aws.String("none"),
	})
	s.g.Expect(err).To(refused("ChangeSetNotFound", "does not exist"))
}

func TestOnAWSExecutingAChangeSetRemovesTheOthers(t *testing.T) {
	s := onAWS(t)
	s.create()
	s.propose("one", s.group("3"), types.ChangeSetTypeUpdate)
	s.propose("two", s.group("5"), types.ChangeSetTypeUpdate)
	s.g.Expect(s.execute("two", "run")).To(Succeed())
	s.settled(*s.name)
	list, err := s.ListChangeSets(s.ctx, &cloudformation.ListChangeSetsInput{StackName: s.name})
	s.g.Expect(err).NotTo(HaveOccurred())
	s.g.Expect(list.Summaries).To(BeEmpty())
}
