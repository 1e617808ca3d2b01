package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func cloudFrontFunction() *resource.Type {
	return &resource.Type{
		Name: "AWS::CloudFront::Function", Handler: edgeFunction{}, Attributes: []string{"FunctionARN"},
		Properties: resource.Schema{
			"AutoPublish": resource.Bool(), "FunctionCode": resource.Text().Must(), "Name": resource.Text().Must().Replaces(),
			"FunctionConfig": resource.Fields(resource.Schema{
				"Comment": resource.Text().Must(), "Runtime": resource.Text().Must(),
			}).Must(),
		},
	}
}

// edgeFunction is a CloudFront function. AWS: its physical id is its ARN; with AutoPublish each change is live at once.
type edgeFunction struct{}

func edgeFunctionConfig(p resource.Properties) *types.FunctionConfig {
	c := p.Object("FunctionConfig")
	return &types.FunctionConfig{
		Comment: c.TextPointer("Comment"), Runtime: types.FunctionRuntime(c.Text("Runtime")),
	}
}

func (edgeFunction) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client := cloudfront.NewFromConfig(r.Config)
	out, err := client.CreateFunction(ctx, &cloudfront.CreateFunctionInput{
		Name: r.Properties.TextPointer("Name"), FunctionCode: []byte(r.Properties.Text("FunctionCode")),
		FunctionConfig: edgeFunctionConfig(r.Properties),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the function: %w", err)
	}
	arn := *out.FunctionSummary.FunctionMetadata.FunctionARN
	r.Initiated(arn)
	return created(arn, map[string]any{"FunctionARN": arn}), published(ctx, client, r.Properties, out.ETag)
}

// published makes the function live where the template says AutoPublish.
func published(ctx context.Context, client *cloudfront.Client, p resource.Properties, etag *string) error {
	if !enabled(p, "AutoPublish") {
		return nil
	}
	if _, err := client.PublishFunction(ctx, &cloudfront.PublishFunctionInput{
		Name: p.TextPointer("Name"), IfMatch: etag,
	}); err != nil {
		return fmt.Errorf("publishing the function: %w", err)
	}
	return nil
}

func (edgeFunction) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, p, state := cloudfront.NewFromConfig(r.Config), r.Properties, created(r.PhysicalID, nil)
	now, err := client.DescribeFunction(ctx, &cloudfront.DescribeFunctionInput{Name: p.TextPointer("Name")})
	if err != nil {
		return state, err
	}
	out, err := client.UpdateFunction(ctx, &cloudfront.UpdateFunctionInput{
		Name: p.TextPointer("Name"), IfMatch: now.ETag, FunctionCode: []byte(p.Text("FunctionCode")),
		FunctionConfig: edgeFunctionConfig(p),
	})
	if err != nil {
		return state, fmt.Errorf("updating the function: %w", err)
	}
	return state, published(ctx, client, p, out.ETag)
}

func (edgeFunction) Delete(ctx context.Context, r *resource.Request) error {
	client, name := cloudfront.NewFromConfig(r.Config), r.Properties.TextPointer("Name")
	now, err := client.DescribeFunction(ctx, &cloudfront.DescribeFunctionInput{Name: name})
	if err != nil {
		return err
	}
	_, err = client.DeleteFunction(ctx, &cloudfront.DeleteFunctionInput{Name: name, IfMatch: now.ETag})
	return err
}
