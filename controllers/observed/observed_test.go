package observed_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	owner   = "cluster/clouder/production"
)

// view is an observer of a stage on a local AWS of its own.
type view struct {
	*observed.Observer
	t *testing.T
}

func newView(t *testing.T) *view {
	t.Helper()
	server, err := localaws.New(localaws.Options{AccountID: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	clients, err := cloud.NewProvider(server.Config()).For(t.Context(), cloud.Access{AccountID: account, Region: region})
	if err != nil {
		t.Fatal(err)
	}
	names := desired.Names(release.StageKey{Namespace: "clouder", Name: "production"}, account, region)
	return &view{Observer: &observed.Observer{Clients: clients, Names: names, Owner: owner}, t: t}
}

// look gives what is seen of a part.
func (v *view) look(step release.Step) release.Observed {
	v.t.Helper()
	seen := release.Observed{}
	recorded := &release.Recorded{Run: &release.Run{ReleaseID: "r1", ID: "20260102t120000-abcd"}}
	if err := v.Look(v.t.Context(), step, &release.Desired{}, recorded, &seen); err != nil {
		v.t.Fatal(err)
	}
	return seen
}

// stack makes the application stack or updates it, and waits until that has ended, however.
func (v *view) stack(template, token string, tags ...types.Tag) {
	v.t.Helper()
	cfn, name := v.Clients.CloudFormation, aws.String(v.Names.AppStack)
	_, err := cfn.CreateStack(v.t.Context(), &cloudformation.CreateStackInput{
		StackName: name, TemplateBody: aws.String(template), ClientRequestToken: aws.String(token), Tags: tags,
	})
	if cloud.IsAlreadyExists(err) {
		_, err = cfn.UpdateStack(v.t.Context(), &cloudformation.UpdateStackInput{
			StackName: name, TemplateBody: aws.String(template), ClientRequestToken: aws.String(token), Tags: tags,
		})
	}
	if err != nil {
		v.t.Fatal(err)
	}
	for range 1000 {
		answer, err := cfn.DescribeStacks(v.t.Context(), &cloudformation.DescribeStacksInput{StackName: name})
		if err != nil {
			v.t.Fatal(err)
		}
		if !strings.HasSuffix(string(answer.Stacks[0].StackStatus), "_IN_PROGRESS") {
			return
		}
		time.Sleep(5 * time.Millisecond)
	}
	v.t.Fatal("the stack operation does not end")
}

func own() types.Tag { return types.Tag{Key: aws.String(release.OwnerTag), Value: aws.String(owner)} }

const (
	oneQueue = `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}}},"Outputs":{"Rendering":{"Value":"h1"}}}`
	// Mails is refused, and what was begun beside it is cancelled for that.
	badQueue = `{"Resources":{"Jobs":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"jobs"}},
		"Mails":{"Type":"AWS::SQS::Queue","Properties":{"QueueName":"mails","VisibilityTimeout":99999}}},"Outputs":{"Rendering":{"Value":"h2"}}}`
)

func TestAStackThatIsNotThereIsSeenAsThat(t *testing.T) {
	v := newView(t)
	if got := v.look(release.Step{Part: release.PartApp}).App; got == nil || got.Exists || got.Foreign != "" {
		t.Errorf("seen is %+v", got)
	}
}

func TestAStackIsSeenWithItsTemplateOutputsAndOwner(t *testing.T) {
	v := newView(t)
	v.stack(oneQueue, "first", own())
	got := v.look(release.Step{Part: release.PartApp}).App
	if !got.Exists || got.Status != "CREATE_COMPLETE" || got.Outputs["Rendering"] != "h1" || string(got.Template) != oneQueue || got.Foreign != "" {
		t.Errorf("seen is %+v", got)
	}
}

func TestAStackOfSomeoneElseIsForeign(t *testing.T) {
	v := newView(t)
	v.stack(oneQueue, "first", types.Tag{Key: aws.String(release.OwnerTag), Value: aws.String("cluster/other/stage")})
	if got := v.look(release.Step{Part: release.PartApp}).App; !strings.Contains(got.Foreign, "cluster/other/stage") {
		t.Errorf("seen is %+v", got)
	}
}

func TestTheRootCauseOfARollbackAndItsTokenAreFound(t *testing.T) {
	v := newView(t)
	v.stack(oneQueue, "first", own())
	v.stack(badQueue, "second", own())
	got := v.look(release.Step{Part: release.PartApp}).App
	if got.Status != "UPDATE_ROLLBACK_COMPLETE" || got.Token != "second" || got.Outputs["Rendering"] != "h1" {
		t.Errorf("seen is %s by %q with %v", got.Status, got.Token, got.Outputs)
	}
	if !strings.HasPrefix(got.Failure, "AWS::SQS::Queue Mails CREATE_FAILED: ") || !strings.Contains(got.Failure, "VisibilityTimeout") {
		t.Errorf("the root cause is %q", got.Failure)
	}
}

func TestARepositoryOfTheStagesNameIsSeenBeforeAStackTriesToMakeIt(t *testing.T) {
	v := newView(t)
	if _, err := v.Clients.ECR.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String(v.Names.Repository)}); err != nil {
		t.Fatal(err)
	}
	if got := v.look(release.Step{Part: release.PartFoundation}).Foundation; got.Exists || !strings.Contains(got.Foreign, v.Names.Repository) {
		t.Errorf("seen is %+v", got)
	}
}

// failing is a network that is down.
type failing struct{}

// Do answers nothing.
func (failing) Do(*http.Request) (*http.Response, error) {
	return nil, errors.New("the network is down")
}

func TestThatNothingCouldBeSeenIsAnErrorAndNotAbsence(t *testing.T) {
	v := newView(t)
	v.Clients.CloudFormation = cloudformation.NewFromConfig(aws.Config{
		Region: region, Credentials: aws.AnonymousCredentials{}, HTTPClient: failing{}, RetryMaxAttempts: 1,
	})
	seen := release.Observed{}
	err := v.Look(t.Context(), release.Step{Part: release.PartApp}, &release.Desired{}, &release.Recorded{}, &seen)
	if err == nil || seen.App != nil {
		t.Errorf("seen is %+v with error %v", seen.App, err)
	}
}

// put stores an object in the stage's bucket.
func (v *view) put(key string, content any) {
	v.t.Helper()
	body, err := json.Marshal(content)
	if err != nil {
		v.t.Fatal(err)
	}
	_, err = v.Clients.S3.PutObject(v.t.Context(), &s3.PutObjectInput{Bucket: aws.String(v.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader(body)})
	if err != nil {
		v.t.Fatal(err)
	}
}

func (v *view) makeBucket() {
	v.t.Helper()
	_, err := v.Clients.S3.CreateBucket(v.t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(v.Names.Bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	if err != nil {
		v.t.Fatal(err)
	}
}

func TestTheEvidenceOfACommandIsItsClaimAndItsResult(t *testing.T) {
	v := newView(t)
	v.makeBucket()
	look := func() *release.CommandEvidence {
		return v.look(release.Step{Part: release.PartCommand, Command: "migrate"}).Command
	}
	if got := look(); got.Name != "migrate" || got.Claimed || got.Void {
		t.Errorf("without a claim seen is %+v", got)
	}
	key := release.CommandKey("r1", "20260102t120000-abcd", "migrate")
	v.put(key+release.ClaimSuffix, map[string]any{"state": "started", "startedAt": "2026-01-02T12:00:05Z"})
	if got := look(); !got.Claimed || got.Result != nil || !got.StartedAt.Equal(time.Date(2026, 1, 2, 12, 0, 5, 0, time.UTC)) {
		t.Errorf("with a claim seen is %+v", got)
	}
	v.put(key+release.ResultSuffix, map[string]any{
		"exit_code": 3, "output": base64.StdEncoding.EncodeToString([]byte("no such table")), "finishedAt": "2026-01-02T12:00:09Z",
	})
	if got := look(); got.Result == nil || got.Result.ExitCode != 3 || string(got.Result.Output) != "no such table" {
		t.Errorf("with a result seen is %+v", got.Result)
	}
	v.put(key+release.ClaimSuffix, map[string]any{"state": function.ClaimVoid})
	if got := look(); !got.Void || got.Claimed {
		t.Errorf("with a void claim seen is %+v", got)
	}
}

func TestTheRunThatWasLeftIsTheNewestThatClaimedSomething(t *testing.T) {
	v := newView(t)
	left := func() *release.LeftRun { return v.look(release.Step{Part: release.PartLeft, Release: "r1"}).Left }
	if got := left(); got.Run != "" {
		t.Errorf("without a bucket found is %+v", got)
	}
	v.makeBucket()
	for _, key := range []string{
		release.CommandKey("r1", "20260102t120000-abcd", "migrate") + release.ClaimSuffix,
		release.CommandKey("r1", "20260103t120000-abcd", "migrate") + release.ClaimSuffix,
		release.CommandKey("r1", "20260103t120000-abcd", "seed") + release.ClaimSuffix,
		release.CommandKey("r1", "20260104t120000-abcd", "migrate") + release.ResultSuffix,
		release.CommandKey("r2", "20260105t120000-abcd", "migrate") + release.ClaimSuffix,
	} {
		v.put(key, map[string]any{})
	}
	if got := left(); got.Run != "20260103t120000-abcd" || len(got.Commands) != 2 {
		t.Errorf("found is %+v", got)
	}
}

func TestWithoutItsBucketACommandLeavesNothing(t *testing.T) {
	v := newView(t)
	if got := v.look(release.Step{Part: release.PartCommand, Command: "migrate"}).Command; !got.Lost || got.Claimed || got.Void {
		t.Errorf("seen is %+v", got)
	}
}

func TestADeclarationIsReadBack(t *testing.T) {
	v := newView(t)
	v.makeBucket()
	v.put(release.ReleaseKey("r1"), &release.Desired{ID: "r1", BuildID: "v1"})
	if got := v.look(release.Step{Part: release.PartDeclaration, Release: "r1"}).Declaration; got.BuildID != "v1" {
		t.Errorf("read is %+v", got)
	}
	err := v.Look(t.Context(), release.Step{Part: release.PartDeclaration, Release: "r2"}, nil, &release.Recorded{}, &release.Observed{})
	if err == nil || !strings.Contains(err.Error(), "r2") {
		t.Errorf("one that is not there gave %v", err)
	}
}
