package removal_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

var (
	removeApp        = release.Step{Action: release.ActionRemoveApp}
	removeFoundation = release.Step{Action: release.ActionRemoveFoundation}
)

// retaining is an application stack whose queue and log group stay behind, and whose other queue does not.
const retaining = `{"Resources":{
	"Jobs":{"Type":"AWS::SQS::Queue","DeletionPolicy":"Retain","Properties":{"QueueName":"jobs"}},
	"Logs":{"Type":"AWS::Logs::LogGroup","DeletionPolicy":"Retain","Properties":{"LogGroupName":"/aws/lambda/http"}},
	"Mails":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"mails"}}}}`

// stack makes a stack and gives its id.
func (s *stage) stack(name, template string) string {
	s.t.Helper()
	made, err := s.Clients.CloudFormation.CreateStack(s.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(name), TemplateBody: aws.String(template),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	s.must(err)
	s.await(aws.ToString(made.StackId), types.StackStatusCreateComplete)
	return aws.ToString(made.StackId)
}

// unstack deletes a stack and waits until it is gone.
func (s *stage) unstack(id string) {
	s.t.Helper()
	_, err := s.Clients.CloudFormation.DeleteStack(s.t.Context(), &cloudformation.DeleteStackInput{
		StackName: aws.String(id),
	})
	s.must(err)
	s.await(id, types.StackStatusDeleteComplete)
}

func (s *stage) await(id string, want types.StackStatus) {
	s.t.Helper()
	for range 2000 {
		answer, err := s.Clients.CloudFormation.DescribeStacks(s.t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String(id),
		})
		s.must(err)
		switch status := answer.Stacks[0].StackStatus; {
		case status == want:
			return
		case !strings.HasSuffix(string(status), "_IN_PROGRESS"):
			s.t.Fatalf("the stack is %s: %s", status, aws.ToString(answer.Stacks[0].StackStatusReason))
		}
		time.Sleep(time.Millisecond)
	}
	s.t.Fatalf("the stack does not become %s", want)
}

// leaving is a stage that is being deleted: its foundation stands and is used, its application stack is gone.
func leaving(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.Observed.Foundation.ID = s.stack(s.Names.FoundationStack, string(template.Foundation(s.Desired).JSON()))
	answer, err := s.Clients.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{
		StackName: aws.String(s.Observed.Foundation.ID),
	})
	s.must(err)
	s.Observed.Foundation.Outputs = map[string]string{}
	for _, output := range answer.Stacks[0].Outputs {
		s.Observed.Foundation.Outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	app := s.stack(s.Names.AppStack, retaining)
	s.Recorded.Deletion = &release.Deletion{AppStackID: app, FoundationStackID: s.Observed.Foundation.ID}
	s.image(release.BuildTag("v1"), "mine")
	s.image(release.BuildTag("v2"))
	s.put("assets/v2/app.js", release.ConfigKey("c2"), "notes.txt")
	s.unstack(app)
	s.noted()
	return s
}

func (s *stage) queues() []string {
	s.t.Helper()
	answer, err := s.Clients.SQS.ListQueues(s.t.Context(), &sqs.ListQueuesInput{})
	s.must(err)
	names := make([]string, len(answer.QueueUrls))
	for i, url := range answer.QueueUrls {
		names[i] = url[strings.LastIndex(url, "/")+1:]
	}
	return names
}

func (s *stage) logGroups() (names []string) {
	s.t.Helper()
	answer, err := s.Clients.Logs.DescribeLogGroups(s.t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	s.must(err)
	for i := range answer.LogGroups {
		names = append(names, aws.ToString(answer.LogGroups[i].LogGroupName))
	}
	return names
}

func (s *stage) buckets() []string {
	s.t.Helper()
	answer, err := s.Clients.S3.ListBuckets(s.t.Context(), &s3.ListBucketsInput{})
	s.must(err)
	var names []string
	for _, bucket := range answer.Buckets {
		names = append(names, aws.ToString(bucket.Name))
	}
	return names
}

func (s *stage) repositories() []string {
	s.t.Helper()
	answer, err := s.Clients.ECR.DescribeRepositories(s.t.Context(), &ecr.DescribeRepositoriesInput{})
	s.must(err)
	var names []string
	for i := range answer.Repositories {
		names = append(names, aws.ToString(answer.Repositories[i].RepositoryName))
	}
	return names
}

// key is the state of the stage's key.
func (s *stage) key() *kms.DescribeKeyOutput {
	s.t.Helper()
	answer, err := s.Clients.KMS.DescribeKey(s.t.Context(), &kms.DescribeKeyInput{
		KeyId: aws.String(s.Observed.Foundation.Outputs[release.OutputKeyARN]),
	})
	s.must(err)
	return answer
}

func TestWhatTheApplicationRetainedAndAllImagesAndObjectsGo(t *testing.T) {
	s := leaving(t)
	leaves(t, s.queues(), []string{"jobs"})
	for range 2 { // twice in a row is fine
		s.removed(removeApp)
		leaves(t, s.queues(), nil)
		leaves(t, s.logGroups(), nil)
		leaves(t, s.keys(), nil)
		leaves(t, s.digests(), nil)
	}
	// The foundation stands until its stack is gone.
	leaves(t, s.buckets(), []string{s.Names.Bucket})
	leaves(t, s.repositories(), []string{s.Names.Repository})
	if got := s.key().KeyMetadata.KeyState; got != "Enabled" {
		t.Errorf("the key is %s", got)
	}
}

func TestAllOfABucketWithVersionsGoes(t *testing.T) {
	s := leaving(t)
	s.versioned()
	for i := range 501 { // with their two versions and delete markers more than S3 lists or deletes at once
		s.put(fmt.Sprintf("assets/v2/%d", i), fmt.Sprintf("assets/v2/%d", i))
	}
	_, err := s.Clients.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String("notes.txt"),
	})
	s.must(err)
	s.removed(removeApp)
	answer, err := s.Clients.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{
		Bucket: aws.String(s.Names.Bucket),
	})
	s.must(err)
	if len(answer.Versions)+len(answer.DeleteMarkers) != 0 {
		t.Errorf("left are %d versions and %d delete markers", len(answer.Versions), len(answer.DeleteMarkers))
	}
}

func TestWhatTheFoundationRetainedGoesAndItsKeyIsScheduled(t *testing.T) {
	s := leaving(t)
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	for range 2 { // the second time the key is scheduled already
		s.removed(removeFoundation)
		leaves(t, s.buckets(), nil)
		leaves(t, s.repositories(), nil)
	}
	got := s.key().KeyMetadata
	if got.KeyState != "PendingDeletion" || got.DeletionDate == nil ||
		got.DeletionDate.Sub(s.clock.Now()) > 8*24*time.Hour {
		t.Errorf("the key is %s until %v", got.KeyState, got.DeletionDate)
	}
}

func TestTheFoundationGoesEvenWhenSomethingWasWrittenMeanwhile(t *testing.T) {
	s := leaving(t)
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	s.put("notes.txt")
	s.image("mine")
	s.removed(removeFoundation)
	leaves(t, s.buckets(), nil)
	leaves(t, s.repositories(), nil)
}

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
			leaves(t, s.keys(), nil)
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
	s.must(err)
	_, err = s.Clients.S3.DeleteBucket(t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(s.Names.Bucket)})
	s.must(err)
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	s.removed(removeFoundation)
}

func TestARetainedResourceThatAloftDoesNotKnowIsToldAndTheOthersGo(t *testing.T) {
	s := leaving(t)
	app := s.stack(s.Names.AppStack, `{"Resources":{
		"Role":{"Type":"AWS::IAM::Role","DeletionPolicy":"Retain","Properties":{"RoleName":"kept","AssumeRolePolicyDocument":{
			"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}}},
		"Work":{"Type":"AWS::SQS::Queue","DeletionPolicy":"Retain","Properties":{"QueueName":"work"}}}}`)
	s.unstack(app)
	s.Recorded.Deletion.AppStackID = app
	s.fails(removeApp, "AWS::IAM::Role kept", "does not know how to remove")
	leaves(t, s.queues(), []string{"jobs"})
	if len(s.keys()) == 0 || len(s.digests()) == 0 {
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
			s.fault(row.call, denied())
			s.fails(row.step, row.text, "not for you")
			s.local.Faults().Clear()
			s.removed(row.step)
		})
	}
}

func TestALostAnswerOfARemovalIsToldAndDoneAgain(t *testing.T) {
	s := leaving(t)
	for _, call := range []string{
		"sqs:DeleteQueue", "logs:DeleteLogGroup", "ecr:BatchDeleteImage", "s3:DeleteObjects",
	} {
		s.local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
	}
	for range 3 { // queue and log group together, then images, then objects
		s.fails(removeApp, "reset")
	}
	s.removed(removeApp)
	s.unstack(s.Observed.Foundation.ID)
	for _, call := range []string{"s3:DeleteBucket", "ecr:DeleteRepository", "kms:ScheduleKeyDeletion"} {
		s.local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
	}
	s.fails(removeFoundation, "reset")
	s.removed(removeFoundation)
	leaves(t, s.buckets(), nil)
	leaves(t, s.repositories(), nil)
	if got := s.key().KeyMetadata.KeyState; got != "PendingDeletion" {
		t.Errorf("the key is %s", got)
	}
}
