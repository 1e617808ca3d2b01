package tenant

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
)

// MakeFunctionRole makes a role that functions may have, and gives its ARN.
func (n *Tenant) MakeFunctionRole() string {
	n.t.Helper()
	made, err := iam.NewFromConfig(n.Local.Config()).CreateRole(n.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("function"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	n.Must(err)
	return aws.ToString(made.Role.Arn)
}

// FullName is the name on AWS of a function of the stage.
func (n *Tenant) FullName(function string) string { return n.names.Prefix + "-" + function }

// MakeFunction makes a function of the stage, by its name on AWS, and waits until it is active.
func (n *Tenant) MakeFunction(function, role, image string) {
	n.t.Helper()
	_, err := n.clients.Lambda.CreateFunction(n.t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String(function), PackageType: types.PackageTypeImage, Role: aws.String(role),
		Code: &types.FunctionCode{ImageUri: aws.String(image)},
	})
	n.Must(err)
	n.Active(function, "$LATEST")
}

// PublishVersion publishes a function as it is, and gives the version when it is active.
func (n *Tenant) PublishVersion(function string) (version string) {
	n.t.Helper()
	made, err := n.clients.Lambda.PublishVersion(n.t.Context(), &lambda.PublishVersionInput{
		FunctionName: aws.String(function),
	})
	n.Must(err)
	version = aws.ToString(made.Version)
	n.Active(function, version)
	return version
}

// Settled waits until nothing is under way at a version of a function, which takes as long as its image is unpacked.
func (n *Tenant) Settled(function, version string) *lambda.GetFunctionConfigurationOutput {
	n.t.Helper()
	for range 4000 {
		got, err := n.clients.Lambda.GetFunctionConfiguration(n.t.Context(), &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(function), Qualifier: aws.String(version),
		})
		n.Must(err)
		if got.State != types.StatePending && got.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return got
		}
		time.Sleep(time.Millisecond)
	}
	n.t.Fatalf("version %s of function %s does not settle", version, function)
	return nil
}

// Active waits until a version can be invoked.
func (n *Tenant) Active(function, version string) {
	n.t.Helper()
	if got := n.Settled(function, version); got.State != types.StateActive {
		n.t.Fatalf("version %s of function %s is %s: %s", version, function, got.State, aws.ToString(got.StateReason))
	}
}
