package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func apiGatewayIntegration() *resource.Type {
	return &resource.Type{
		Name: "AWS::ApiGatewayV2::Integration", Handler: apiIntegration{}, Attributes: []string{"IntegrationId"},
		Properties: resource.Schema{
			"ApiId": resource.Text().Must().Replaces(), "ConnectionType": resource.Text(), "Description": resource.Text(),
			"IntegrationMethod": resource.Text(), "IntegrationType": resource.Text().Must(), "IntegrationUri": resource.Text(),
			"PayloadFormatVersion": resource.Text(), "RequestParameters": resource.TextMap(), "TimeoutInMillis": resource.Int(),
		},
	}
}

type apiIntegration struct{}

func (apiIntegration) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	out, err := apigatewayv2.NewFromConfig(r.Config).CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
		ApiId: p.TextPointer("ApiId"), IntegrationType: types.IntegrationType(p.Text("IntegrationType")),
		IntegrationUri:    p.TextPointer("IntegrationUri"),
		IntegrationMethod: p.TextPointer("IntegrationMethod"), ConnectionType: types.ConnectionType(p.Text("ConnectionType")),
		Description: p.TextPointer("Description"), PayloadFormatVersion: p.TextPointer("PayloadFormatVersion"),
		RequestParameters: p.TextMap("RequestParameters"), TimeoutInMillis: p.Int32("TimeoutInMillis"),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the integration: %w", err)
	}
	r.Initiated(*out.IntegrationId)
	return created(*out.IntegrationId, map[string]any{"IntegrationId": *out.IntegrationId}), nil
}

func (apiIntegration) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	_, err := apigatewayv2.NewFromConfig(r.Config).UpdateIntegration(ctx, &apigatewayv2.UpdateIntegrationInput{
		ApiId: p.TextPointer("ApiId"), IntegrationId: &r.PhysicalID,
		IntegrationType: types.IntegrationType(p.Text("IntegrationType")),
		IntegrationUri:  p.TextPointer("IntegrationUri"), IntegrationMethod: p.TextPointer("IntegrationMethod"),
		ConnectionType: types.ConnectionType(p.Text("ConnectionType")), Description: p.TextPointer("Description"),
		PayloadFormatVersion: p.TextPointer("PayloadFormatVersion"), RequestParameters: p.TextMap("RequestParameters"),
		TimeoutInMillis: p.Int32("TimeoutInMillis"),
	})
	return created(r.PhysicalID, nil), err
}

func (apiIntegration) Delete(ctx context.Context, r *resource.Request) error {
	_, err := apigatewayv2.NewFromConfig(r.Config).DeleteIntegration(ctx, &apigatewayv2.DeleteIntegrationInput{
		ApiId: r.Properties.TextPointer("ApiId"), IntegrationId: &r.PhysicalID,
	})
	return err
}
