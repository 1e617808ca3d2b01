package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	. "github.com/onsi/gomega"
)

// stuck brings the stack into UPDATE_ROLLBACK_FAILED: A has the new value and cannot get the old one back.
func (w *world) stuck() {
	w.create(resources(thingA))
	w.things.Fail("create C", "no such shape")
	w.things.Fail("update A=one", "gone")
	stack, err := w.update(resources(thingA2 + `,"C":{"Type":"Test::Thing","DependsOn":"A"}`))
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateRollbackFailed))
}

func (w *world) continueRollback(token string, skip ...string) error {
	_, err := w.ContinueUpdateRollback(w.ctx, &cloudformation.ContinueUpdateRollbackInput{
		StackName: aws.String("demo"), ClientRequestToken: &token, ResourcesToSkip: skip,
	})
	return err
}

func TestAFailedRollbackIsContinuedOnceItsCauseIsGone(t *testing.T) {
	w := newWorld(t)
	w.stuck()
	_, err := w.update(resources(thingA))
	w.g.Expect(err).To(refused("ValidationError", "is in UPDATE_ROLLBACK_FAILED state and can not be updated."))
	w.things.Fail("update A=one", "")
	w.g.Expect(w.continueRollback("again")).To(Succeed())
	w.g.Expect(w.settled("demo").StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.things.Living()).To(Equal("A-1=one"))
	w.g.Expect(w.continueRollback("again")).To(Succeed(), "the same token starts nothing again")
	w.g.Expect(w.continueRollback("other")).To(refused("ValidationError", "is in UPDATE_ROLLBACK_COMPLETE state"))
	w.g.Expect(w.story("demo", "demo")).To(HaveSuffix(
		"UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_FAILED UPDATE_ROLLBACK_IN_PROGRESS " +
			"UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE"))
}

func TestSkippingLeavesAResourceAsItIs(t *testing.T) {
	w := newWorld(t)
	w.stuck()
	w.g.Expect(w.continueRollback("one", "B")).To(refused("ValidationError", "ResourcesToSkip"))
	w.g.Expect(w.continueRollback("two", "A")).To(Succeed())
	w.g.Expect(w.settled("demo").StackStatus).To(Equal(types.StackStatusUpdateRollbackComplete))
	w.g.Expect(w.things.Living()).To(Equal("A-1=two"))
}

func TestADeletionThatFailsLeavesWhatTheFailedResourceNeeds(t *testing.T) {
	w := newWorld(t)
	stack := w.create(resources(thingA + "," + thingB))
	w.things.Fail("delete B", "still in use")
	_, err := w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: stack.StackId})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.settled(*stack.StackId).StackStatus).To(Equal(types.StackStatusDeleteFailed))
	w.g.Expect(w.things.Living()).To(ContainSubstring("A-"), "what B needs is left alone")
}

func TestACleanUpThatFailsDoesNotFailTheUpdate(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA + `,"N":{"Type":"Test::Thing"}`))
	w.things.Fail("delete A", "still in use")
	stack, err := w.update(resources(`"N":{"Type":"Test::Thing"}`))
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateComplete))
	w.g.Expect(aws.ToString(stack.StackStatusReason)).To(ContainSubstring("could not be deleted"))
	w.g.Expect(w.reason("demo", "A", types.ResourceStatusDeleteFailed)).To(ContainSubstring("still in use"))
	left, err := w.ListStackResources(w.ctx, &cloudformation.ListStackResourcesInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(left.StackResourceSummaries).To(HaveLen(1), "the stack no longer knows the resource")
}

func TestAFailedCreationIsKeptOrDeletedOnRequest(t *testing.T) {
	rows := []struct {
		why    string
		on     types.OnFailure
		status types.StackStatus
		living string
	}{
		{"to look at what is there", types.OnFailureDoNothing, types.StackStatusCreateFailed, "A-1=one"},
		{"to leave nothing behind", types.OnFailureDelete, types.StackStatusDeleteComplete, ""},
		{"the default", types.OnFailureRollback, types.StackStatusRollbackComplete, ""},
	}
	for _, row := range rows {
		w := newWorld(t)
		w.things.Fail("create C", "no such shape")
		out, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
			StackName: aws.String("demo"), TemplateBody: resources(thingA + `,"C":{"Type":"Test::Thing","DependsOn":"A"}`),
			OnFailure: row.on,
		})
		w.g.Expect(err).NotTo(HaveOccurred())
		w.g.Expect(w.settled(*out.StackId).StackStatus).To(Equal(row.status), row.why)
		w.g.Expect(w.things.Living()).To(Equal(row.living), row.why)
	}
}

func TestStacksAreListedByStatus(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	w.create2("other")
	_, err := w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("other")})
	w.g.Expect(err).NotTo(HaveOccurred())
	names := func(filter ...types.StackStatus) string {
		out, err := w.ListStacks(w.ctx, &cloudformation.ListStacksInput{StackStatusFilter: filter})
		w.g.Expect(err).NotTo(HaveOccurred())
		var list []string
		for _, s := range out.StackSummaries {
			list = append(list, *s.StackName)
		}
		return strings.Join(list, " ")
	}
	w.g.Eventually(func() string { return names(types.StackStatusDeleteComplete) }).Should(Equal("other"))
	w.g.Expect(names(types.StackStatusCreateComplete)).To(Equal("demo"))
	w.g.Expect(names()).To(Equal("other demo"), "the newest first, the deleted ones included")
	all, err := w.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(all.Stacks).To(HaveLen(1), "without the deleted ones")
}

func TestSettingsThatDoNotExistAreRefused(t *testing.T) {
	NewWithT(t).Expect(startWith(t, map[string]string{
		"cloudformation.speed": "1s",
	})).To(MatchError(ContainSubstring("cloudformation.speed")))
	NewWithT(t).Expect(startWith(t, map[string]string{"cloudformation.changeset": "soon"})).To(HaveOccurred())
	NewWithT(t).Expect(startWith(t, map[string]string{
		"cloudformation.settle.AWS::CloudFront::Distribution": "3m", "lambda.idle": "x",
	})).To(Succeed())
}

func TestATypeCanBeMadeToTakeItsTime(t *testing.T) {
	w := newWorldWith(t, map[string]string{"cloudformation.settle.Test::Thing": "1h"})
	out, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("demo"), TemplateBody: resources(thingA),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Eventually(func() string { return w.things.Living() }).Should(Equal("A-1=one"))
	w.g.Expect(w.stack("demo").StackStatus).To(Equal(types.StackStatusCreateInProgress))
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.settled(*out.StackId).StackStatus).To(Equal(types.StackStatusDeleteComplete))
	w.g.Expect(w.reason(*out.StackId, "A", types.ResourceStatusCreateFailed)).To(Equal("Resource creation cancelled"))
}
