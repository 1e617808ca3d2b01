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

// makeRoles makes the roles that a profile names, in each account, so that the operator's own calls can be told from
// all others.
func (s *Sandbox) makeRoles(ctx context.Context, o Options) error {
	for _, account := range append([]string{Account}, o.Accounts...) {
		client := iam.NewFromConfig(s.configOf(account))
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

// configOf acts as the administrator of an account; of another AWS there is one account.
func (s *Sandbox) configOf(account string) aws.Config {
	if s.Accounts == nil {
		return s.AWSConfig
	}
	return s.Accounts.Account(account).Config()
}

func makeRole(ctx context.Context, client *iam.Client, name, trust string) error {
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
	return nil
}

func roleARN(account, name string) string { return "arn:aws:iam::" + account + ":role/" + name }
