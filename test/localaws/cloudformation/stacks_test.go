package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/smithy-go"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
)

// refused matches an error of AWS by code and a part of its message.
func refused(code, message string) gomegatypes.GomegaMatcher {
	return And(
		WithTransform(func(err error) string {
			if api, ok := err.(interface{ Unwrap() error }); ok {
				err = api.Unwrap()
			}
			for err != nil {
				if api, ok := err.(smithy.APIError); ok {
					return api.ErrorCode()
				}
				wrapped, ok := err.(interface{ Unwrap() error })
				if !ok {
					break
				}
				err = wrapped.Unwrap()
			}
			return ""
		}, Equal(code)),
		MatchError(ContainSubstring(message)),
	)
}

func TestAStackLivesFromCreationToDeletion(t *testing.T) {
	w := newWorld(t)
	stack := w.create(resources(thingA + "," + thingB))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusCreateComplete))
	w.g.Expect(*stack.StackId).To(
		MatchRegexp(`^arn:aws:cloudformation:eu-central-1:123456789012:stack/demo/[0-9a-f-]{36}$`),
	)

	_, err := w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.settled(*stack.StackId).StackStatus).To(Equal(types.StackStatusDeleteComplete),
		"a deleted stack is known by its id")
	w.g.Expect(w.things.Calls()[2:]).To(Equal([]string{"delete B", "delete A"}), "in reverse order of dependency")

	_, err = w.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("demo")})
	w.g.Expect(err).To(refused("ValidationError", "Stack with id demo does not exist"))
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred(), "a stack that does not exist is deleted already")
	w.g.Expect(w.create(resources(thingA)).StackId).NotTo(Equal(stack.StackId), "the name is free again")
}

// withValue is a template of one resource whose value is an expression.
func withValue(expression string) string {
	return `{"Resources":{"A":{"Type":"Test::Thing","Properties":{"Value":` + expression + `}}}}`
}

func TestBadTemplatesAreRefusedBeforeAnythingHappens(t *testing.T) {
	rows := []struct{ why, body, code, message string }{
		{"cycle",
			`{"Resources":{"A":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"B"}}},"B":{"Type":"Test::Thing",` +
				`"DependsOn":"A"},"C":{"Type":"Test::Thing","DependsOn":"A"}}}`,
			"ValidationError", "Circular dependency between resources: [A, B]"},
		{"unknown reference", `{"Resources":{"A":{"Type":"Test::Thing","Properties":{"Value":{"Ref":"X"}}}}}`,
			"ValidationError",
			"Template format error: Unresolved resource dependencies [X] in the Resources block of the template"},
		{"reference to what a condition leaves out",
			`{"Conditions":{"No":{"Fn::Equals":["a","b"]}},"Resources":{"A":{"Type":"Test::Thing",` +
				`"Properties":{"Value":{"Ref":"B"}}},"B":{"Type":"Test::Thing","Condition":"No"}}}`,
			"ValidationError", "Unresolved resource dependencies [B] in the Resources block of the template"},
		{"output of an unknown name", `{"Resources":{"A":{"Type":"Test::Thing"}},"Outputs":{"O":{"Value":{"Ref":"X"}}}}`,
			"ValidationError", "Unresolved resource dependencies [X] in the Outputs block of the template"},
		{"unknown type", `{"Resources":{"A":{"Type":"AWS::Lambda::Version"}}}`, "ValidationError",
			"Template format error: Unrecognized resource types: [AWS::Lambda::Version]"},
		{"unknown attribute",
			`{"Resources":{"A":{"Type":"Test::Thing"},"B":{"Type":"Test::Thing","Properties":{"Value":{"Fn::GetAtt":["A",` +
				`"Colour"]}}}}}`,
			"ValidationError", "Template error: resource A does not support attribute type Colour in Fn::GetAtt"},
		{"no resources", `{"Resources":{}}`, "ValidationError", "At least one Resources member must be defined."},
		{"not JSON", `{"Resources":`, "ValidationError", "Template format error: JSON not well-formed."},
		{"unknown section", `{"Resource":{}}`, "ValidationError", "Invalid template property or properties [Resource]"},
		{"IAM without capability",
			`{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":{}}}}}`,
			"InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_IAM]"},
		{"named IAM without capability",
			`{"Resources":{"R":{"Type":"AWS::IAM::Role","Properties":{"RoleName":"x","AssumeRolePolicyDocument":{}}}}}`,
			"InsufficientCapabilitiesException", "Requires capabilities : [CAPABILITY_NAMED_IAM]"},
		{"parameter without value", `{"Parameters":{"P":{"Type":"String"}},"Resources":{"A":{"Type":"Test::Thing"}}}`,
			"ValidationError", "Parameters: [P] must have values"},
		{"parameter value not allowed",
			`{"Parameters":{"P":{"Type":"String","Default":"c","AllowedValues":["a","b"]}},` +
				`"Resources":{"A":{"Type":"Test::Thing"}}}`,
			"ValidationError", "Parameter 'P' must be one of AllowedValues [a, b]"},
		{"a long description", `{"Description":"` + strings.Repeat("x", 1025) + `","Resources":{` + thingA + `}}`,
			"ValidationError", "'Description' length is greater than 1024."},
		{"another format", `{"AWSTemplateFormatVersion":"2013-10-09","Resources":{` + thingA + `}}`, "ValidationError",
			"unsupported value for AWSTemplateFormatVersion."},
		{"a mapping by a name with a space", `{"Mappings":{"M":{"a b":{"c":"d"}}},"Resources":{` + thingA + `}}`,
			"ValidationError", "Mappings element name 'a b' must be non-empty"},
		{"a mapping without keys", `{"Mappings":{"M":"a"},"Resources":{` + thingA + `}}`, "ValidationError", "must be a map"},
		{"an unknown condition", withValue(`{"Fn::If":["Maybe","a","b"]}`), "ValidationError",
			"Template error: unresolved condition dependency Maybe in Fn::If"},
		{"a join of nothing", withValue(`{"Fn::Join":["-"]}`), "ValidationError",
			"every Fn::Join object requires two parameters"},
		{"an unknown function", withValue(`{"Fn::Length":["a"]}`), "ValidationError", "unsupported function Fn::Length"},
		{"a null", withValue(`null`), "ValidationError",
			"[/Resources/A/Properties/Value] 'null' values are not allowed in templates"},
		{"an output that is a list", `{"Resources":{` + thingA + `},"Outputs":{"O":{"Value":["a"]}}}`, "ValidationError",
			"must evaluate to a String and not a List."},
		{"body too long", `{"Description":"` + strings.Repeat("x", 51_200) + `"}`, "ValidationError",
			"Member must have length less than or equal to 51200"},
	}
	w := newWorld(t)
	for _, row := range rows {
		_, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
			StackName: aws.String("bad"), TemplateBody: &row.body,
		})
		w.g.Expect(err).To(refused(row.code, row.message), row.why)
	}
	w.g.Expect(w.things.Calls()).To(BeEmpty())
	_, err := w.DescribeStacks(w.ctx, &cloudformation.DescribeStacksInput{StackName: aws.String("bad")})
	w.g.Expect(err).To(HaveOccurred())
}

func TestAnUpdateThatChangesNothingIsRefused(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	_, err := w.update(resources(thingA))
	w.g.Expect(err).To(refused("ValidationError", "No updates are to be performed."))
	_, err = w.update(aws.String(`{"Resources":{` + thingA + `},"Outputs":{"O":{"Value":"x"}}}`))
	w.g.Expect(err).NotTo(HaveOccurred(), "an output alone is a change")
	w.g.Expect(w.things.Calls()).To(Equal([]string{"create A"}))
}

func TestTheSameClientTokenStartsNothingAgain(t *testing.T) {
	w := newWorld(t)
	token := aws.String("token-1")
	create := &cloudformation.CreateStackInput{StackName: aws.String("demo"), TemplateBody: resources(thingA),
		ClientRequestToken: token}
	first, err := w.CreateStack(w.ctx, create)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.settled("demo")
	again, err := w.CreateStack(w.ctx, create)
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(again.StackId).To(Equal(first.StackId))
	w.g.Expect(w.things.Calls()).To(HaveLen(1))

	_, err = w.update(resources(thingA2), func(in *cloudformation.UpdateStackInput) { in.ClientRequestToken = token })
	w.g.Expect(err).To(refused("TokenAlreadyExistsException", ""))
	for range 2 {
		_, err = w.update(resources(thingA2), func(in *cloudformation.UpdateStackInput) {
			in.ClientRequestToken = aws.String("token-2")
		})
		w.g.Expect(err).NotTo(HaveOccurred())
	}
	w.g.Expect(w.things.Calls()).To(Equal([]string{"create A", "update A"}))
	for _, e := range w.events("demo") {
		w.g.Expect(*e.ClientRequestToken).To(HavePrefix("token-"), "every event carries the token of its operation")
		w.g.Expect(aws.ToString(e.OperationId)).NotTo(BeEmpty())
	}
	w.create2("other")
	_, err = w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("demo"), TemplateBody: resources(thingA),
	})
	w.g.Expect(err).To(refused("AlreadyExistsException", "Stack [demo] already exists"))
}

func (w *world) create2(name string) {
	_, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateBody: resources(thingA)})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.settled(name)
}

func TestARunningOperationRefusesAnother(t *testing.T) {
	w := newWorld(t)
	stack := w.create(resources(thingA))
	slow := resources(`"A":{"Type":"Test::Thing","Properties":{"Value":"slow"}}`)
	_, err := w.UpdateStack(w.ctx, &cloudformation.UpdateStackInput{StackName: stack.StackId, TemplateBody: slow})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.things.AwaitSlow()

	busy := "is in UPDATE_IN_PROGRESS state and can not be updated."
	_, err = w.UpdateStack(w.ctx, &cloudformation.UpdateStackInput{
		StackName: stack.StackId, TemplateBody: resources(thingA2),
	})
	w.g.Expect(err).To(refused("ValidationError", "Stack:"+*stack.StackId+" "+busy))
	_, err = w.CreateChangeSet(w.ctx, &cloudformation.CreateChangeSetInput{
		StackName: stack.StackId, ChangeSetName: aws.String("c"), TemplateBody: resources(thingA2),
	})
	w.g.Expect(err).To(refused("ValidationError", busy))
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: stack.StackId})
	w.g.Expect(err).To(refused("ValidationError",
		"Stack ["+*stack.StackId+"] cannot be deleted while in status UPDATE_IN_PROGRESS"))

	w.things.Release()
	w.g.Expect(w.settled("demo").StackStatus).To(Equal(types.StackStatusUpdateComplete))
}

func TestDeletingAStackCancelsItsCreation(t *testing.T) {
	w := newWorld(t)
	out, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName:    aws.String("demo"),
		TemplateBody: resources(`"A":{"Type":"Test::Thing","Properties":{"Value":"slow"}},` + thingB),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.things.AwaitSlow()
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.settled(*out.StackId).StackStatus).To(Equal(types.StackStatusDeleteComplete))
	w.g.Expect(w.things.Living()).To(BeEmpty())
}

func TestWithoutRollbackAFailedStackStaysAsItIs(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	w.things.Fail("create C", "no such shape")
	bad := resources(thingA2 + `,"C":{"Type":"Test::Thing","DependsOn":"A"}`)
	stack, err := w.update(bad, func(in *cloudformation.UpdateStackInput) { in.DisableRollback = aws.Bool(true) })
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateFailed))
	w.g.Expect(w.things.Living()).To(Equal("A-1=two"))
}

func TestAFailedStackThatWasKeptCanBeUpdatedAgain(t *testing.T) {
	w := newWorld(t)
	w.create(resources(thingA))
	w.things.Fail("create C", "no such shape")
	bad := resources(thingA2 + `,"C":{"Type":"Test::Thing","DependsOn":"A"}`)
	_, err := w.update(bad, func(in *cloudformation.UpdateStackInput) { in.DisableRollback = aws.Bool(true) })
	w.g.Expect(err).NotTo(HaveOccurred())
	w.things.Fail("create C", "")
	stack, err := w.update(bad, func(in *cloudformation.UpdateStackInput) {
		in.Tags = []types.Tag{{Key: aws.String("k"), Value: aws.String("v")}}
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusUpdateComplete))
	w.g.Expect(w.things.Living()).To(Equal("A-1=two C-2="))
}
