package removal_test

import (
	"fmt"
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
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
	"github.com/aloft-dev/aloft/test/tenant"
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

// stack makes a stack of the stage's and gives its id.
func (s *stage) stack(name, template string) string {
	s.t.Helper()
	return s.stackOf(tenant.Owner, name, template)
}

func (s *stage) stackOf(owner, name, template string) string {
	s.t.Helper()
	made, err := s.Clients.CloudFormation.CreateStack(s.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(name), TemplateBody: aws.String(template),
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		Tags: []types.Tag{
			{Key: aws.String(release.OwnerTag), Value: aws.String(owner)},
			{Key: aws.String(release.NamespaceTag), Value: aws.String(tenant.NamespaceUID)},
		},
	})
	s.Must(err)
	s.await(aws.ToString(made.StackId), types.StackStatusCreateComplete)
	return aws.ToString(made.StackId)
}

// unstack deletes a stack and waits until it is gone.
func (s *stage) unstack(id string) {
	s.t.Helper()
	_, err := s.Clients.CloudFormation.DeleteStack(s.t.Context(), &cloudformation.DeleteStackInput{
		StackName: aws.String(id),
	})
	s.Must(err)
	s.await(id, types.StackStatusDeleteComplete)
}

func (s *stage) await(id string, want types.StackStatus) {
	s.t.Helper()
	for range 2000 {
		answer, err := s.Clients.CloudFormation.DescribeStacks(s.t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String(id),
		})
		s.Must(err)
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
	s.Must(err)
	s.Observed.Foundation.Outputs = map[string]string{}
	for _, output := range answer.Stacks[0].Outputs {
		s.Observed.Foundation.Outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	app := s.stack(s.Names.AppStack, retaining)
	s.Recorded.Deletion = &release.Deletion{AppStackID: app, FoundationStackID: s.Observed.Foundation.ID}
	s.PushAny(release.BuildTag("v1"), "mine")
	s.PushAny(release.BuildTag("v2"))
	s.put("_aloft/assets/v2/app.js", release.ConfigKey("c2"), "notes.txt")
	s.unstack(app)
	s.noted()
	return s
}

func (s *stage) queues() []string {
	s.t.Helper()
	answer, err := s.Clients.SQS.ListQueues(s.t.Context(), &sqs.ListQueuesInput{})
	s.Must(err)
	names := make([]string, len(answer.QueueUrls))
	for i, url := range answer.QueueUrls {
		names[i] = url[strings.LastIndex(url, "/")+1:]
	}
	return names
}

func (s *stage) logGroups() (names []string) {
	s.t.Helper()
	answer, err := s.Clients.Logs.DescribeLogGroups(s.t.Context(), &cloudwatchlogs.DescribeLogGroupsInput{})
	s.Must(err)
	for i := range answer.LogGroups {
		names = append(names, aws.ToString(answer.LogGroups[i].LogGroupName))
	}
	return names
}

func (s *stage) buckets() []string {
	s.t.Helper()
	answer, err := s.Clients.S3.ListBuckets(s.t.Context(), &s3.ListBucketsInput{})
	s.Must(err)
	var names []string
	for _, bucket := range answer.Buckets {
		names = append(names, aws.ToString(bucket.Name))
	}
	return names
}

func (s *stage) repositories() []string {
	s.t.Helper()
	answer, err := s.Clients.ECR.DescribeRepositories(s.t.Context(), &ecr.DescribeRepositoriesInput{})
	s.Must(err)
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
	s.Must(err)
	return answer
}

func TestWhatTheApplicationRetainedAndAllImagesAndObjectsGo(t *testing.T) {
	s := leaving(t)
	leaves(t, s.queues(), []string{"jobs"})
	for range 2 { // twice in a row is fine
		s.removed(removeApp)
		leaves(t, s.queues(), nil)
		leaves(t, s.logGroups(), nil)
		leaves(t, s.Keys(""), nil)
		leaves(t, s.digests(), nil)
	}
	// The foundation stands until its stack is gone.
	leaves(t, s.buckets(), []string{s.Names.Bucket})
	leaves(t, s.repositories(), []string{s.Names.Repository})
	if got := s.key().KeyMetadata.KeyState; got != "Enabled" {
		t.Errorf("the key is %s", got)
	}
}

func TestARecordedStackOfSomeoneElseIsLeftAlone(t *testing.T) {
	for why, record := range map[string]func(*stage, string) release.Step{
		"as the application": func(s *stage, id string) release.Step {
			s.Recorded.Deletion.AppStackID = id
			return removeApp
		},
		"as the foundation": func(s *stage, id string) release.Step {
			s.Recorded.Deletion.FoundationStackID = id
			return removeFoundation
		},
	} {
		t.Run(why, func(t *testing.T) {
			s := leaving(t)
			theirs := s.stackOf("cluster/clouder/victim", "aloft-victim", `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue",
				"DeletionPolicy":"Retain","Properties":{"QueueName":"their-jobs"}}}}`)
			s.unstack(theirs)
			s.fails(record(s, theirs), `belongs to "cluster/clouder/victim/`, "nothing of it is removed")
			leaves(t, s.queues(), []string{"jobs", "their-jobs"})
		})
	}
}

func TestWhatIsEmptiedIsTheStagesOwnBucket(t *testing.T) {
	s := leaving(t)
	_, err := s.Clients.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String("victim"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: tenant.Region},
	})
	s.Must(err)
	_, err = s.Clients.S3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String("victim"), Key: aws.String("theirs"), Body: strings.NewReader("x"),
	})
	s.Must(err)
	s.Observed.Foundation.Outputs[release.OutputBucketName] = "victim"
	s.removed(removeApp)
	left, err := s.Clients.S3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("victim")})
	s.Must(err)
	if len(left.Contents) != 1 {
		t.Error("a bucket was emptied that an output of the stack named")
	}
	leaves(t, s.Keys(""), nil)
}

func TestAllOfABucketWithVersionsGoes(t *testing.T) {
	s := leaving(t)
	s.versioned()
	for i := range 501 { // with their two versions and delete markers more than S3 lists or deletes at once
		s.put(fmt.Sprintf("_aloft/assets/v2/%d", i), fmt.Sprintf("_aloft/assets/v2/%d", i))
	}
	_, err := s.Clients.S3.DeleteObject(t.Context(), &s3.DeleteObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String("notes.txt"),
	})
	s.Must(err)
	s.removed(removeApp)
	answer, err := s.Clients.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{
		Bucket: aws.String(s.Names.Bucket),
	})
	s.Must(err)
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
	s.PushAny("mine")
	s.removed(removeFoundation)
	leaves(t, s.buckets(), nil)
	leaves(t, s.repositories(), nil)
}
