package removal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestEachDeletionOfARemovalHasAFenceOfItsOwn(t *testing.T) {
	s := leaving(t)
	s.removed(removeApp)
	fencedEach(t, s.noted(), 4) // queue, log group, images, objects
	s.unstack(s.Observed.Foundation.ID)
	s.put("notes.txt")
	s.noted()
	s.removed(removeFoundation)
	fencedEach(t, s.noted(), 4) // the object, bucket, repository, key
}

func TestNothingOfAStageIsRemovedFromTheFirstFenceOnThatFails(t *testing.T) {
	for times := range 4 {
		s := leaving(t)
		s.holding(times)
		s.fails(removeApp, errFence.Error())
		noted := s.noted()
		first := slices.Index(noted, "broken")
		fencedEach(t, noted[:first], times)
		if slices.ContainsFunc(noted[first:], func(what string) bool { return what != "broken" }) {
			t.Errorf("after the fence that failed there were %v", noted[first:])
		}
	}
}

func TestNothingOfAFoundationIsRemovedWithoutAFence(t *testing.T) {
	s := leaving(t)
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	s.holding(0)
	s.fails(removeFoundation, errFence.Error())
	leaves(t, s.buckets(), []string{s.Names.Bucket})
	leaves(t, s.repositories(), []string{s.Names.Repository})
	if got := s.key().KeyMetadata.KeyState; got != "Enabled" {
		t.Errorf("the key is %s", got)
	}
}

func TestWhatSomeoneElseMadeUnderTheSameStackNameIsUntouched(t *testing.T) {
	s := leaving(t)
	theirs := strings.NewReplacer("jobs", "their-jobs", "/aws/lambda/http", "/their/logs", "mails", "their-mails")
	s.unstack(s.stack(s.Names.AppStack, theirs.Replace(retaining))) // theirs has retained something, too
	s.removed(removeApp)
	leaves(t, s.queues(), []string{"their-jobs"})
	leaves(t, s.logGroups(), []string{"/their/logs"})
}

func TestAQueueOfAStackThatStandsIsNotLeftBehind(t *testing.T) {
	s := leaving(t)
	s.Recorded.Deletion.AppStackID = s.stack(s.Names.AppStack, `{"Resources":{
		"Other":{"Type":"AWS::SQS::Queue","DeletionPolicy":"Retain","Properties":{"QueueName":"other"}}}}`)
	s.removed(removeApp) // only what its deletion has skipped is left behind
	if !slices.Contains(s.queues(), "other") {
		t.Errorf("left are %v", s.queues())
	}
}

func TestAStageWithoutAnApplicationStackLosesItsContent(t *testing.T) {
	for why, deletion := range map[string]*release.Deletion{"nothing is recorded": nil, "there was none": {}} {
		t.Run(why, func(t *testing.T) {
			s := leaving(t)
			s.Recorded.Deletion = deletion
			s.removed(removeApp)
			leaves(t, s.Keys(""), nil)
			leaves(t, s.digests(), nil)
			leaves(t, s.queues(), []string{"jobs"})
		})
	}
}

func TestAStackThatAWSHasForgottenRetainedNothing(t *testing.T) {
	s := leaving(t)
	s.Recorded.Deletion.AppStackID += "-forgotten-after-90-days"
	s.removed(removeApp)
	leaves(t, s.queues(), []string{"jobs"})
}

func TestWhatIsGoneByHandIsNoProblem(t *testing.T) {
	s := leaving(t)
	s.removed(removeApp)
	_, err := s.Clients.ECR.DeleteRepository(t.Context(), &ecr.DeleteRepositoryInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	s.Must(err)
	_, err = s.Clients.S3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(s.Names.Bucket)})
	s.Must(err)
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	s.removed(removeFoundation)
}

func TestARetainedResourceThatAloftDoesNotKnowIsToldAndTheOthersGo(t *testing.T) {
	s := leaving(t)
	app := s.stack(s.Names.AppStack, `{"Resources":{
		"Role":{"Type":"AWS::IAM::Role","DeletionPolicy":"Retain","Properties":{"RoleName":"kept","AssumeRolePolicyDocument":{
			"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}}},
		"Work":{"Type":"AWS::SQS::Queue","DeletionPolicy":"Retain","Properties":{"QueueName":"work"}}}}`)
	s.unstack(app)
	s.Recorded.Deletion.AppStackID = app
	s.fails(removeApp, "AWS::IAM::Role kept", "does not know how to remove")
	leaves(t, s.queues(), []string{"jobs"})
	if len(s.Keys("")) == 0 || len(s.digests()) == 0 {
		t.Error("the content went although something is left of the application")
	}
}

func TestThatSomethingCannotBeRemovedIsTold(t *testing.T) {
	for _, row := range []struct {
		call string
		step release.Step
		text string
	}{
		{"cloudformation:ListStackResources", removeApp, "listing the resources of stack"},
		{"sqs:DeleteQueue", removeApp, "removing AWS::SQS::Queue"},
		{"logs:DeleteLogGroup", removeApp, "removing AWS::Logs::LogGroup /aws/lambda/http"},
		{"ecr:ListImages", removeApp, "listing the images of"},
		{"ecr:BatchDeleteImage", removeApp, "deleting images of"},
		{"s3:ListObjectVersions", removeApp, "listing bucket"},
		{"s3:DeleteObjects", removeApp, "deleting objects of bucket"},
		{"s3:DeleteBucket", removeFoundation, "removing AWS::S3::Bucket"},
		{"s3:ListObjectVersions", removeFoundation, "listing bucket"},
		{"ecr:DeleteRepository", removeFoundation, "removing AWS::ECR::Repository"},
		{"kms:ScheduleKeyDeletion", removeFoundation, "removing AWS::KMS::Key"},
	} {
		t.Run(row.call+" at "+string(row.step.Action), func(t *testing.T) {
			s := leaving(t)
			if row.step.Action == release.ActionRemoveFoundation {
				s.removed(removeApp)
				s.unstack(s.Observed.Foundation.ID)
			}
			s.Fault(row.call, "", tenant.Denied())
			s.fails(row.step, row.text, "not for you")
			s.Local.Faults().Clear()
			s.removed(row.step)
		})
	}
}

func TestALostAnswerOfARemovalIsToldAndDoneAgain(t *testing.T) {
	s := leaving(t)
	for _, call := range []string{
		"sqs:DeleteQueue", "logs:DeleteLogGroup", "ecr:BatchDeleteImage", "s3:DeleteObjects",
	} {
		s.Local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
	}
	for range 3 { // queue and log group together, then images, then objects
		s.fails(removeApp, "reset")
	}
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	for _, call := range []string{"s3:DeleteBucket", "ecr:DeleteRepository", "kms:ScheduleKeyDeletion"} {
		s.Local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
	}
	s.fails(removeFoundation, "reset")
	s.removed(removeFoundation)
	leaves(t, s.buckets(), nil)
	leaves(t, s.repositories(), nil)
	if got := s.key().KeyMetadata.KeyState; got != "PendingDeletion" {
		t.Errorf("the key is %s", got)
	}
}
