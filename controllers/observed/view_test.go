package observed_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/tenant"
)

// hashKey is the operator's secret.
var hashKey = []byte("secret")

const runID = "20260102t120000-abcd"

// view is an observer of a stage on a local AWS of its own, with what it is asked by.
type view struct {
	*tenant.Tenant
	*observed.Observer
	t        *testing.T
	desired  *release.Desired
	recorded *release.Recorded
	// seen is what was looked at so far.
	seen release.Observed
}

// newView looks at a stage of which there is nothing yet; a run of release r1 with the functions http and cli is
// asked for.
func newView(t *testing.T, options ...func(*localaws.Options)) *view {
	t.Helper()
	on := tenant.New(t, options...)
	clients, names := on.Access()
	return &view{
		Tenant: on, Observer: &observed.Observer{
			Clients: clients, Names: names, HashKey: hashKey,
			Ownership: release.Ownership{Owner: tenant.Owner, NamespaceUID: tenant.NamespaceUID},
		},
		t: t,
		desired: &release.Desired{ID: "r1", BuildID: "v1", AssetsPath: "/www", Functions: []release.Function{
			{Name: "cli", Role: release.RoleCLI}, {Name: "http", Role: release.RoleHTTP},
		}},
		recorded: &release.Recorded{Run: &release.Run{ID: runID, ReleaseID: "r1"}},
	}
}

// look looks at a part, which must succeed, and gives all that is seen now.
func (v *view) look(step release.Step) release.Observed {
	v.t.Helper()
	v.Must(v.Look(v.t.Context(), step, v.desired, v.recorded, &v.seen))
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

func own() []types.Tag { return tagged(tenant.Owner, tenant.NamespaceUID) }

func tagged(owner, namespaceUID string) []types.Tag {
	return []types.Tag{
		{Key: aws.String(release.OwnerTag), Value: aws.String(owner)},
		{Key: aws.String(release.NamespaceTag), Value: aws.String(namespaceUID)},
	}
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
	v.Must(err)
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
		v.Must(err)
		if !strings.HasSuffix(string(answer.Stacks[0].StackStatus), "_IN_PROGRESS") {
			return
		}
		time.Sleep(time.Millisecond)
	}
	v.t.Fatal("the stack operation does not end")
}

// put stores an object in the stage's bucket, as JSON.
func (v *view) put(key string, content any) {
	v.t.Helper()
	body, err := json.Marshal(content)
	v.Must(err)
	v.Store(key, string(body))
}
