package providers_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/test/localaws"
)

func TestTheStackRoleNeedsTheRights(t *testing.T) {
	g := NewWithT(t)
	server, err := localaws.New(localaws.Options{EnforceIAM: true})
	g.Expect(err).NotTo(HaveOccurred())
	t.Cleanup(func() { g.Expect(server.Close()).To(Succeed()) })
	w := &world{server, g, t.Context(), cloudformation.NewFromConfig(server.Config())}
	role, err := iam.NewFromConfig(server.Config()).CreateRole(w.ctx, &iam.CreateRoleInput{
		RoleName: aws.String("stacks"),
		AssumeRolePolicyDocument: aws.String(`{"Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
			`"Principal":{"Service":"cloudformation.amazonaws.com"}}]}`),
	})
	g.Expect(err).NotTo(HaveOccurred())
	create := func() types.Stack {
		_, err := w.stacks.CreateStack(w.ctx, &cloudformation.CreateStackInput{
			StackName: aws.String("demo"), TemplateBody: template(`"Q":{"Type":"AWS::SQS::Queue"}`), RoleARN: role.Role.Arn,
		})
		g.Expect(err).NotTo(HaveOccurred())
		return w.settled("demo")
	}
	g.Expect(create().StackStatus).To(Equal(types.StackStatusRollbackComplete))
	g.Expect(w.failures()).To(And(ContainSubstring("sqs:CreateQueue"), HaveSuffix("HandlerErrorCode: AccessDenied)")))
	w.remove()

	_, err = iam.NewFromConfig(server.Config()).PutRolePolicy(w.ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String("stacks"), PolicyName: aws.String("p"), PolicyDocument: aws.String(policy("sqs:*")),
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(create().StackStatus).To(Equal(types.StackStatusCreateComplete), "the caller's own rights do not matter")
}
