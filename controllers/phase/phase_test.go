package phase_test

import (
	"bytes"
	"encoding/json"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	runID   = "20260102t120000-abcd"
)

// stage is a performer of one stage's steps, on a local AWS of its own.
type stage struct {
	*phase.Performer
	phase.Subject
	t     *testing.T
	local *localaws.Server
}

func newStage(t *testing.T) *stage {
	t.Helper()
	local, err := localaws.New(localaws.Options{AccountID: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	clients, err := cloud.NewProvider(local.Config()).For(t.Context(), cloud.Access{AccountID: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	names := desired.Names(release.StageKey{Namespace: "clouder", Name: "production"}, account, region)
	s := &stage{
		Performer: &phase.Performer{Clients: clients, Now: time.Now}, t: t, local: local,
		Subject: phase.Subject{
			Desired: &release.Desired{ID: "r2", BuildID: "v2", ConfigHash: "c2", Owner: "cluster/clouder/production", Names: names,
				Commands: []release.Command{{Name: "migrate", Argv: []string{"/app", "migrate"}}}},
			Observed: &release.Observed{App: &release.Stack{}, Aliases: map[string]release.Alias{}},
			Recorded: &release.Recorded{
				Live: &release.Live{ID: "r2", BuildID: "v2", ConfigHash: "c2"},
				Run:  &release.Run{ID: "r2", Run: runID, Commands: []release.CommandRun{{Name: "migrate"}}},
			},
		},
	}
	_, err = clients.S3.CreateBucket(t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(names.Bucket), CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) perform(step release.Step) error { return s.Perform(s.t.Context(), step, s.Subject) }

func (s *stage) put(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		_, err := s.Clients.S3.PutObject(s.t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(s.Desired.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader([]byte("{}")),
		})
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *stage) get(key string) string {
	s.t.Helper()
	answer, err := s.Clients.S3.GetObject(s.t.Context(), &s3.GetObjectInput{Bucket: aws.String(s.Desired.Names.Bucket), Key: aws.String(key)})
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return string(content)
}

func (s *stage) keys() (keys []string) {
	s.t.Helper()
	answer, err := s.Clients.S3.ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(s.Desired.Names.Bucket)})
	if err != nil {
		s.t.Fatal(err)
	}
	for i := range answer.Contents {
		keys = append(keys, aws.ToString(answer.Contents[i].Key))
	}
	return keys
}

var claimKey = release.CommandKey("r2", runID, "migrate") + release.ClaimSuffix

func TestACommandThatNeverStartedIsMadeVoidForGood(t *testing.T) {
	s := newStage(t)
	for range 2 { // a crash after the put does it again
		if err := s.perform(release.Step{Action: release.ActionVoid, Command: "migrate"}); err != nil {
			t.Fatal(err)
		}
	}
	var claim function.Claim
	if err := json.Unmarshal([]byte(s.get(claimKey)), &claim); err != nil || claim.State != function.ClaimVoid {
		t.Errorf("the claim is %+v, %v", claim, err)
	}
}

func TestTheClaimOfACommandThatStartedStays(t *testing.T) {
	s := newStage(t)
	s.put(claimKey)
	if err := s.perform(release.Step{Action: release.ActionVoid, Command: "migrate"}); err != nil {
		t.Fatal(err)
	}
	if got := s.get(claimKey); got != "{}" {
		t.Errorf("the claim was overwritten by %s", got)
	}
}

func creation(s *stage, of release.Phase, template string) release.Step {
	return release.Step{Action: release.ActionStack, Phase: of, Stack: &release.StackStep{
		Part: release.PartApp, Name: s.Desired.Names.AppStack, Operation: release.StackCreate, Token: "token-1", Template: []byte(template),
	}}
}

func TestAStackOperationBeginsOnceHoweverOftenItIsAskedFor(t *testing.T) {
	s := newStage(t)
	for range 3 {
		if err := s.perform(creation(s, release.PhaseStack, `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue"}}}`)); err != nil {
			t.Fatal(err)
		}
	}
	events, err := s.Clients.CloudFormation.DescribeStackEvents(t.Context(), &cloudformation.DescribeStackEventsInput{StackName: aws.String(s.Desired.Names.AppStack)})
	if err != nil {
		t.Fatal(err)
	}
	begun := 0
	for i := range events.StackEvents {
		if event := &events.StackEvents[i]; aws.ToString(event.ResourceType) == "AWS::CloudFormation::Stack" && event.ResourceStatus == "CREATE_IN_PROGRESS" {
			begun++
		}
	}
	if begun != 1 {
		t.Errorf("it began %d times", begun)
	}
}

func TestARefusedStackOperationIsTheRefusalOfItsPhase(t *testing.T) {
	for of, condition := range map[release.Phase]string{
		release.PhaseStack: v1alpha1.ConditionStackUpdated, release.PhaseActivate: v1alpha1.ConditionActivated, release.PhaseClean: v1alpha1.ConditionCleaned,
	} {
		t.Run(string(of), func(t *testing.T) {
			s := newStage(t)
			rejected, ok := release.AsRejected(s.perform(creation(s, of, `{"Resources":{"Jobs":{"Type":"AWS::Nothing::Known"}}}`)))
			if !ok || rejected.Condition != condition || rejected.Reason != v1alpha1.ReasonStackRefused {
				t.Errorf("got %+v", rejected)
			}
		})
	}
}

func TestTheSweepLeavesWhatAKeptReleaseNeedsAndWhatIsNotAlofts(t *testing.T) {
	s := newStage(t)
	s.Recorded.History = []release.Live{{ID: "r1", BuildID: "v1", ConfigHash: "c1"}}
	if _, err := s.Clients.ECR.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String(s.Desired.Names.Repository)}); err != nil {
		t.Fatal(err)
	}
	kept := []string{
		"assets/v2/app.js", release.MarkerKey("v2"), "assets/v1/app.js", release.ConfigKey("c2"), release.ConfigKey("c1"),
		release.ReleaseKey("r2"), release.ReleaseKey("r1"), claimKey, "someone/elses.txt", "notes.txt",
	}
	swept := []string{
		"assets/v0/app.js", release.MarkerKey("v0"), "assets/v1.1/app.js", release.ConfigKey("c0"), release.ReleaseKey("r0"),
		release.CommandKey("r0", runID, "migrate") + release.ClaimSuffix, release.TemplateKey("t0"),
	}
	s.put(append(slices.Clone(kept), swept...)...)
	if err := s.perform(release.Step{Action: release.ActionSweep}); err != nil {
		t.Fatal(err)
	}
	left := s.keys()
	slices.Sort(left)
	slices.Sort(kept)
	if !slices.Equal(left, kept) {
		t.Errorf("left are %s, want %s", strings.Join(left, " "), strings.Join(kept, " "))
	}
}

func TestAStepThatIsOnlyRecordedIsNotPerformed(t *testing.T) {
	s := newStage(t)
	since := s.local.Calls().End()
	if err := s.perform(release.Step{Action: release.ActionSeal}); err == nil {
		t.Error("it was performed")
	}
	if calls := s.local.Calls().Since(since); len(calls) > 0 {
		t.Errorf("it asked for %v", calls.Names())
	}
}
