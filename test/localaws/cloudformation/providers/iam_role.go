package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func iamRole() *resource.Type {
	return &resource.Type{
		Name: "AWS::IAM::Role", NameProperty: "RoleName", NeedsIAM: true, Taggable: true, Handler: role{},
		Attributes: []string{"Arn", "RoleId"}, Properties: resource.Schema{
			"AssumeRolePolicyDocument": resource.Doc().Must(), "Description": resource.Text(),
			"ManagedPolicyArns":  resource.Texts(),
			"MaxSessionDuration": resource.Int(), "Path": resource.Text().Replaces(), "PermissionsBoundary": resource.Text(),
			"Policies": resource.ListOf(resource.Fields(resource.Schema{
				"PolicyName": resource.Text().Must(), "PolicyDocument": resource.Doc().Must(),
			})),
			"RoleName": resource.Text().Replaces(), "Tags": resource.Tags(),
		},
	}
}

type role struct{}

func iamTag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func (role) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name, trust := iam.NewFromConfig(r.Config), r.Name("RoleName",
		64), r.Properties.Document("AssumeRolePolicyDocument")
	out, err := client.CreateRole(ctx, &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: &trust, Description: r.Properties.TextPointer("Description"),
		MaxSessionDuration: r.Properties.Int32("MaxSessionDuration"), Path: r.Properties.TextPointer("Path"),
		PermissionsBoundary: r.Properties.TextPointer("PermissionsBoundary"), Tags: sortedTags(r.Tags, iamTag),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the role: %w", err)
	}
	r.Initiated(name)
	state := created(name, map[string]any{"Arn": *out.Role.Arn, "RoleId": *out.Role.RoleId})
	return state, rolePolicies(ctx, client, name, r.Previous, r.Properties)
}

func (role) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name, state := iam.NewFromConfig(r.Config), r.PhysicalID, created(r.PhysicalID, nil)
	if r.Changed("AssumeRolePolicyDocument") {
		trust := r.Properties.Document("AssumeRolePolicyDocument")
		if _, err := client.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{
			RoleName: &name, PolicyDocument: &trust,
		}); err != nil {
			return state, err
		}
	}
	if r.Changed("Description", "MaxSessionDuration") {
		description := r.Properties.Text("Description")
		if _, err := client.UpdateRole(ctx, &iam.UpdateRoleInput{
			RoleName: &name, Description: &description, MaxSessionDuration: r.Properties.Int32Or("MaxSessionDuration", 3600),
		}); err != nil {
			return state, err
		}
	}
	if err := roleBoundary(ctx, client, r); err != nil {
		return state, err
	}
	if err := rolePolicies(ctx, client, name, r.Previous, r.Properties); err != nil {
		return state, err
	}
	return state, roleTags(ctx, client, r)
}

func roleBoundary(ctx context.Context, client *iam.Client, r *resource.Request) error {
	if !r.Changed("PermissionsBoundary") {
		return nil
	}
	boundary := r.Properties.TextPointer("PermissionsBoundary")
	if boundary == nil {
		_, err := client.DeleteRolePermissionsBoundary(ctx, &iam.DeleteRolePermissionsBoundaryInput{RoleName: &r.PhysicalID})
		return err
	}
	_, err := client.PutRolePermissionsBoundary(ctx, &iam.PutRolePermissionsBoundaryInput{
		RoleName: &r.PhysicalID, PermissionsBoundary: boundary,
	})
	return err
}

func roleTags(ctx context.Context, client *iam.Client, r *resource.Request) error {
	if !r.TagsChanged() {
		return nil
	}
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagRole(ctx, &iam.UntagRoleInput{RoleName: &r.PhysicalID, TagKeys: removed}); err != nil {
			return err
		}
	}
	_, err := client.TagRole(ctx, &iam.TagRoleInput{RoleName: &r.PhysicalID, Tags: sortedTags(r.Tags, iamTag)})
	return err
}

func (role) Delete(ctx context.Context, r *resource.Request) error {
	client := iam.NewFromConfig(r.Config)
	if err := rolePolicies(
		ctx, client, r.PhysicalID, r.Properties, nil,
	); err != nil && resource.CodeOf(err) != resource.NotFound {
		return err
	}
	_, err := client.DeleteRole(ctx, &iam.DeleteRoleInput{RoleName: &r.PhysicalID})
	return err
}
