package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func apiGatewayStage() *resource.Type {
	return &resource.Type{
		Name: "AWS::ApiGatewayV2::Stage", NameProperty: "StageName", Taggable: true, Handler: apiStage{},
		Properties: resource.Schema{
			"AccessLogSettings": resource.Fields(resource.Schema{"DestinationArn": resource.Text(), "Format": resource.Text()}),
			"ApiId":             resource.Text().Must().Replaces(), "AutoDeploy": resource.Bool(),
			"DefaultRouteSettings": resource.Fields(resource.Schema{
				"DetailedMetricsEnabled": resource.Bool(), "ThrottlingBurstLimit": resource.Int(),
				"ThrottlingRateLimit": resource.Num(),
			}),
			"DeploymentId": resource.Text(),
			"Description":  resource.Text(), "StageName": resource.Text().Must().Replaces(), "StageVariables": resource.TextMap(),
			"Tags": resource.TextMap(),
		},
	}
}

type apiStage struct{}

func routeSettings(p resource.Properties) *types.RouteSettings {
	if !p.Has("DefaultRouteSettings") {
		return nil
	}
	s := p.Object("DefaultRouteSettings")
	settings := &types.RouteSettings{DetailedMetricsEnabled: s.Bool("DetailedMetricsEnabled"),
		ThrottlingBurstLimit: s.Int32("ThrottlingBurstLimit")}
	if rate, ok := s["ThrottlingRateLimit"].(float64); ok {
		settings.ThrottlingRateLimit = &rate
	}
	return settings
}

func accessLog(p resource.Properties) *types.AccessLogSettings {
	if !p.Has("AccessLogSettings") {
		return nil
	}
	s := p.Object("AccessLogSettings")
	return &types.AccessLogSettings{DestinationArn: s.TextPointer("DestinationArn"), Format: s.TextPointer("Format")}
}

func (apiStage) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	_, err := apigatewayv2.NewFromConfig(r.Config).CreateStage(ctx, &apigatewayv2.CreateStageInput{
		ApiId: p.TextPointer("ApiId"), StageName: p.TextPointer("StageName"), AutoDeploy: p.Bool("AutoDeploy"),
		DeploymentId:      p.TextPointer("DeploymentId"),
		AccessLogSettings: accessLog(p), DefaultRouteSettings: routeSettings(p), Description: p.TextPointer("Description"),
		StageVariables: p.TextMap("StageVariables"), Tags: r.Tags,
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the stage: %w", err)
	}
	name := p.Text("StageName")
	r.Initiated(name)
	return created(name, nil), nil
}

func (apiStage) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, p, state := apigatewayv2.NewFromConfig(r.Config), r.Properties, created(r.PhysicalID, nil)
	if r.Changed("AccessLogSettings", "AutoDeploy", "DefaultRouteSettings", "DeploymentId", "Description", "StageVariables") {
		if _, err := client.UpdateStage(ctx, &apigatewayv2.UpdateStageInput{
			ApiId: p.TextPointer("ApiId"), StageName: &r.PhysicalID, AutoDeploy: aws.Bool(enabled(p, "AutoDeploy")),
			DeploymentId:      p.TextPointer("DeploymentId"),
			AccessLogSettings: accessLog(p), DefaultRouteSettings: routeSettings(p),
			Description: aws.String(p.Text("Description")), StageVariables: p.TextMap("StageVariables"),
		}); err != nil {
			return state, fmt.Errorf("updating the stage: %w", err)
		}
	}
	return state, apiTags(ctx, client, r, "/apis/"+p.Text("ApiId")+"/stages/"+r.PhysicalID)
}

func (apiStage) Delete(ctx context.Context, r *resource.Request) error {
	_, err := apigatewayv2.NewFromConfig(r.Config).DeleteStage(ctx, &apigatewayv2.DeleteStageInput{
		ApiId: r.Properties.TextPointer("ApiId"), StageName: &r.PhysicalID,
	})
	return err
}
