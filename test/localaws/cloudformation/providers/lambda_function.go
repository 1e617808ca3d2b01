package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lambdaFunction() *resource.Type {
	return &resource.Type{
		Name: "AWS::Lambda::Function", NameProperty: "FunctionName", Taggable: true, Handler: function{},
		Attributes: []string{"Arn"}, Properties: resource.Schema{
			"Architectures":    resource.Texts(),
			"Code":             resource.Fields(resource.Schema{"ImageUri": resource.Text().Must()}).Must(),
			"DeadLetterConfig": resource.Fields(resource.Schema{"TargetArn": resource.Text()}),
			"Description":      resource.Text(),
			"Environment":      resource.Fields(resource.Schema{"Variables": resource.TextMap()}),
			"EphemeralStorage": resource.Fields(resource.Schema{"Size": resource.Int().Must()}),
			"FunctionName":     resource.Text().Replaces(),
			"ImageConfig": resource.Fields(resource.Schema{
				"Command": resource.Texts(), "EntryPoint": resource.Texts(), "WorkingDirectory": resource.Text(),
			}),
			"KmsKeyArn": resource.Text(),
			"LoggingConfig": resource.Fields(resource.Schema{
				"LogGroup": resource.Text(), "LogFormat": resource.Text(), "ApplicationLogLevel": resource.Text(),
				"SystemLogLevel": resource.Text(),
			}),
			"MemorySize": resource.Int(), "PackageType": resource.OneOf("Image", "Zip").Replaces(),
			"ReservedConcurrentExecutions": resource.Int(), "Role": resource.Text().Must(), "Tags": resource.Tags(),
			"Timeout":       resource.Int(),
			"TracingConfig": resource.Fields(resource.Schema{"Mode": resource.OneOf("Active", "PassThrough")}),
			"VpcConfig": resource.Fields(resource.Schema{
				"SubnetIds": resource.Texts(), "SecurityGroupIds": resource.Texts(), "Ipv6AllowedForDualStack": resource.Bool(),
			}),
		},
	}
}

type function struct{}

func (function) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := lambda.NewFromConfig(r.Config), r.Name("FunctionName", 64)
	p := r.Properties
	if p.Text("PackageType") != "Image" {
		return resource.State{}, resource.Fail(resource.InvalidRequest,
			"Runtime and Handler are mandatory parameters for functions created with deployment packages.")
	}
	settings := functionSettings(p, nil)
	out, err := client.CreateFunction(ctx, &lambda.CreateFunctionInput{
		FunctionName: &name, Role: settings.Role, PackageType: types.PackageTypeImage, Architectures: architectures(p),
		Code: &types.FunctionCode{ImageUri: p.Object("Code").TextPointer("ImageUri")}, Tags: r.Tags,
		DeadLetterConfig: settings.DeadLetterConfig, Description: settings.Description, Environment: settings.Environment,
		EphemeralStorage: settings.EphemeralStorage, ImageConfig: settings.ImageConfig, KMSKeyArn: settings.KMSKeyArn,
		LoggingConfig: settings.LoggingConfig, MemorySize: settings.MemorySize, Timeout: settings.Timeout,
		TracingConfig: settings.TracingConfig, VpcConfig: settings.VpcConfig,
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the function: %w", err)
	}
	r.Initiated(name)
	state := created(name, map[string]any{"Arn": *out.FunctionArn})
	if err := functionReady(ctx, client, r, name); err != nil {
		return state, err
	}
	return state, functionConcurrency(ctx, client, r, name)
}

func architectures(p resource.Properties) []types.Architecture {
	var list []types.Architecture
	for _, name := range p.Texts("Architectures") {
		list = append(list, types.Architecture(name))
	}
	return list
}

func (function) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name, state := lambda.NewFromConfig(r.Config), r.PhysicalID, created(r.PhysicalID, nil)
	if err := functionIdle(ctx, client, r, name); err != nil {
		return state, err
	}
	if r.Changed("Code", "Architectures") {
		if _, err := client.UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
			FunctionName: &name, ImageUri: r.Properties.Object("Code").TextPointer("ImageUri"),
			Architectures: architectures(r.Properties),
		}); err != nil {
			return state, fmt.Errorf("updating the code: %w", err)
		}
		if err := functionReady(ctx, client, r, name); err != nil {
			return state, err
		}
	}
	if r.Changed(configurationProperties...) {
		settings := functionSettings(r.Properties, r.Previous)
		settings.FunctionName = &name
		if _, err := client.UpdateFunctionConfiguration(ctx, settings); err != nil {
			return state, fmt.Errorf("updating the configuration: %w", err)
		}
		if err := functionReady(ctx, client, r, name); err != nil {
			return state, err
		}
	}
	if err := functionConcurrency(ctx, client, r, name); err != nil {
		return state, err
	}
	return state, functionTags(ctx, client, r)
}

// functionIdle waits for the end of an update that somebody began: of one that was given up when a sibling failed, when
// the stack is rolled back. Lambda would refuse another one meanwhile.
func functionIdle(ctx context.Context, client *lambda.Client, r *resource.Request, name string) error {
	return r.Wait(ctx, func(ctx context.Context) (bool, error) {
		out, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			return false, fmt.Errorf("reading the function's state: %w", err)
		}
		busy := out.Configuration.State == types.StatePending ||
			out.Configuration.LastUpdateStatus == types.LastUpdateStatusInProgress
		return !busy, nil
	})
}

// functionReady waits until the function and its last update are through; Failed is the resource's failure.
func functionReady(ctx context.Context, client *lambda.Client, r *resource.Request, name string) error {
	return r.Wait(ctx, func(ctx context.Context) (bool, error) {
		out, err := client.GetFunction(ctx, &lambda.GetFunctionInput{FunctionName: &name})
		if err != nil {
			return false, fmt.Errorf("reading the function's state: %w", err)
		}
		c := out.Configuration
		switch {
		case c.State == types.StateFailed:
			return false, resource.Fail(resource.NotStabilized, "Function creation failed: %s: %s", c.StateReasonCode,
				aws.ToString(c.StateReason))
		case c.LastUpdateStatus == types.LastUpdateStatusFailed:
			return false, resource.Fail(resource.NotStabilized, "Function update failed: %s: %s", c.LastUpdateStatusReasonCode,
				aws.ToString(c.LastUpdateStatusReason))
		}
		// An idle function became Inactive after weeks without a call; it is as stable as an Active one.
		settled := c.State == types.StateActive || c.State == types.StateInactive
		return settled && c.LastUpdateStatus != types.LastUpdateStatusInProgress, nil
	})
}

func functionConcurrency(ctx context.Context, client *lambda.Client, r *resource.Request, name string) error {
	if !r.Changed("ReservedConcurrentExecutions") {
		return nil
	}
	reserved := r.Properties.Int32("ReservedConcurrentExecutions")
	if reserved == nil {
		_, err := client.DeleteFunctionConcurrency(ctx, &lambda.DeleteFunctionConcurrencyInput{FunctionName: &name})
		return err
	}
	_, err := client.PutFunctionConcurrency(ctx, &lambda.PutFunctionConcurrencyInput{
		FunctionName: &name, ReservedConcurrentExecutions: reserved,
	})
	return err
}

func functionTags(ctx context.Context, client *lambda.Client, r *resource.Request) error {
	if !r.TagsChanged() {
		return nil
	}
	arn := r.ARN("lambda", "function:"+r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &lambda.UntagResourceInput{Resource: &arn, TagKeys: removed}); err != nil {
			return err
		}
	}
	_, err := client.TagResource(ctx, &lambda.TagResourceInput{Resource: &arn, Tags: r.Tags})
	return err
}

func (function) Delete(ctx context.Context, r *resource.Request) error {
	_, err := lambda.NewFromConfig(r.Config).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: &r.PhysicalID})
	return err
}
