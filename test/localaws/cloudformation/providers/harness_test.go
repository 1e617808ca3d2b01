package providers_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws"
)

// world is a complete local AWS with a stack "demo".
type world struct {
	*localaws.Server
	g      *WithT
	ctx    context.Context
	stacks *cloudformation.Client
}

func newWorld(t *testing.T) *world { return newWorldWith(t, nil) }

func newWorldWith(t *testing.T, settings map[string]string) *world {
	t.Helper()
	g := NewWithT(t)
	server, err := localaws.New(localaws.Options{Settings: settings})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(server.Close()).To(Succeed()) })
	return &world{server, g, t.Context(), cloudformation.NewFromConfig(server.Config())}
}

// template makes a template of resources, which are written as JSON without the outer braces.
func template(resources ...string) *string {
	body := `{"Resources":{` + strings.Join(resources, ",") + `}}`
	return &body
}

var capabilities = []types.Capability{types.CapabilityCapabilityNamedIam}

// apply creates the stack or updates it, and expects it to succeed.
func (w *world) apply(body *string) types.Stack {
	stack := w.attempt(body)
	w.g.ExpectWithOffset(1, string(stack.StackStatus)).To(BeElementOf("CREATE_COMPLETE", "UPDATE_COMPLETE"), w.failures())
	w.g.ExpectWithOffset(1, aws.ToString(stack.StackStatusReason)).To(BeEmpty(), w.failures())
	return stack
}

func (w *world) attempt(body *string) types.Stack {
	_, err := w.stacks.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("demo")})
	if err != nil {
		_, err = w.stacks.CreateStack(w.ctx, &cloudformation.CreateStackInput{
			StackName: aws.String("demo"), TemplateBody: body, Capabilities: capabilities,
			Tags: []types.Tag{{Key: aws.String("owner"), Value: aws.String("me")}},
		})
	} else {
		_, err = w.stacks.UpdateStack(w.ctx, &cloudformation.UpdateStackInput{
			StackName: aws.String("demo"), TemplateBody: body, Capabilities: capabilities,
		})
	}
	w.g.ExpectWithOffset(2, err).NotTo(HaveOccurred())
	return w.settled("demo")
}

func (w *world) settled(name string) types.Stack {
	var stack types.Stack
	w.g.Eventually(func() string {
		out, err := w.stacks.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
		w.g.Expect(err).NotTo(HaveOccurred())
		stack = out.Stacks[0]
		return string(stack.StackStatus)
	}).WithTimeout(30 * time.Second).WithPolling(2 * time.Millisecond).ShouldNot(HaveSuffix("_IN_PROGRESS"))
	return stack
}

// failures lists the reasons of failed events.
func (w *world) failures() string {
	out, err := w.stacks.DescribeStackEvents(w.ctx, &cloudformation.DescribeStackEventsInput{
		StackName: aws.String("demo"),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	var list []string
	for _, e := range out.StackEvents {
		if strings.HasSuffix(string(e.ResourceStatus), "_FAILED") {
			list = append(list, aws.ToString(e.LogicalResourceId)+": "+aws.ToString(e.ResourceStatusReason))
		}
	}
	return strings.Join(list, "\n")
}

// physical is the physical id of a resource.
func (w *world) physical(logicalID string) string {
	out, err := w.stacks.DescribeStackResource(w.ctx, &cloudformation.DescribeStackResourceInput{
		StackName: aws.String("demo"), LogicalResourceId: &logicalID,
	})
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return aws.ToString(out.StackResourceDetail.PhysicalResourceId)
}

// remove deletes the stack and expects it to succeed.
func (w *world) remove() {
	stack := w.settled("demo")
	_, err := w.stacks.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: stack.StackId})
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	w.g.ExpectWithOffset(1, w.settled(*stack.StackId).StackStatus).To(Equal(types.StackStatusDeleteComplete))
}
