package providers

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lambdaPermission() *resource.Type {
	return &resource.Type{
		Name: "AWS::Lambda::Permission", Handler: permission{}, Attributes: []string{"Id"},
		Properties: resource.Schema{
			"Action": resource.Text().Must().Replaces(), "FunctionName": resource.Text().Must().Replaces(),
			"Principal": resource.Text().Must().Replaces(), "SourceArn": resource.Text().Replaces(),
			"SourceAccount": resource.Text().Replaces(), "EventSourceToken": resource.Text().Replaces(),
			"PrincipalOrgID": resource.Text().Replaces(), "FunctionUrlAuthType": resource.Text().Replaces(),
		},
	}
}

type permission struct{}

// splitFunction separates the qualifier from a function's name or ARN, for each qualifier has a policy of its own.
func splitFunction(name string) (function string, qualifier *string) {
	parts := strings.Split(name, ":")
	// arn:aws:lambda:region:account:function:name:qualifier, account:function:name:qualifier, name:qualifier
	if n := len(parts); n == 8 || n == 4 || n == 2 {
		return strings.Join(parts[:n-1], ":"), &parts[n-1]
	}
	return name, nil
}

func (permission) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	function, qualifier := splitFunction(r.Properties.Text("FunctionName"))
	id, p := r.Name("", 100), r.Properties
	_, err := lambda.NewFromConfig(r.Config).AddPermission(ctx, &lambda.AddPermissionInput{
		FunctionName: &function, Qualifier: qualifier, StatementId: &id, Action: p.TextPointer("Action"),
		Principal: p.TextPointer("Principal"), SourceArn: p.TextPointer("SourceArn"),
		SourceAccount: p.TextPointer("SourceAccount"), EventSourceToken: p.TextPointer("EventSourceToken"),
		PrincipalOrgID:      p.TextPointer("PrincipalOrgID"),
		FunctionUrlAuthType: types.FunctionUrlAuthType(p.Text("FunctionUrlAuthType")),
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("adding the permission: %w", err)
	}
	r.Initiated(id)
	return created(id, map[string]any{"Id": id}), nil
}

// Update is never reached with a difference: every property replaces.
func (permission) Update(_ context.Context, r *resource.Request) (resource.State, error) {
	return created(r.PhysicalID, nil), nil
}

func (permission) Delete(ctx context.Context, r *resource.Request) error {
	function, qualifier := splitFunction(r.Properties.Text("FunctionName"))
	_, err := lambda.NewFromConfig(r.Config).RemovePermission(ctx, &lambda.RemovePermissionInput{
		FunctionName: &function, Qualifier: qualifier, StatementId: &r.PhysicalID,
	})
	return err
}
