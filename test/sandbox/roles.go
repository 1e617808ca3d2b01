package sandbox

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
)

const (
	// OperatorRole is assumed by the operator.
	OperatorRole = "aloft-operator"
	// StackRole is assumed by CloudFormation.
	StackRole = "aloft-stacks"
)

// makeRoles makes the roles that a profile names, in each account, so that the operator's own calls can be told from
// all others.
func (s *Sandbox) makeRoles(ctx context.Context, o Options) error {
	if s.AWS == nil {
		return nil // another AWS brings its own
	}
	for _, account := range append([]string{Account}, o.Accounts...) {
		client := iam.NewFromConfig(s.Accounts.Account(account).Config())
		for name, trust := range map[string]string{
			OperatorRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Principal":{"AWS":"arn:aws:iam::` + Account + `:root"},"Action":["sts:AssumeRole","sts:TagSession"]}]}`,
			StackRole: `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
				`"Principal":{"Service":"cloudformation.amazonaws.com"},"Action":"sts:AssumeRole"}]}`,
		} {
			if err := makeRole(ctx, client, name, trust); err != nil {
				return fmt.Errorf("in account %s: %w", account, err)
			}
		}
	}
	return nil
}

func makeRole(ctx context.Context, client *iam.Client, name, trust string) error {
	_, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: aws.String(name), AssumeRolePolicyDocument: aws.String(trust),
	})
	if err != nil {
		return fmt.Errorf("making role %s: %w", name, err)
	}
	_, err = client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
		RoleName: aws.String(name), PolicyName: aws.String("everything"),
		PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}`),
	})
	if err != nil {
		return fmt.Errorf("granting role %s its rights: %w", name, err)
	}
	return nil
}

func roleARN(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }
