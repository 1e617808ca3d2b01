package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// rolePolicies moves a role's inline and managed policies from one set of properties to another.
func rolePolicies(ctx context.Context, client *iam.Client, name string, from, to resource.Properties) error {
	if err := inlinePolicies(ctx, client, name, inlineDocuments(from), inlineDocuments(to)); err != nil {
		return err
	}
	before, after := set(from.Texts("ManagedPolicyArns")), set(to.Texts("ManagedPolicyArns"))
	for _, arn := range sortedKeys(after) {
		if before[arn] {
			continue
		}
		if _, err := client.AttachRolePolicy(ctx, &iam.AttachRolePolicyInput{RoleName: &name, PolicyArn: &arn}); err != nil {
			return fmt.Errorf("attaching a policy: %w", err)
		}
	}
	for _, arn := range sortedKeys(before) {
		if after[arn] {
			continue
		}
		if _, err := client.DetachRolePolicy(ctx, &iam.DetachRolePolicyInput{RoleName: &name, PolicyArn: &arn}); err != nil {
			return fmt.Errorf("detaching a policy: %w", err)
		}
	}
	return nil
}

func inlinePolicies(ctx context.Context, client *iam.Client, name string, before, after map[string]string) error {
	for _, policy := range sortedKeys(after) {
		document := after[policy]
		if before[policy] == document {
			continue
		}
		if _, err := client.PutRolePolicy(ctx, &iam.PutRolePolicyInput{
			RoleName: &name, PolicyName: &policy, PolicyDocument: &document,
		}); err != nil {
			return fmt.Errorf("putting an inline policy: %w", err)
		}
	}
	for _, policy := range sortedKeys(before) {
		if _, kept := after[policy]; kept {
			continue
		}
		if _, err := client.DeleteRolePolicy(ctx, &iam.DeleteRolePolicyInput{
			RoleName: &name, PolicyName: &policy,
		}); err != nil {
			return fmt.Errorf("deleting an inline policy: %w", err)
		}
	}
	return nil
}

func inlineDocuments(p resource.Properties) map[string]string {
	documents := map[string]string{}
	for _, policy := range p.Objects("Policies") {
		documents[policy.Text("PolicyName")] = policy.Document("PolicyDocument")
	}
	return documents
}

func set(list []string) map[string]bool {
	members := map[string]bool{}
	for _, entry := range list {
		members[entry] = true
	}
	return members
}
