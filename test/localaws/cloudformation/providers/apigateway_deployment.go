package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func apiGatewayDeployment() *resource.Type {
	return &resource.Type{
		Name: "AWS::ApiGatewayV2::Deployment", Handler: apiDeployment{}, Attributes: []string{"DeploymentId"},
		Properties: resource.Schema{
			"ApiId": resource.Text().Must().Replaces(), "Description": resource.Text(), "StageName": resource.Text(),
		},
	}
}

type apiDeployment struct{}

func (apiDeployment) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	out, err := apigatewayv2.NewFromConfig(r.Config).CreateDeployment(ctx, &apigatewayv2.CreateDeploymentInput{
		ApiId: p.TextPointer("ApiId"), Description: p.TextPointer("Description"), StageName: p.TextPointer("StageName"),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the deployment: %w", err)
	}
	r.Initiated(*out.DeploymentId)
	return created(*out.DeploymentId, map[string]any{"DeploymentId": *out.DeploymentId}), nil
}

// Update changes the description alone: a deployment stays what the API was.
func (apiDeployment) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	_, err := apigatewayv2.NewFromConfig(r.Config).UpdateDeployment(ctx, &apigatewayv2.UpdateDeploymentInput{
		ApiId: r.Properties.TextPointer("ApiId"), DeploymentId: &r.PhysicalID,
		Description: aws.String(r.Properties.Text("Description")),
	})
	return created(r.PhysicalID, map[string]any{"DeploymentId": r.PhysicalID}), err
}

func (apiDeployment) Delete(ctx context.Context, r *resource.Request) error {
	_, err := apigatewayv2.NewFromConfig(r.Config).DeleteDeployment(ctx, &apigatewayv2.DeleteDeploymentInput{
		ApiId: r.Properties.TextPointer("ApiId"), DeploymentId: &r.PhysicalID,
	})
	return err
}
