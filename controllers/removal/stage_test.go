package removal_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	keep    = time.Hour
)

// stage is a remover of one stage, on a local AWS of its own whose clock the test moves. Both count by that clock.
type stage struct {
	*removal.Remover
	removal.Subject
	t     *testing.T
	local *localaws.Server
	clock *wire.ManualClock

	mu sync.Mutex
	// order has each fence and each call that deletes, as they came.
	order []string
}

// newStage runs release r2, has r1 in its history, and has neither functions nor repository nor bucket yet.
func newStage(t *testing.T) *stage {
	t.Helper()
	clock := wire.NewManualClock(time.Now())
	local, err := localaws.New(localaws.Options{AccountID: account, Region: region, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = local.Close() })
	key := release.StageKey{Namespace: "clouder", Name: "production"}
	names := desired.Names(key, account, region)
	s := &stage{t: t, local: local, clock: clock}
	s.Remover = &removal.Remover{
		Clients: clientsOf(local.Config()), Names: names, Keep: keep, Now: clock.Now,
		Fence: func(context.Context) error { s.note("fence"); return nil },
	}
	s.Subject = removal.Subject{
		Desired: &release.Desired{
			ID: "r2", BuildID: "v2", ConfigHash: "c2", Stage: key, Owner: "cluster/clouder/production", Names: names,
			Functions: []release.Function{{Name: "http", FullName: names.Prefix + "-http"}},
		},
		Observed: &release.Observed{
			App: &release.Stack{}, Foundation: &release.Stack{}, Aliases: map[string]release.Alias{},
		},
		Recorded: &release.Recorded{
			Live:    &release.Live{ID: "r2", BuildID: "v2", ConfigHash: "c2"},
			History: []release.Live{{ID: "r1", BuildID: "v1", ConfigHash: "c1"}},
		},
	}
	s.local.Watch(func(call wire.Record) {
		if call.Mutating && deletes(call.Operation) {
			s.note(call.Name())
		}
	})
	return s
}

// deletes says that an operation takes something away.
func deletes(operation string) bool {
	return strings.HasPrefix(operation, "Delete") || strings.HasPrefix(operation, "BatchDelete") ||
		strings.HasPrefix(operation, "Schedule")
}

// clientsOf makes each call once, so that a fault reaches the step.
func clientsOf(config aws.Config) *cloud.Clients {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &cloud.Clients{
		Account: account, Region: region,
		CloudFormation: cloudformation.NewFromConfig(config), S3: s3.NewFromConfig(config),
		ECR: ecr.NewFromConfig(config),
		KMS: kms.NewFromConfig(config), Lambda: lambda.NewFromConfig(config), SQS: sqs.NewFromConfig(config),
		Logs: cloudwatchlogs.NewFromConfig(config),
	}
}

func (s *stage) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, what)
}

// noted are the fences and deletions since the last time that they were asked for.
func (s *stage) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	noted := s.order
	s.order = nil
	return noted
}

func (s *stage) must(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
}

var sweep = release.Step{Action: release.ActionSweep, Phase: release.PhaseClean}

func (s *stage) remove(step release.Step) error { return s.Remove(s.t.Context(), step, s.Subject) }

// removed performs a step that must succeed.
func (s *stage) removed(step release.Step) {
	s.t.Helper()
	s.must(s.remove(step))
}

// fails performs a step that must fail with all of these texts.
func (s *stage) fails(step release.Step, texts ...string) {
	s.t.Helper()
	err := s.remove(step)
	if err == nil {
		s.t.Fatal("it succeeded")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			s.t.Errorf("the error %q does not tell %q", err, text)
		}
	}
}

// denied is what AWS answers to a role without a right.
func denied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "not for you")
}

func (s *stage) fault(call string, answer *wire.Error) {
	s.local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultError, Error: answer})
}

// later lets an hour pass, so that what was made before is old.
func (s *stage) later() { s.clock.Advance(time.Hour) }

func (s *stage) bucket() {
	s.t.Helper()
	_, err := s.Clients.S3.CreateBucket(s.t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(s.Names.Bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	s.must(err)
}

func (s *stage) put(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		_, err := s.Clients.S3.PutObject(s.t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(s.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader([]byte("{}")),
		})
		s.must(err)
	}
}

// keys of all objects in the stage's bucket.
func (s *stage) keys() (keys []string) {
	s.t.Helper()
	pages := s3.NewListObjectsV2Paginator(s.Clients.S3, &s3.ListObjectsV2Input{Bucket: aws.String(s.Names.Bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		s.must(err)
		for i := range page.Contents {
			keys = append(keys, aws.ToString(page.Contents[i].Key))
		}
	}
	return keys
}

func (s *stage) repository() {
	s.t.Helper()
	_, err := s.Clients.ECR.CreateRepository(s.t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	s.must(err)
	_, err = s.Clients.ECR.SetRepositoryPolicy(s.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(s.Names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	s.must(err)
}

// uri is the stage's repository by its address.
func (s *stage) uri() string {
	return strings.TrimPrefix(s.local.URL(), "http://") + "/" + s.Names.Repository
}

// image pushes an image of its own under tags and gives its digest.
func (s *stage) image(tags ...string) string {
	s.t.Helper()
	built, err := random.Image(16, 1)
	s.must(err)
	return s.push(built, tags...)
}

// push brings an image or an index into the stage's repository.
func (s *stage) push(built interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}, tags ...string,
) string {
	s.t.Helper()
	token, err := s.Clients.ECR.GetAuthorizationToken(s.t.Context(), &ecr.GetAuthorizationTokenInput{})
	s.must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	s.must(err)
	user, password, _ := strings.Cut(string(login), ":")
	for _, tag := range tags {
		target, err := name.NewTag(s.uri()+":"+tag, name.Insecure)
		s.must(err)
		s.must(remote.Push(target, built, remote.WithTransport(s.local.Transport()),
			remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))))
	}
	digest, err := built.Digest()
	s.must(err)
	return digest.String()
}

// digests of all images in the stage's repository, sorted.
func (s *stage) digests() (digests []string) {
	s.t.Helper()
	pages := ecr.NewDescribeImagesPaginator(s.Clients.ECR, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		s.must(err)
		for i := range page.ImageDetails {
			digests = append(digests, aws.ToString(page.ImageDetails[i].ImageDigest))
		}
	}
	slices.Sort(digests)
	return digests
}

// leaves compares what is left with what is to stay, whatever the order.
func leaves(t *testing.T, left, want []string) {
	t.Helper()
	left, want = slices.Clone(left), slices.Clone(want)
	slices.Sort(left)
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are\n%s, want\n%s", strings.Join(left, "\n"), strings.Join(want, "\n"))
	}
}
