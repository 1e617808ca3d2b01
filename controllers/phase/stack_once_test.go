package phase_test

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/release"
)

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
		s.Must(err)
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
	s.Must(err)
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
