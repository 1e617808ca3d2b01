package cloudformation_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	. "github.com/onsi/gomega"
)

func (w *world) changeSet(
	name string, body *string, change ...func(*cloudformation.CreateChangeSetInput),
) *cloudformation.DescribeChangeSetOutput {
	in := &cloudformation.CreateChangeSetInput{StackName: aws.String("demo"), ChangeSetName: &name, TemplateBody: body}
	for _, f := range change {
		f(in)
	}
	_, err := w.CreateChangeSet(w.ctx, in)
	w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
	return w.describeSet(name)
}

func (w *world) describeSet(name string) *cloudformation.DescribeChangeSetOutput {
	var out *cloudformation.DescribeChangeSetOutput
	w.g.Eventually(func() types.ChangeSetStatus {
		var err error
		out, err = w.DescribeChangeSet(w.ctx, &cloudformation.DescribeChangeSetInput{
			StackName: aws.String("demo"), ChangeSetName: &name,
		})
		w.g.ExpectWithOffset(1, err).NotTo(HaveOccurred())
		return out.Status
	}).ShouldNot(Equal(types.ChangeSetStatusCreatePending))
	return out
}

func asCreation(in *cloudformation.CreateChangeSetInput) {
	in.ChangeSetType = types.ChangeSetTypeCreate
}

func (w *world) execute(name, token string) error {
	_, err := w.ExecuteChangeSet(w.ctx, &cloudformation.ExecuteChangeSetInput{
		StackName: aws.String("demo"), ChangeSetName: &name, ClientRequestToken: &token, DisableRollback: aws.Bool(false),
	})
	return err
}

func TestAChangeSetCreatesAStack(t *testing.T) {
	w := newWorldWith(t, map[string]string{"cloudformation.changeset": "5ms"})
	set := w.changeSet("first", resources(thingA), asCreation)
	w.g.Expect(set.Status).To(Equal(types.ChangeSetStatusCreateComplete))
	w.g.Expect(set.ExecutionStatus).To(Equal(types.ExecutionStatusAvailable))
	w.g.Expect(set.Changes).To(HaveLen(1))
	w.g.Expect(set.Changes[0].ResourceChange.Action).To(Equal(types.ChangeActionAdd))
	w.g.Expect(w.stack("demo").StackStatus).To(Equal(types.StackStatusReviewInProgress))
	w.g.Expect(w.stack("demo").ChangeSetId).To(Equal(set.ChangeSetId), "a stack in review names the change set that waits")
	w.g.Expect(w.things.Calls()).To(BeEmpty())

	w.g.Expect(w.execute("first", "t1")).To(Succeed())
	w.g.Expect(w.execute("first", "t1")).To(Succeed(), "the same token starts nothing again")
	w.settled("demo")
	w.g.Expect(w.execute("first", "t1")).To(Succeed(), "also after the end")
	w.g.Expect(w.execute("first", "t2")).To(refused("InvalidChangeSetStatus", ""))
	w.g.Expect(w.things.Calls()).To(Equal([]string{"create A"}))
	w.g.Expect(w.story("demo", "demo")).To(Equal("REVIEW_IN_PROGRESS CREATE_IN_PROGRESS CREATE_COMPLETE"))
	w.g.Expect(w.stack("demo").ChangeSetId).To(Equal(set.ChangeSetId))
	w.g.Expect(w.describeSet("first").ExecutionStatus).To(Equal(types.ExecutionStatusExecuteComplete))
}

func TestAStackInReviewCanBeDeleted(t *testing.T) {
	w := newWorld(t)
	w.changeSet("first", resources(thingA), asCreation)
	_, err := w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Eventually(func() error {
		_, err := w.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("demo")})
		return err
	}).Should(refused("ValidationError", "does not exist"))
}

func TestTheKindOfAChangeSetMustFitTheStack(t *testing.T) {
	w := newWorld(t)
	in := &cloudformation.CreateChangeSetInput{StackName: aws.String("demo"), ChangeSetName: aws.String("c"),
		TemplateBody: resources(thingA)}
	_, err := w.CreateChangeSet(w.ctx, in)
	w.g.Expect(err).To(refused("ValidationError", "Stack [demo] does not exist"))
	w.create(resources(thingA))
	asCreation(in)
	_, err = w.CreateChangeSet(w.ctx, in)
	w.g.Expect(err).To(refused("ValidationError", "Stack [demo] already exists and cannot be created again"))
	in.ChangeSetName = aws.String("1st")
	_, err = w.CreateChangeSet(w.ctx, in)
	w.g.Expect(err).To(refused("ValidationError", "changeSetName"))
}

func TestAnEmptyChangeSetFailsInItsOwnWords(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	set := w.changeSet("none", resources(thingA))
	w.g.Expect(set.Status).To(Equal(types.ChangeSetStatusFailed))
	w.g.Expect(set.ExecutionStatus).To(Equal(types.ExecutionStatusUnavailable))
	w.g.Expect(*set.StatusReason).To(
		Equal("The submitted information didn't contain changes. Submit different information to create a change set."),
	)
	w.g.Expect(w.execute("none", "t")).To(refused("InvalidChangeSetStatus",
		"cannot be executed in its current status of [FAILED]"))

	_, err := w.CreateChangeSet(w.ctx, &cloudformation.CreateChangeSetInput{
		StackName: aws.String("demo"), ChangeSetName: aws.String("none"), TemplateBody: resources(thingA2),
	})
	w.g.Expect(err).To(refused("AlreadyExistsException", ""), "a failed change set keeps its name")
	for range 2 {
		_, err = w.DeleteChangeSet(w.ctx, &cloudformation.DeleteChangeSetInput{
			StackName: aws.String("demo"), ChangeSetName: aws.String("none"),
		})
		w.g.Expect(err).NotTo(HaveOccurred(), "deleting what is gone succeeds")
	}
	_, err = w.DescribeChangeSet(w.ctx, &cloudformation.DescribeChangeSetInput{
		StackName: aws.String("demo"), ChangeSetName: aws.String("none"),
	})
	w.g.Expect(err).To(refused("ChangeSetNotFound", "ChangeSet [none] does not exist"))
}

func TestTheSameTokenCreatesOneChangeSet(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	in := &cloudformation.CreateChangeSetInput{
		StackName: aws.String("demo"), ChangeSetName: aws.String("c"), TemplateBody: resources(thingA2),
		ClientToken: aws.String("c"),
	}
	first, err := w.CreateChangeSet(w.ctx, in)
	w.g.Expect(err).NotTo(HaveOccurred())
	again, err := w.CreateChangeSet(w.ctx, in)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(again.Id).To(Equal(first.Id))
}

func TestExecutingDeletesTheOtherChangeSetsAndUpdatingOutdatesThem(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	w.changeSet("one", resources(thingA2))
	w.changeSet("two", resources(thingA2+","+thingB))
	w.g.Expect(w.execute("two", "t")).To(Succeed())
	w.settled("demo")
	list, err := w.ListChangeSets(w.ctx, &cloudformation.ListChangeSetsInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(list.Summaries).To(BeEmpty())

	w.changeSet("three", resources(thingA2))
	_, err = w.update(resources(thingA + "," + thingB))
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.describeSet("three").ExecutionStatus).To(Equal(types.ExecutionStatusObsolete))
	w.g.Expect(w.execute("three", "t3")).To(refused("InvalidChangeSetStatus", "OBSOLETE"))
}

// changes summarizes a change set by logical id: action, replacement, and each detail's evaluation, source and cause.
func changes(set *cloudformation.DescribeChangeSetOutput) map[string][]string {
	found := map[string][]string{}
	for _, c := range set.Changes {
		r := c.ResourceChange
		lines := []string{string(r.Action) + " " + string(r.Replacement)}
		for _, d := range r.Details {
			lines = append(lines, string(d.Target.Attribute)+"/"+aws.ToString(d.Target.Name)+" "+string(d.Evaluation)+" "+
				string(d.ChangeSource)+" "+aws.ToString(d.CausingEntity))
		}
		found[*r.LogicalResourceId] = lines
	}
	return found
}

func TestAChangeSetTellsWhatWillHappen(t *testing.T) {
	before := `{"Parameters":{"P":{"Type":"String"}},"Resources":{
		"Gone":{"Type":"Test::Thing","DeletionPolicy":"Retain"},
		"InPlace":{"Type":"Test::Thing","Properties":{"Value":"one"}},
		"ReadsAttribute":{"Type":"Test::Thing","Properties":{"Value":{"Fn::GetAtt":["InPlace","Value"]}}},
		"ReadsRef":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"InPlace"}}},
		"Replaced":{"Type":"Test::Thing","Properties":{"Shape":"round"}},
		"ReadsReplaced":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"Replaced"}}},
		"MayBeReplaced":{"Type":"Test::Thing","Properties":{"Shape":{"Fn::GetAtt":["InPlace","Value"]}}},
		"ByParameter":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"P"}}},
		"Same":{"Type":"Test::Thing","Properties":{"Size":"1"}}}}`
	after := `{"Parameters":{"P":{"Type":"String"}},"Resources":{
		"Added":{"Type":"Test::Thing"},
		"InPlace":{"Type":"Test::Thing","Properties":{"Value":"two"}},
		"ReadsAttribute":{"Type":"Test::Thing","Properties":{"Value":{"Fn::GetAtt":["InPlace","Value"]}}},
		"ReadsRef":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"InPlace"}}},
		"Replaced":{"Type":"Test::Thing","Properties":{"Shape":"square"}},
		"ReadsReplaced":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"Replaced"}}},
		"MayBeReplaced":{"Type":"Test::Thing","Properties":{"Shape":{"Fn::GetAtt":["InPlace","Value"]}}},
		"ByParameter":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"P"}}},
		"Same":{"Type":"Test::Thing","Properties":{"Size":1}}}}`
	w := newWorld(t)
	with := func(value string) []types.Parameter {
		return []types.Parameter{{ParameterKey: aws.String("P"), ParameterValue: &value}}
	}
	w.create(&before, func(in *cloudformation.CreateStackInput) { in.Parameters = with("old") })
	set := w.changeSet("c", &after, func(in *cloudformation.CreateChangeSetInput) { in.Parameters = with("new") })
	w.g.Expect(changes(set)).To(Equal(map[string][]string{
		"Added":          {"Add "},
		"Gone":           {"Remove "},
		"InPlace":        {"Modify False", "Properties/Value Static DirectModification "},
		"ReadsAttribute": {"Modify False", "Properties/Value Dynamic ResourceAttribute InPlace.Value"},
		"Replaced":       {"Modify True", "Properties/Shape Static DirectModification "},
		"ReadsReplaced":  {"Modify False", "Properties/Value Static ResourceReference Replaced"},
		"MayBeReplaced":  {"Modify Conditional", "Properties/Shape Dynamic ResourceAttribute InPlace.Value"},
		"ByParameter": {"Modify False", "Properties/Value Static ParameterReference P",
			"Properties/Value Dynamic DirectModification "},
	}))
	policies := map[string]types.PolicyAction{}
	for _, c := range set.Changes {
		policies[*c.ResourceChange.LogicalResourceId] = c.ResourceChange.PolicyAction
	}
	w.g.Expect(policies["Gone"]).To(Equal(types.PolicyActionRetain))
	w.g.Expect(policies["Replaced"]).To(Equal(types.PolicyActionReplaceAndDelete))
}
