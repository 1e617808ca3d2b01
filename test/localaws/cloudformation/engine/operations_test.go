package engine_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
)

const (
	thingA  = `"A":{"Type":"Test::Thing","Properties":{"Value":"one"}}`
	thingA2 = `"A":{"Type":"Test::Thing","Properties":{"Value":"two"}}`
	thingB  = `"B":{"Type":"Test::Thing","Properties":{"Value":{"Fn::GetAtt":["A","Value"]}}}`
	broken  = `"C":{"Type":"Test::Thing","DependsOn":["A","B"],"Properties":{"Value":"broken"}}`
)

func TestACreatedStackHasItsResourcesInOrderOfDependency(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	view := w.create(resources(thingB + "," + thingA))
	g.Expect(statuses(view)).To(Equal("CREATE_IN_PROGRESS CREATE_COMPLETE"))
	g.Expect(w.things.Calls()).To(Equal([]string{"create A", "create B"}))
	g.Expect(w.things.Living()).To(Equal("A-1=one B-2=one"))
	g.Expect(reasonOf(view, "A", engine.CreateInProgress)).To(Equal("Resource creation Initiated"))
}

func TestAFailedCreationIsRolledBackInReverseOrder(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.things.Fail("create C", "no such shape")
	view := w.create(resources(thingA + "," + thingB + "," + broken))
	g.Expect(statuses(view)).To(Equal("CREATE_IN_PROGRESS ROLLBACK_IN_PROGRESS ROLLBACK_COMPLETE"))
	g.Expect(w.things.Calls()).To(Equal([]string{"create A", "create B", "create C", "delete B", "delete A"}))
	g.Expect(reasonOf(view, "demo",
		engine.RollbackInProgress)).To(Equal("The following resource(s) failed to create: [C]. Rollback requested by user."))
	g.Expect(reasonOf(view, "C",
		engine.CreateFailed)).To(MatchRegexp(
		`^Resource handler returned message: "no such shape" \(RequestToken: \S+, HandlerErrorCode: InvalidRequest\)$`,
	))
	_, err := w.Update(context.Background(), aws.Config{}, engine.UpdateInput{
		Name: "demo", Content: engine.Content{Body: resources(thingA)},
	})
	g.Expect(err).To(MatchError(ContainSubstring("is in ROLLBACK_COMPLETE state and can not be updated.")))
}

func TestAFailureCancelsTheSiblingsThatAreUnderWay(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA))
	slow := `"A":{"Type":"Test::Thing","Properties":{"Value":"slow"}},"C":{"Type":"Test::Thing",` +
		`"Properties":{"Size":"large"}}`
	view := w.update(resources(slow + "," + thingB))
	g.Expect(view.Status).To(Equal(engine.UpdateRollbackComplete))
	g.Expect(reasonOf(view, "A", engine.UpdateFailed)).To(BeElementOf("Resource update cancelled", "no such event"))
	g.Expect(reasonOf(view, "B", engine.CreateInProgress)).To(Equal("no such event"), "B waits for A")
	g.Expect(reasonOf(view, "C",
		engine.CreateFailed)).To(
		Equal("Properties validation failed for resource C with message:\n#/Size: expected type: Integer, found: String"),
	)
	g.Expect(w.things.Living()).To(Equal("A-1=one"))
}

func TestAnUpdateTouchesOnlyWhatChanged(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA + `,"D":{"Type":"Test::Thing"}`))
	view := w.update(resources(thingA2 + `,"D":{"Type":"Test::Thing"}`))
	g.Expect(statuses(view)).To(HaveSuffix("UPDATE_IN_PROGRESS UPDATE_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_COMPLETE"))
	g.Expect(w.things.Calls()[2:]).To(Equal([]string{"update A"}))
}

func TestAReplacementIsCreatedBeforeItsPredecessorIsDeleted(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA))
	view := w.update(resources(`"A":{"Type":"Test::Thing","Properties":{"Value":"one","Shape":"round"}}`))
	g.Expect(w.things.Calls()).To(Equal([]string{"create A", "create A", "delete A"}))
	g.Expect(w.things.Living()).To(Equal("A-2=one"))
	g.Expect(view.Resources["A"].PhysicalID).To(Equal("A-2"))
	var seen []string
	for _, e := range view.Events {
		seen = append(seen, e.LogicalID+" "+string(e.Status))
	}
	g.Expect(strings.Join(seen,
		",")).To(
		ContainSubstring("UPDATE_COMPLETE_CLEANUP_IN_PROGRESS,A DELETE_IN_PROGRESS,A DELETE_COMPLETE,demo UPDATE_COMPLETE"),
	)
}

func TestANamedResourceIsNotReplacedUnderItsName(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(`"A":{"Type":"Test::Thing","Properties":{"Name":"fixed"}}`))
	view := w.update(resources(`"A":{"Type":"Test::Thing","Properties":{"Name":"fixed","Shape":"round"}}`))
	g.Expect(view.Status).To(Equal(engine.UpdateRollbackComplete))
	g.Expect(reasonOf(view, "A",
		engine.UpdateFailed)).To(Equal("CloudFormation cannot update a stack when a custom-named resource requires " +
		"replacing. Rename fixed and update the stack again."))
	g.Expect(w.things.Calls()).To(Equal([]string{"create A"}), "neither the update nor its rollback reached the service")
}

func TestAFailedUpdateIsRolledBackByRealCalls(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA + "," + thingB))
	w.things.Fail("create C", "no such shape")
	view := w.update(resources(thingA2 + "," + thingB + "," + broken))
	g.Expect(statuses(view)).To(
		HaveSuffix("UPDATE_ROLLBACK_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS UPDATE_ROLLBACK_COMPLETE"),
	)
	g.Expect(w.things.Calls()[2:]).To(Equal([]string{"update A", "update B", "create C", "update A", "update B"}))
	g.Expect(w.things.Living()).To(Equal("A-1=one B-2=one"))
	g.Expect(view.TemplateBody).To(Equal(resources(thingA + "," + thingB)))
	g.Expect(view.Resources).NotTo(HaveKey("C"))
}

func TestARollbackThatFailsCanBeContinued(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA))
	w.things.Fail("create C", "no such shape")
	w.things.Fail("update A=one", "gone")
	broken := `"C":{"Type":"Test::Thing","DependsOn":["A"]}`
	view := w.update(resources(thingA2 + "," + broken))
	g.Expect(view.Status).To(Equal(engine.UpdateRollbackFailed))
	g.Expect(view.Reason).To(Equal("The following resource(s) failed to update: [A]. "))

	g.Expect(w.ContinueRollback(context.Background(), aws.Config{}, "demo", "", "t1", nil)).To(Succeed())
	g.Expect(w.settled().Status).To(Equal(engine.UpdateRollbackFailed), "the cause is still there")

	w.things.Fail("update A=one", "")
	g.Expect(w.ContinueRollback(context.Background(), aws.Config{}, "demo", "", "t2", nil)).To(Succeed())
	g.Expect(w.settled().Status).To(Equal(engine.UpdateRollbackComplete))
	g.Expect(w.things.Living()).To(Equal("A-1=one"))
}

func TestASkippedResourceIsLeftAsItIs(t *testing.T) {
	g, w := NewWithT(t), newWorld(t)
	w.create(resources(thingA))
	w.things.Fail("create C", "no such shape")
	w.things.Fail("update A=one", "gone")
	w.update(resources(thingA2 + `,"C":{"Type":"Test::Thing","DependsOn":["A"]}`))
	g.Expect(w.ContinueRollback(context.Background(), aws.Config{}, "demo", "", "", []string{
		"X",
	})).To(MatchError(ContainSubstring("ResourcesToSkip")))
	g.Expect(w.ContinueRollback(context.Background(), aws.Config{}, "demo", "", "", []string{"A"})).To(Succeed())
	view := w.settled()
	g.Expect(view.Status).To(Equal(engine.UpdateRollbackComplete))
	g.Expect(view.Resources["A"].Status).To(Equal(engine.UpdateComplete))
	g.Expect(w.things.Living()).To(Equal("A-1=two"))
}
