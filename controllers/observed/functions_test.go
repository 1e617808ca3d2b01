package observed_test

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/controllers/release"
)

// functions makes functions of an image, which digest names.
func (v *view) functions(names ...string) (digest string) {
	v.t.Helper()
	v.makeRepository()
	digest = v.image("functions")
	_, err := iam.NewFromConfig(v.local.Config()).CreateRole(v.t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("function"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	v.must(err)
	for _, name := range names {
		_, err := v.Clients.Lambda.CreateFunction(v.t.Context(), &lambda.CreateFunctionInput{
			FunctionName: aws.String(v.full(name)), PackageType: types.PackageTypeImage,
			Role: aws.String("arn:aws:iam::" + account + ":role/function"),
			Code: &types.FunctionCode{ImageUri: aws.String(v.repositoryURI() + "@" + digest)},
		})
		v.must(err)
		v.ready(name, "$LATEST")
	}
	return digest
}

func (v *view) full(name string) string { return v.Names.Prefix + "-" + name }

func (v *view) ready(name, version string) {
	v.t.Helper()
	for range 4000 {
		got, err := v.Clients.Lambda.GetFunctionConfiguration(v.t.Context(), &lambda.GetFunctionConfigurationInput{
			FunctionName: aws.String(v.full(name)), Qualifier: aws.String(version),
		})
		v.must(err)
		if got.State == types.StateActive && got.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return
		}
		time.Sleep(time.Millisecond)
	}
	v.t.Fatalf("version %s of function %s does not become active", version, name)
}

// of is the release of an id, as a version's description tells it.
func of(id string) release.Description {
	return release.Description{BuildID: "b" + id, ReleaseID: id, Revision: "1"}
}

// publish gives a function a version of each release, which reads that release's variables.
func (v *view) publish(name string, ids ...string) {
	v.t.Helper()
	for _, id := range ids {
		v.describe(name, of(id).String(), id)
		made, err := v.Clients.Lambda.PublishVersion(v.t.Context(), &lambda.PublishVersionInput{
			FunctionName: aws.String(v.full(name)),
		})
		v.must(err)
		v.ready(name, aws.ToString(made.Version))
	}
}

// describe changes the function itself.
func (v *view) describe(name, description, id string) {
	v.t.Helper()
	_, err := v.Clients.Lambda.UpdateFunctionConfiguration(v.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(v.full(name)), Description: aws.String(description),
		Environment: &types.Environment{Variables: map[string]string{
			"ALOFT_CONFIG": "s3://" + v.Names.Bucket + "/" + release.ConfigKey("c"+id),
		}},
	})
	v.must(err)
	v.ready(name, "$LATEST")
}

// point makes the live alias of a function, with shares of other versions.
func (v *view) point(name, version string, shares map[string]float64) (revision string) {
	v.t.Helper()
	made, err := v.Clients.Lambda.CreateAlias(v.t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String(v.full(name)), Name: aws.String(release.LiveAlias),
		FunctionVersion: aws.String(version),
		RoutingConfig:   &types.AliasRoutingConfiguration{AdditionalVersionWeights: shares},
	})
	v.must(err)
	return aws.ToString(made.RevisionId)
}
