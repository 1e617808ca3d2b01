package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lambdaAlias() *resource.Type {
	return &resource.Type{
		Name: "AWS::Lambda::Alias", NameProperty: "Name", Handler: functionAlias{}, Attributes: []string{"AliasArn"},
		Properties: resource.Schema{
			"Description": resource.Text(), "FunctionName": resource.Text().Must().Replaces(),
			"FunctionVersion": resource.Text().Must(), "Name": resource.Text().Must().Replaces(),
			"RoutingConfig": resource.Fields(resource.Schema{
				"AdditionalVersionWeights": resource.ListOf(resource.Fields(resource.Schema{
					"FunctionVersion": resource.Text().Must(), "FunctionWeight": resource.Num().Must(),
				})),
			}),
		},
	}
}

type functionAlias struct{}

// aliasRouting is empty, not absent, where there are no weights: an update leaves alone what it is not given.
func aliasRouting(p resource.Properties) *types.AliasRoutingConfiguration {
	weights := map[string]float64{}
	for _, w := range p.Object("RoutingConfig").Objects("AdditionalVersionWeights") {
		weights[w.Text("FunctionVersion")], _ = w["FunctionWeight"].(float64)
	}
	return &types.AliasRoutingConfiguration{AdditionalVersionWeights: weights}
}

func (functionAlias) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	out, err := lambda.NewFromConfig(r.Config).CreateAlias(ctx, &lambda.CreateAliasInput{
		FunctionName: p.TextPointer("FunctionName"), FunctionVersion: p.TextPointer("FunctionVersion"),
		Name: p.TextPointer("Name"), Description: p.TextPointer("Description"), RoutingConfig: aliasRouting(p),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the alias: %w", err)
	}
	r.Initiated(*out.AliasArn)
	return created(*out.AliasArn, map[string]any{"AliasArn": *out.AliasArn}), nil
}

func (functionAlias) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	p := r.Properties
	_, err := lambda.NewFromConfig(r.Config).UpdateAlias(ctx, &lambda.UpdateAliasInput{
		FunctionName: p.TextPointer("FunctionName"), FunctionVersion: p.TextPointer("FunctionVersion"),
		Name: p.TextPointer("Name"), Description: aws.String(p.Text("Description")), RoutingConfig: aliasRouting(p),
	})
	return created(r.PhysicalID, map[string]any{"AliasArn": r.PhysicalID}), err
}

func (functionAlias) Delete(ctx context.Context, r *resource.Request) error {
	_, err := lambda.NewFromConfig(r.Config).DeleteAlias(ctx, &lambda.DeleteAliasInput{
		FunctionName: r.Properties.TextPointer("FunctionName"), Name: r.Properties.TextPointer("Name"),
	})
	return err
}
