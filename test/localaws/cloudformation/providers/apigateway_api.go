package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func apiGatewayAPI() *resource.Type {
	return &resource.Type{
		Name: "AWS::ApiGatewayV2::Api", Taggable: true, Handler: httpAPI{}, Attributes: []string{"ApiEndpoint", "ApiId"},
		Properties: resource.Schema{
			"Description": resource.Text(), "DisableExecuteApiEndpoint": resource.Bool(), "Name": resource.Text(),
			"ProtocolType": resource.OneOf("HTTP", "WEBSOCKET").Replaces(), "Tags": resource.TextMap(),
			"Version": resource.Text(),
		},
	}
}

type httpAPI struct{}

func (httpAPI) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	out, err := apigatewayv2.NewFromConfig(r.Config).CreateApi(ctx, &apigatewayv2.CreateApiInput{
		Name: p.TextPointer("Name"), ProtocolType: types.ProtocolType(p.Text("ProtocolType")),
		Description: p.TextPointer("Description"), DisableExecuteApiEndpoint: p.Bool("DisableExecuteApiEndpoint"),
		Tags: r.Tags, Version: p.TextPointer("Version"),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the API: %w", err)
	}
	id := *out.ApiId
	r.Initiated(id)
	return created(id, map[string]any{"ApiId": id, "ApiEndpoint": aws.ToString(out.ApiEndpoint)}), nil
}

func (httpAPI) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, p, state := apigatewayv2.NewFromConfig(r.Config), r.Properties, created(r.PhysicalID, nil)
	if r.Changed("Description", "DisableExecuteApiEndpoint", "Name", "Version") {
		if _, err := client.UpdateApi(ctx, &apigatewayv2.UpdateApiInput{
			ApiId: &r.PhysicalID, Name: p.TextPointer("Name"), Description: aws.String(p.Text("Description")),
			DisableExecuteApiEndpoint: aws.Bool(enabled(p, "DisableExecuteApiEndpoint")), Version: p.TextPointer("Version"),
		}); err != nil {
			return state, fmt.Errorf("updating the API: %w", err)
		}
	}
	return state, apiTags(ctx, client, r, "/apis/"+r.PhysicalID)
}

// apiTags tags what the path names; API Gateway's ARNs have no account.
func apiTags(ctx context.Context, client *apigatewayv2.Client, r *resource.Request, path string) error {
	if !r.TagsChanged() {
		return nil
	}
	arn := fmt.Sprintf("arn:%s:apigateway:%s::%s", r.Partition, r.Region, path)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &apigatewayv2.UntagResourceInput{
			ResourceArn: &arn, TagKeys: removed,
		}); err != nil {
			return err
		}
	}
	_, err := client.TagResource(ctx, &apigatewayv2.TagResourceInput{ResourceArn: &arn, Tags: r.Tags})
	return err
}

func (httpAPI) Delete(ctx context.Context, r *resource.Request) error {
	_, err := apigatewayv2.NewFromConfig(r.Config).DeleteApi(ctx, &apigatewayv2.DeleteApiInput{ApiId: &r.PhysicalID})
	return err
}
