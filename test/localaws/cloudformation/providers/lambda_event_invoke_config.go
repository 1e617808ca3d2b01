package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lambdaEventInvokeConfig() *resource.Type {
	destination := resource.Fields(resource.Schema{"Destination": resource.Text().Must()})
	return &resource.Type{
		Name: "AWS::Lambda::EventInvokeConfig", Handler: eventInvokeConfig{},
		Properties: resource.Schema{
			"DestinationConfig": resource.Fields(resource.Schema{"OnFailure": destination, "OnSuccess": destination}),
			"FunctionName":      resource.Text().Must().Replaces(), "MaximumEventAgeInSeconds": resource.Int(),
			"MaximumRetryAttempts": resource.Int(), "Qualifier": resource.Text().Must().Replaces(),
		},
	}
}

type eventInvokeConfig struct{}

func (eventInvokeConfig) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	name, qualifier := r.Properties.Text("FunctionName"), r.Properties.Text("Qualifier")
	id := name + "|" + qualifier
	client := lambda.NewFromConfig(r.Config)
	if _, err := client.GetFunctionEventInvokeConfig(ctx, &lambda.GetFunctionEventInvokeConfigInput{
		FunctionName: &name, Qualifier: &qualifier,
	}); err == nil {
		return resource.State{}, resource.Exists("AWS::Lambda::EventInvokeConfig", id)
	}
	if err := putInvokeConfig(ctx, client, r); err != nil {
		return resource.State{}, err
	}
	r.Initiated(id)
	return created(id, nil), nil
}

func (eventInvokeConfig) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	return created(r.PhysicalID, nil), putInvokeConfig(ctx, lambda.NewFromConfig(r.Config), r)
}

func putInvokeConfig(ctx context.Context, client *lambda.Client, r *resource.Request) error {
	p := r.Properties
	in := &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: p.TextPointer("FunctionName"), Qualifier: p.TextPointer("Qualifier"),
		MaximumEventAgeInSeconds: p.Int32("MaximumEventAgeInSeconds"), MaximumRetryAttempts: p.Int32("MaximumRetryAttempts"),
	}
	if destinations := p.Object("DestinationConfig"); destinations != nil {
		in.DestinationConfig = &types.DestinationConfig{}
		if destinations.Has("OnFailure") {
			in.DestinationConfig.OnFailure = &types.OnFailure{
				Destination: destinations.Object("OnFailure").TextPointer("Destination"),
			}
		}
		if destinations.Has("OnSuccess") {
			in.DestinationConfig.OnSuccess = &types.OnSuccess{
				Destination: destinations.Object("OnSuccess").TextPointer("Destination"),
			}
		}
	}
	if _, err := client.PutFunctionEventInvokeConfig(ctx, in); err != nil {
		return fmt.Errorf("putting the event invoke configuration: %w", err)
	}
	return nil
}

func (eventInvokeConfig) Delete(ctx context.Context, r *resource.Request) error {
	_, err := lambda.NewFromConfig(r.Config).DeleteFunctionEventInvokeConfig(ctx,
		&lambda.DeleteFunctionEventInvokeConfigInput{
			FunctionName: r.Properties.TextPointer("FunctionName"), Qualifier: r.Properties.TextPointer("Qualifier"),
		})
	return err
}
