package cloudformation_test

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	. "github.com/onsi/gomega"

	local "github.com/aloft-dev/aloft/test/localaws/cloudformation"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/providers"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/thing"
	"github.com/aloft-dev/aloft/test/localaws/contract"
	locals3 "github.com/aloft-dev/aloft/test/localaws/s3"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	roleARN = "arn:aws:iam::" + account + ":role/stacks"
)

// roles is a directory of the one role that stacks may assume.
type roles struct{}

func (roles) Role(arn string) (wire.Role, bool) {
	trust := `{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
		`"Principal":{"Service":"cloudformation.amazonaws.com"}}]}`
	return wire.Role{ARN: arn, ID: "AROASTACKS", Name: "stacks", TrustPolicy: trust}, arn == roleARN
}

// world is a local AWS with CloudFormation and S3, and Test::Thing beside the real resource types.
type world struct {
	*cloudformation.Client
	g      *WithT
	ctx    context.Context
	things *thing.Things
	s3     *s3.Client
	calls  *wire.Recorder
}

func newWorld(t *testing.T) *world { return newWorldWith(t, nil) }

func newWorldWith(t *testing.T, settings map[string]string) *world {
	t.Helper()
	contract.Local(t, "a resource type of the test's own")
	g := NewWithT(t)
	ids := wire.NewIdentities(wire.RealClock{})
	gateway := &wire.Gateway{
		AccountID: account, Region: region, Clock: wire.RealClock{}, Identities: ids, Calls: wire.NewRecorder(0),
		Latencies: &wire.Latencies{}, Faults: &wire.Faults{},
	}
	env := &wire.Env{
		AccountID: account, Region: region, Dir: t.TempDir(), Clock: wire.RealClock{}, Identities: ids, Gateway: gateway,
		Roles: roles{}, Settings: settings,
	}
	things := thing.New()
	bySigner := map[string]*wire.Service{}
	env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope, _ := wire.ScopeOf(r)
		if service, ok := bySigner[scope.Service]; ok {
			gateway.Serve(w, r, service)
			return
		}
		http.Error(w, "no service "+scope.Service, http.StatusNotFound)
	})
	stacks, err := local.NewWith(env, append([]*resource.Type{things.Type()}, providers.All()...)...)
	g.Expect(err).NotTo(HaveOccurred())
	buckets, err := locals3.New(env)
	g.Expect(err).NotTo(HaveOccurred())
	for _, service := range []*wire.Service{stacks, buckets} {
		g.Expect(service.Prepare()).To(Succeed())
		bySigner[service.Name] = service
	}
	t.Cleanup(func() { _ = stacks.Close() })
	config := env.Config(ids.Issue(wire.Principal{AccountID: account, ARN: "arn:aws:iam::" + account + ":user/admin",
		Root: true}, 0))
	client := cloudformation.NewFromConfig(config, func(o *cloudformation.Options) { o.Retryer = aws.NopRetryer{} })
	return &world{client, g, t.Context(), things, s3.NewFromConfig(config), gateway.Calls}
}

func resources(entries string) *string { body := `{"Resources":{` + entries + `}}`; return &body }

const (
	thingA  = `"A":{"Type":"Test::Thing","Properties":{"Value":"one"}}`
	thingA2 = `"A":{"Type":"Test::Thing","Properties":{"Value":"two"}}`
	thingB  = `"B":{"Type":"Test::Thing","Properties":{"Value":{"Fn::GetAtt":["A","Value"]}}}`
)

// create makes the stack "demo" and waits for its end.
func (w *world) create(body *string, change ...func(*cloudformation.CreateStackInput)) types.Stack {
	in := &cloudformation.CreateStackInput{StackName: aws.String("demo"), TemplateBody: body}
	for _, f := range change {
		f(in)
	}
	_, err := w.CreateStack(w.ctx, in)
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return w.settled("demo")
}

func (w *world) update(body *string, change ...func(*cloudformation.UpdateStackInput)) (types.Stack, error) {
	in := &cloudformation.UpdateStackInput{StackName: aws.String("demo"), TemplateBody: body}
	for _, f := range change {
		f(in)
	}
	if _, err := w.UpdateStack(w.ctx, in); err != nil {
		return types.Stack{}, err
	}
	return w.settled("demo"), nil
}

func (w *world) stack(name string) types.Stack {
	out, err := w.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return out.Stacks[0]
}

// settled waits until the stack's operation is over.
func (w *world) settled(name string) types.Stack {
	var stack types.Stack
	w.g.Eventually(func() string {
		stack = w.stack(name)
		return string(stack.StackStatus)
	}).WithTimeout(20 * time.Second).WithPolling(time.Millisecond).ShouldNot(HaveSuffix("_IN_PROGRESS"))
	return stack
}

// events lists all events, oldest first.
func (w *world) events(name string) []types.StackEvent {
	var all []types.StackEvent
	pages := cloudformation.NewDescribeStackEventsPaginator(w, &cloudformation.DescribeStackEventsInput{StackName: &name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.ctx)
		w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
		all = append(all, page.StackEvents...)
	}
	slices.Reverse(all)
	return all
}

// story tells the statuses of a logical id in order.
func (w *world) story(stack, logicalID string) string {
	all := w.events(stack)
	var list []string
	for _, e := range all {
		if *e.LogicalResourceId == logicalID {
			list = append(list, string(e.ResourceStatus))
		}
	}
	return strings.Join(list, " ")
}

func (w *world) reason(stack, logicalID string, status types.ResourceStatus) string {
	for _, e := range w.events(stack) {
		if *e.LogicalResourceId == logicalID && e.ResourceStatus == status {
			return aws.ToString(e.ResourceStatusReason)
		}
	}
	return "no such event"
}

// startWith makes the service alone, with settings.
func startWith(t *testing.T, settings map[string]string) error {
	t.Helper()
	service, err := local.New(&wire.Env{AccountID: account, Region: region, Clock: wire.RealClock{}, Settings: settings})
	if err != nil {
		return err
	}
	return service.Close()
}
