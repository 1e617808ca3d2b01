package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func apiGatewayRoute() *resource.Type {
	return &resource.Type{
		Name: "AWS::ApiGatewayV2::Route", Handler: apiRoute{}, Attributes: []string{"RouteId"},
		Properties: resource.Schema{
			"ApiId": resource.Text().Must().Replaces(), "AuthorizationType": resource.Text(), "OperationName": resource.Text(),
			"RouteKey": resource.Text().Must(), "Target": resource.Text(),
		},
	}
}

type apiRoute struct{}

func (apiRoute) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	out, err := apigatewayv2.NewFromConfig(r.Config).CreateRoute(ctx, &apigatewayv2.CreateRouteInput{
		ApiId: p.TextPointer("ApiId"), RouteKey: p.TextPointer("RouteKey"), Target: p.TextPointer("Target"),
		AuthorizationType: types.AuthorizationType(p.Text("AuthorizationType")),
		OperationName:     p.TextPointer("OperationName"),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the route: %w", err)
	}
	r.Initiated(*out.RouteId)
	return created(*out.RouteId, map[string]any{"RouteId": *out.RouteId}), nil
}

func (apiRoute) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	_, err := apigatewayv2.NewFromConfig(r.Config).UpdateRoute(ctx, &apigatewayv2.UpdateRouteInput{
		ApiId: p.TextPointer("ApiId"), RouteId: &r.PhysicalID, RouteKey: p.TextPointer("RouteKey"),
		Target: p.TextPointer("Target"), AuthorizationType: types.AuthorizationType(p.Text("AuthorizationType")),
		OperationName: p.TextPointer("OperationName"),
	})
	return created(r.PhysicalID, nil), err
}

func (apiRoute) Delete(ctx context.Context, r *resource.Request) error {
	_, err := apigatewayv2.NewFromConfig(r.Config).DeleteRoute(ctx, &apigatewayv2.DeleteRouteInput{
		ApiId: r.Properties.TextPointer("ApiId"), RouteId: &r.PhysicalID,
	})
	return err
}
