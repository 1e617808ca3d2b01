package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/kms"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func kmsAlias() *resource.Type {
	return &resource.Type{
		Name: "AWS::KMS::Alias", NameProperty: "AliasName", Handler: keyAlias{},
		Properties: resource.Schema{"AliasName": resource.Text().Must().Replaces(), "TargetKeyId": resource.Text().Must()},
	}
}

type keyAlias struct{}

func (keyAlias) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	name, target := r.Properties.Text("AliasName"), r.Properties.Text("TargetKeyId")
	if _, err := kms.NewFromConfig(r.Config).CreateAlias(ctx, &kms.CreateAliasInput{
		AliasName: &name, TargetKeyId: &target,
	}); err != nil {
		return resource.State{}, fmt.Errorf("creating the alias: %w", err)
	}
	r.Initiated(name)
	return created(name, nil), nil
}

func (keyAlias) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	target := r.Properties.Text("TargetKeyId")
	_, err := kms.NewFromConfig(r.Config).UpdateAlias(ctx, &kms.UpdateAliasInput{
		AliasName: &r.PhysicalID, TargetKeyId: &target,
	})
	return created(r.PhysicalID, nil), err
}

func (keyAlias) Delete(ctx context.Context, r *resource.Request) error {
	_, err := kms.NewFromConfig(r.Config).DeleteAlias(ctx, &kms.DeleteAliasInput{AliasName: &r.PhysicalID})
	return err
}
