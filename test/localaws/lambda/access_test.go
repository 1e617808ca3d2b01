package lambda

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestLambdaOpensTheRepositoryWhereTheCallerMay(t *testing.T) {
	l := start(t, nil)
	if _, err := l.ecr.CreateRepository(t.Context(), &sdkecr.CreateRepositoryInput{
		RepositoryName: aws.String("closed"),
	}); err != nil {
		t.Fatal(err)
	}
	closed := l.push("closed", "v1", bootstrapImage(t, nil))
	make := func() error {
		_, err := l.CreateFunction(t.Context(), &sdk.CreateFunctionInput{FunctionName: aws.String("reader"), Role: &l.role,
			PackageType: types.PackageTypeImage, Code: &types.FunctionCode{ImageUri: &closed}})
		return err
	}
	l.env.Gateway.Authorize = func(call *wire.Call, action, resource string) error {
		if action == "ecr:SetRepositoryPolicy" {
			return wire.Denied(call, action, resource)
		}
		return nil
	}
	refused(t, "a caller who may not", make(), "AccessDeniedException",
		"Lambda does not have permission to access the ECR image")
	l.env.Gateway.Authorize = nil
	if err := make(); err != nil {
		t.Fatal(err)
	}
	out, err := l.ecr.GetRepositoryPolicy(t.Context(), &sdkecr.GetRepositoryPolicyInput{RepositoryName: aws.String("closed")})
	if err != nil || !strings.Contains(*out.PolicyText, "LambdaECRImageRetrievalPolicy") {
		t.Errorf("the repository's policy is %v, %v", out, err)
	}
	if got := l.settled("reader", "").State; got != types.StateActive {
		t.Errorf("the function is %s", got)
	}
}

func TestAnAliasMayNameTheLatest(t *testing.T) {
	l := start(t, nil)
	l.create(l.f, nil)
	l.alias(l.f, "head", "$LATEST")
	if _, err := l.AddPermission(t.Context(), &sdk.AddPermissionInput{FunctionName: &l.f, Qualifier: aws.String("head"),
		StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"),
		Principal: aws.String("events.amazonaws.com")}); err != nil {
		t.Errorf("giving it a permission: %v", err)
	}
	if got := aws.ToString(l.invoke(l.f, "head", `{}`).ExecutedVersion); got != "$LATEST" {
		t.Errorf("version %q answered", got)
	}
}

func TestAFunctionShowsItsNetwork(t *testing.T) {
	l := start(t, nil)
	l.create(l.f, func(in *sdk.CreateFunctionInput) {
		in.VpcConfig = &types.VpcConfig{SubnetIds: []string{"subnet-1"}, SecurityGroupIds: []string{"sg-1"}}
	})
	vpc := l.settled(l.f, "").VpcConfig
	if vpc == nil || aws.ToString(vpc.VpcId) == "" || vpc.SubnetIds[0] != "subnet-1" || vpc.SecurityGroupIds[0] != "sg-1" {
		t.Errorf("the network is %+v", vpc)
	}
	_, err := l.UpdateFunctionConfiguration(t.Context(), &sdk.UpdateFunctionConfigurationInput{FunctionName: &l.f,
		VpcConfig: &types.VpcConfig{SubnetIds: []string{"subnet-1"}}})
	refused(t, "a subnet without a group", err, "InvalidParameterValueException", "must coexist")
}
