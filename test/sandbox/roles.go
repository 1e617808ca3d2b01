package sandbox

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
)

const (
	// OperatorRole is assumed by the operator.
	OperatorRole = "aloft-operator"
	// StackRole is assumed by CloudFormation.
	StackRole = "aloft-stacks"
)

// makeRoles makes the roles that a profile names, so that the operator's own calls can be told from all others.
func (s *Sandbox) makeRoles(ctx context.Context, _ Options) error {
	client := iam.NewFromConfig(s.AWSConfig)
	trusts := map[string]string{
		OperatorRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`,
		StackRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
	}
	for name, trust := range trusts {
		_, err := client.CreateRole(ctx, &iam.CreateRoleInput{
			RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(trust),
		})
		if there := new(types.EntityAlreadyExistsException); err != nil && !errors.As(err, &there) {
			return fmt.Errorf("making role %s: %w", name, err)
		}
		_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: aws.String(name), PolicyName: aws.String("everything"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
		})
		if err != nil {
			return fmt.Errorf("granting role %s its rights: %w", name, err)
		}
	}
	return nil
}

func roleARN(name string) string { return "arn:aws:iam::123456789012:role/" + name }
