package phase_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	runID   = "20260102t120000-abcd"
)

// stage is a performer of one stage's steps, on a local AWS of its own that holds the stage's foundation.
type stage struct {
	*phase.Performer
	phase.Subject
	t     *testing.T
	local *localaws.Server
}

// newStage has a foundation and a run of release r2 of build v2, which nothing is done of yet.
func newStage(t *testing.T, options ...func(*localaws.Options)) *stage {
	t.Helper()
	o := localaws.Options{AccountID: account, Region: region}
	for _, change := range options {
		change(&o)
	}
	local, err := localaws.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	names := desired.Names(release.StageKey{Namespace: "clouder", Name: "production"}, account, region)
	images := image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: t.TempDir()})
	t.Cleanup(images.Close)
	s := &stage{
		Performer: &phase.Performer{
			Clients: clientsOf(local.Config()), Names: names, Now: time.Now, Images: images,
			Runtimes: map[string]*image.Runtime{"amd64": image.RuntimeFromBytes("1.0", []byte("#!/bin/sh\n"))},
		},
		t: t, local: local,
		Subject: phase.Subject{
			Desired: &release.Desired{
				Stage: release.StageKey{Namespace: "clouder", Name: "production"}, Owner: "cluster/clouder/production",
				ID: "r2", BuildID: "v2", Revision: "1", ConfigHash: "c2", Names: names,
				Config: release.Config{
					Environment: map[string]string{"APP_ENV": "production"},
					Secrets:     map[string]release.Sensitive{"TOKEN": "hunter2-token"},
				},
				Functions: []release.Function{
					function(names, "default-queue", release.RoleQueue), function(names, "cli", release.RoleCLI),
					function(names, "http", release.RoleHTTP),
				},
			},
			Observed: &release.Observed{App: &release.Stack{}, Aliases: map[string]release.Alias{}},
			Recorded: &release.Recorded{Run: &release.Run{ID: runID, ReleaseID: "r2", BuildID: "v2"}},
		},
	}
	s.Observed.Foundation = &release.Stack{Exists: true, Outputs: s.foundation()}
	return s
}

func function(names release.Names, name string, role release.Role) release.Function {
	return release.Function{
		Name: name, FullName: names.Prefix + "-" + name, Role: role, MemoryMiB: 128, TimeoutSeconds: 20,
	}
}

// clientsOf makes each call once, so that a fault reaches the step; that calls are repeated is for the tests of
// package cloud.
func clientsOf(config aws.Config) *cloud.Clients {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &cloud.Clients{
		Account: account, Region: region,
		CloudFormation: cloudformation.NewFromConfig(config), S3: s3.NewFromConfig(config),
		ECR: ecr.NewFromConfig(config),
		KMS: kms.NewFromConfig(config), Lambda: lambda.NewFromConfig(config), Invoke: lambda.NewFromConfig(config),
	}
}

// foundation makes bucket, repository and key, and gives the outputs of the stack that would have made them.
func (s *stage) foundation() map[string]string {
	s.t.Helper()
	_, err := s.Clients.S3.CreateBucket(s.t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(s.Names.Bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	s.must(err)
	repository, err := s.Clients.ECR.CreateRepository(s.t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(s.Names.Repository), ImageTagMutability: ecrtypes.ImageTagMutabilityImmutable,
	})
	s.must(err)
	_, err = s.Clients.ECR.SetRepositoryPolicy(s.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(s.Names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	s.must(err)
	key, err := s.Clients.KMS.CreateKey(s.t.Context(), &kms.CreateKeyInput{})
	s.must(err)
	return map[string]string{
		release.OutputBucketName:    s.Names.Bucket,
		release.OutputRepositoryURI: aws.ToString(repository.Repository.RepositoryUri),
		release.OutputKeyARN:        aws.ToString(key.KeyMetadata.Arn),
	}
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) perform(step release.Step) (release.Outcome, error) {
	return s.Perform(s.t.Context(), step, s.Subject)
}

// done performs a step that must succeed.
func (s *stage) done(step release.Step) release.Outcome {
	s.t.Helper()
	outcome, err := s.perform(step)
	s.must(err)
	return outcome
}

// refused performs a step that must be refused for good, with all of these texts in the message.
func (s *stage) refused(step release.Step, condition, reason string, texts ...string) {
	s.t.Helper()
	_, err := s.perform(step)
	rejected, ok := release.AsRejected(err)
	if !ok || rejected.Condition != condition || rejected.Reason != reason {
		s.t.Fatalf("got %v, want %s at %s", err, reason, condition)
	}
	contains(s.t, rejected.Message, texts...)
}

// waits performs a step that must wait, with all of these texts in the message.
func (s *stage) waits(step release.Step, condition, reason string, texts ...string) release.Outcome {
	s.t.Helper()
	outcome, err := s.perform(step)
	waiting, ok := release.AsWaiting(err)
	if !ok || waiting.Condition != condition || waiting.Reason != reason || waiting.After == 0 {
		s.t.Fatalf("got %v, want %s at %s", err, reason, condition)
	}
	contains(s.t, waiting.Message, texts...)
	return outcome
}

// fails performs a step that must end with an error that may pass.
func (s *stage) fails(step release.Step) error {
	s.t.Helper()
	_, err := s.perform(step)
	_, rejected := release.AsRejected(err)
	_, waiting := release.AsWaiting(err)
	if err == nil || rejected || waiting {
		s.t.Fatalf("got %v, want an error that may pass", err)
	}
	return err
}

func contains(t *testing.T, message string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(message, text) {
			t.Errorf("the message %q does not tell %q", message, text)
		}
	}
}

// denied is what AWS answers to a role without a right.
func denied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "not for you")
}

// fault lets calls fail before they are executed, for the keys that a text is part of.
func (s *stage) fault(call, key string, answer *wire.Error) (repair func()) {
	return s.local.Faults().Inject(wire.Fault{
		Call: call, Kind: wire.FaultError, Error: answer,
		Match: func(c *wire.Call) bool { return strings.Contains(c.HTTP.URL.Path, key) },
	})
}

// loseAnswer lets a call be executed once without that its caller hears of it.
func (s *stage) loseAnswer(call string) {
	s.local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultLoseAnswer, Times: 1})
}

// changes are the calls of a step that have changed something, whatever became of it.
func (s *stage) changes(step release.Step) []string {
	s.t.Helper()
	since := s.local.Calls().End()
	_, _ = s.perform(step)
	return s.local.Calls().Since(since).Effects().Names()
}
