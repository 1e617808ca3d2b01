package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	. "github.com/onsi/gomega"
)

func TestOnlyAFailedDeletionMayRetainResources(t *testing.T) {
	w := newWorld(t)
	stack := w.create(resources(thingA + "," + thingB))
	remove := func(retain ...string) error {
		_, err := w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: stack.StackId, RetainResources: retain})
		return err
	}
	w.g.Expect(remove("A")).To(refused("ValidationError", "RetainResources"))
	w.things.Fail("delete A", "still in use")
	w.g.Expect(remove()).To(Succeed())
	failed := w.settled(*stack.StackId)
	w.g.Expect(failed.StackStatus).To(Equal(types.StackStatusDeleteFailed))
	w.g.Expect(*failed.StackStatusReason).To(Equal("The following resource(s) failed to delete: [A]. "))
	w.g.Expect(remove("B")).To(refused("ValidationError",
		"Do not specify resources that are in the DELETE_COMPLETE state"))
	w.g.Expect(remove("A")).To(Succeed())
	w.g.Expect(w.settled(*stack.StackId).StackStatus).To(Equal(types.StackStatusDeleteComplete))
	w.g.Expect(w.things.Living()).To(Equal("A-1=one"), "the retained resource is left in place")
}

func TestPoliciesDecideWhatIsKept(t *testing.T) {
	rows := []struct{ why, policy, kept string }{
		{"the default deletes", "Delete", `^$`},
		{"Retain keeps", "Retain", `^A-\d=one$`},
		{"RetainExceptOnCreate keeps after a successful creation", "RetainExceptOnCreate", `^A-\d=one$`},
	}
	for _, row := range rows {
		w := newWorld(t)
		kept := strings.Replace(thingA, `"Properties"`, `"DeletionPolicy":"`+row.policy+`","Properties"`, 1)
		w.create(resources(kept + `,"N":{"Type":"Test::Thing","Properties":{"Name":"n"}}`))
		_, err := w.update(resources(`"N":{"Type":"Test::Thing","Properties":{"Name":"n"}}`))
		w.g.Expect(err).NotTo(HaveOccurred())
		w.g.Expect(strings.TrimSpace(strings.TrimSuffix(w.things.Living(), "n="))).To(MatchRegexp(row.kept), row.why)
	}
}

func TestAFailedCreationKeepsOnlyWhatIsRetainedOnCreate(t *testing.T) {
	rows := []struct{ why, policy, kept string }{
		{"a named orphan would block the next attempt", "RetainExceptOnCreate", ""},
		{"Retain means it", "Retain", "A-1=one"},
	}
	for _, row := range rows {
		w := newWorld(t)
		w.things.Fail("create C", "no such shape")
		kept := strings.Replace(thingA, `"Properties"`, `"DeletionPolicy":"`+row.policy+`","Properties"`, 1)
		stack := w.create(resources(kept + `,"C":{"Type":"Test::Thing","DependsOn":"A"}`))
		w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusRollbackComplete))
		w.g.Expect(w.things.Living()).To(Equal(row.kept), row.why)
	}
}

func TestParametersAreSubmittedKeptAndHidden(t *testing.T) {
	w := newWorld(t)
	body := aws.String(`{"Parameters":{"Value":{"Type":"String"},"Secret":{"Type":"String","NoEcho":true,` +
		`"Default":"hush"}},
		"Resources":{"A":{"Type":"Test::Thing","Properties":{"Value":{"Fn::Sub":"${Value}-${Secret}"}}}},` +
		`"Outputs":{"O":{"Value":{"Fn::GetAtt":["A","Arn"]}}}}`)
	parameter := func(key, value string) types.Parameter {
		return types.Parameter{ParameterKey: &key, ParameterValue: &value}
	}
	stack := w.create(body, func(in *cloudformation.CreateStackInput) {
		in.Parameters = []types.Parameter{parameter("Value", "one")}
	})
	w.g.Expect(*stack.Outputs[0].OutputValue).To(Equal("arn:thing:A-1"))
	w.g.Expect(stack.Parameters).To(HaveLen(2))
	w.g.Expect(*stack.Parameters[0].ParameterValue).To(Equal("****"))
	keep := types.Parameter{ParameterKey: aws.String("Value"), ParameterValue: aws.String(""), UsePreviousValue: aws.Bool(true)}
	_, err := w.update(nil, func(in *cloudformation.UpdateStackInput) {
		in.UsePreviousTemplate = aws.Bool(true)
		in.Parameters = []types.Parameter{keep, parameter("Secret", "loud")}
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.things.Living()).To(Equal("A-1=one-loud"))
	_, err = w.update(body, func(in *cloudformation.UpdateStackInput) {
		in.Parameters = []types.Parameter{parameter("Other", "x")}
	})
	w.g.Expect(err).To(refused("ValidationError", "Parameters: [Other] do not exist in the template"))
}

func TestStackTagsReachTheResources(t *testing.T) {
	w := newWorld(t)
	tags := func(value string) []types.Tag { return []types.Tag{{Key: aws.String("owner"), Value: &value}} }
	stack := w.create(resources(thingA), func(in *cloudformation.CreateStackInput) { in.Tags = tags("me") })
	w.g.Expect(w.things.Tags("A-1")).To(And(HaveKeyWithValue("owner", "me"),
		HaveKeyWithValue("aws:cloudformation:stack-id", *stack.StackId),
		HaveKeyWithValue("aws:cloudformation:logical-id", "A"), HaveKeyWithValue("aws:cloudformation:stack-name", "demo")))
	_, err := w.update(resources(thingA))
	w.g.Expect(err).To(refused("ValidationError", "No updates are to be performed."), "omitted tags stay")
	_, err = w.update(resources(thingA), func(in *cloudformation.UpdateStackInput) { in.Tags = tags("you") })
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.things.Tags("A-1")).To(HaveKeyWithValue("owner", "you"))
	stack, err = w.update(resources(thingA), func(in *cloudformation.UpdateStackInput) { in.Tags = []types.Tag{} })
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(stack.Tags).To(BeEmpty(), "empty tags are removed")
}

func TestEventsArePagedNewestFirst(t *testing.T) {
	w := newWorld(t)
	var many []string
	for name := range strings.SplitSeq(strings.Repeat("x", 60), "") {
		many = append(many,
			`"`+strings.ToUpper(name)+string(rune('A'+len(many)%26))+string(rune('A'+len(many)/26))+`":{"Type":"Test::Thing"}`)
	}
	w.create(resources(strings.Join(many, ",")))
	first, err := w.DescribeStackEvents(w.ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(first.StackEvents).To(HaveLen(100))
	w.g.Expect(first.StackEvents[0].ResourceStatus).To(Equal(types.ResourceStatusCreateComplete))
	w.g.Expect(*first.StackEvents[0].LogicalResourceId).To(Equal("demo"))
	w.g.Expect(w.events("demo")).To(HaveLen(60*3 + 2))
	_, err = w.DescribeStackEvents(w.ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("nothing")})
	w.g.Expect(err).To(refused("ValidationError", "Stack [nothing] does not exist"))
}

func TestPropertiesThatTheTypeDoesNotDeclareFailTheResource(t *testing.T) {
	w := newWorld(t)
	stack := w.create(
		resources(`"Assets":{"Type":"AWS::S3::Bucket","Properties":{"BucketNames":"x","VersioningConfiguration":{}}}`),
	)
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusRollbackComplete))
	w.g.Expect(w.reason("demo", "Assets", types.ResourceStatusCreateFailed)).To(Equal(
		"Properties validation failed for resource Assets with message:\n#: extraneous key [BucketNames] is not " +
			"permitted\n#/VersioningConfiguration: required key [Status] not found"))
	w.g.Expect(w.calls.Snapshot().Service("s3")).To(BeEmpty())
}

func TestAnUnknownParameterIsRefused(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("demo"), TemplateBody: resources(thingA), TimeoutInMinutes: aws.Int32(1),
	})
	w.g.Expect(err).To(refused("ValidationError", "TimeoutInMinutes"))
}

func TestATagIsGivenOnce(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: aws.String("twice"),
		TemplateBody: resources(thingA), Tags: []types.Tag{{Key: aws.String("k"), Value: aws.String("a")},
			{Key: aws.String("k"), Value: aws.String("b")}}})
	w.g.Expect(err).To(refused("ValidationError", "Duplicate tag key: k"))
}

func TestWhatWasNeverMadeHasAnEmptyPhysicalID(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	out, err := w.DescribeStackEvents(w.ctx, &cloudformation.DescribeStackEventsInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	var ids []string
	for _, e := range out.StackEvents {
		if aws.ToString(e.LogicalResourceId) == "A" {
			w.g.Expect(e.PhysicalResourceId).NotTo(BeNil())
			ids = append(ids, *e.PhysicalResourceId)
		}
	}
	w.g.Expect(ids[len(ids)-1]).To(BeEmpty(), "the first event is told before there is anything")
}
