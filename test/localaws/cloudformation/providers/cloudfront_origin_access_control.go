package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func cloudFrontOriginAccessControl() *resource.Type {
	return &resource.Type{
		Name: "AWS::CloudFront::OriginAccessControl", Handler: originAccessControl{}, Attributes: []string{"Id"},
		Properties: resource.Schema{"OriginAccessControlConfig": resource.Fields(resource.Schema{
			"Description": resource.Text(), "Name": resource.Text().Must(),
			"OriginAccessControlOriginType": resource.Text().Must(), "SigningBehavior": resource.Text().Must(),
			"SigningProtocol": resource.Text().Must(),
		}).Must()},
	}
}

type originAccessControl struct{}

func accessControl(p resource.Properties) *types.OriginAccessControlConfig {
	c := p.Object("OriginAccessControlConfig")
	return &types.OriginAccessControlConfig{
		Name: c.TextPointer("Name"), Description: c.TextPointer("Description"),
		OriginAccessControlOriginType: types.OriginAccessControlOriginTypes(c.Text("OriginAccessControlOriginType")),
		SigningBehavior:               types.OriginAccessControlSigningBehaviors(c.Text("SigningBehavior")),
		SigningProtocol:               types.OriginAccessControlSigningProtocols(c.Text("SigningProtocol")),
	}
}

func (originAccessControl) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	out, err := cloudfront.NewFromConfig(r.Config).CreateOriginAccessControl(ctx,
		&cloudfront.CreateOriginAccessControlInput{
			OriginAccessControlConfig: accessControl(r.Properties),
		})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the origin access control: %w", err)
	}
	id := *out.OriginAccessControl.Id
	r.Initiated(id)
	return created(id, map[string]any{"Id": id}), nil
}

func (originAccessControl) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := cloudfront.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	now, err := client.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &r.PhysicalID})
	if err != nil {
		return state, err
	}
	_, err = client.UpdateOriginAccessControl(ctx, &cloudfront.UpdateOriginAccessControlInput{
		Id: &r.PhysicalID, IfMatch: now.ETag, OriginAccessControlConfig: accessControl(r.Properties),
	})
	return state, err
}

func (originAccessControl) Delete(ctx context.Context, r *resource.Request) error {
	client := cloudfront.NewFromConfig(r.Config)
	now, err := client.GetOriginAccessControl(ctx, &cloudfront.GetOriginAccessControlInput{Id: &r.PhysicalID})
	if err != nil {
		return err
	}
	_, err = client.DeleteOriginAccessControl(ctx, &cloudfront.DeleteOriginAccessControlInput{
		Id: &r.PhysicalID, IfMatch: now.ETag,
	})
	return err
}
