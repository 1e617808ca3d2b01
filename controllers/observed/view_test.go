package observed_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	owner   = "cluster/clouder/production"
	runID   = "20260102t120000-abcd"
)

// view is an observer of a stage on a local AWS of its own, with what it is asked by.
type view struct {
	*observed.Observer
	t        *testing.T
	local    *localaws.Server
	desired  *release.Desired
	recorded *release.Recorded
	// seen is what was looked at so far.
	seen release.Observed
}

// newView looks at a stage of which there is nothing yet; a run of release r1 with the functions http and cli is
// asked for.
func newView(t *testing.T, options ...func(*localaws.Options)) *view {
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
	return &view{
		Observer: &observed.Observer{Clients: clientsOf(local.Config()), Names: names, Owner: owner}, t: t,
		local: local,
		desired: &release.Desired{ID: "r1", BuildID: "v1", AssetsPath: "/www", Functions: []release.Function{
			{Name: "cli", Role: release.RoleCLI}, {Name: "http", Role: release.RoleHTTP},
		}},
		recorded: &release.Recorded{Run: &release.Run{ID: runID, ReleaseID: "r1"}},
	}
}

// clientsOf makes each call once, so that a fault reaches the look.
func clientsOf(config aws.Config) *cloud.Clients {
	config.Retryer = func() aws.Retryer { return aws.NopRetryer{} }
	return &cloud.Clients{
		Account: account, Region: region,
		CloudFormation: cloudformation.NewFromConfig(config), S3: s3.NewFromConfig(config),
		ECR:    ecr.NewFromConfig(config),
		Lambda: lambda.NewFromConfig(config), SQS: sqs.NewFromConfig(config),
	}
}

func (v *view) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// look looks at a part, which must succeed, and gives all that is seen now.
func (v *view) look(step release.Step) release.Observed {
	v.t.Helper()
	v.must(v.Look(v.t.Context(), step, v.desired, v.recorded, &v.seen))
	return v.seen
}

// blind looks at a part, which must fail with all of these texts.
func (v *view) blind(step release.Step, texts ...string) {
	v.t.Helper()
	err := v.Look(v.t.Context(), step, v.desired, v.recorded, &v.seen)
	if err == nil {
		v.t.Fatalf("the look at %s succeeded: %+v", step.Part, v.seen)
	}
	for _, text := range append(texts, "looking at "+string(step.Part)) {
		if !strings.Contains(err.Error(), text) {
			v.t.Errorf("the error %q does not tell %q", err, text)
		}
	}
}

// denied is what AWS answers to a role without a right.
func denied() *wire.Error {
	return wire.Errorf(http.StatusForbidden, "AccessDeniedException", "not for you")
}

// fault lets calls fail, for those whose path has a part.
func (v *view) fault(call, path string, answer *wire.Error) {
	v.local.Faults().Inject(wire.Fault{
		Call: call, Kind: wire.FaultError, Error: answer,
		Match: func(c *wire.Call) bool { return strings.Contains(c.HTTP.URL.Path, path) },
	})
}

func own() types.Tag { return tagged(owner) }

func tagged(owner string) types.Tag {
	return types.Tag{Key: aws.String(release.OwnerTag), Value: aws.String(owner)}
}

// begin makes a stack or updates it, and does not wait.
func (v *view) begin(stack, template, token string, tags ...types.Tag) {
	v.t.Helper()
	cfn := v.Clients.CloudFormation
	_, err := cfn.CreateStack(v.t.Context(), &cloudformation.CreateStackInput{
		StackName: aws.String(stack), TemplateBody: aws.String(template), ClientRequestToken: aws.String(token),
		Tags:         tags,
		Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
	})
	if cloud.IsAlreadyExists(err) {
		_, err = cfn.UpdateStack(v.t.Context(), &cloudformation.UpdateStackInput{
			StackName: aws.String(stack), TemplateBody: aws.String(template), ClientRequestToken: aws.String(token),
			Tags:         tags,
			Capabilities: []types.Capability{types.CapabilityCapabilityNamedIam},
		})
	}
	v.must(err)
}

// app makes the application stack or updates it, and waits until that has ended, however.
func (v *view) app(template, token string, tags ...types.Tag) {
	v.t.Helper()
	v.begin(v.Names.AppStack, template, token, tags...)
	v.settled(v.Names.AppStack)
}

func (v *view) settled(stack string) {
	v.t.Helper()
	for range 4000 {
		answer, err := v.Clients.CloudFormation.DescribeStacks(v.t.Context(), &cloudformation.DescribeStacksInput{
			StackName: aws.String(stack),
		})
		v.must(err)
		if !strings.HasSuffix(string(answer.Stacks[0].StackStatus), "_IN_PROGRESS") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	v.t.Fatal("the stack operation does not end")
}

func (v *view) makeBucket() {
	v.t.Helper()
	_, err := v.Clients.S3.CreateBucket(v.t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(v.Names.Bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	v.must(err)
}

// put stores an object in the stage's bucket, as JSON.
func (v *view) put(key string, content any) {
	v.t.Helper()
	body, err := json.Marshal(content)
	v.must(err)
	v.store(key, string(body))
}

func (v *view) store(key, content string) {
	v.t.Helper()
	_, err := v.Clients.S3.PutObject(v.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(v.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader([]byte(content)),
	})
	v.must(err)
}

func (v *view) makeRepository() {
	v.t.Helper()
	_, err := v.Clients.ECR.CreateRepository(v.t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(v.Names.Repository),
	})
	v.must(err)
	_, err = v.Clients.ECR.SetRepositoryPolicy(v.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(v.Names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	v.must(err)
}

// image pushes an image that nobody starts, and gives its digest.
func (v *view) image(tag string) string {
	v.t.Helper()
	built, err := random.Image(16, 1)
	v.must(err)
	token, err := v.Clients.ECR.GetAuthorizationToken(v.t.Context(), &ecr.GetAuthorizationTokenInput{})
	v.must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	v.must(err)
	user, password, _ := strings.Cut(string(login), ":")
	target, err := name.NewTag(v.repositoryURI()+":"+tag, name.Insecure)
	v.must(err)
	v.must(remote.Write(target, built, remote.WithTransport(v.local.Transport()),
		remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))))
	digest, err := built.Digest()
	v.must(err)
	return digest.String()
}

func (v *view) repositoryURI() string {
	return strings.TrimPrefix(v.local.URL(), "http://") + "/" + v.Names.Repository
}
