package observed_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/aloft-dev/aloft/controllers/release"
)

// functions makes functions of an image, which digest names.
func (v *view) functions(names ...string) (digest string) {
	v.t.Helper()
	v.MakeRepository(ecrtypes.ImageTagMutabilityMutable)
	digest = v.PushAny("functions")
	role := v.MakeFunctionRole()
	for _, name := range names {
		v.MakeFunction(v.FullName(name), role, v.RepositoryURI()+"@"+digest)
	}
	return digest
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
		v.PublishVersion(v.FullName(name))
	}
}

// describe changes the function itself.
func (v *view) describe(name, description, id string) {
	v.t.Helper()
	_, err := v.Clients.Lambda.UpdateFunctionConfiguration(v.t.Context(), &lambda.UpdateFunctionConfigurationInput{
		FunctionName: aws.String(v.FullName(name)), Description: aws.String(description),
		Environment: &types.Environment{Variables: map[string]string{
			"ALOFT_CONFIG": "s3://" + v.Names.Bucket + "/" + release.ConfigKey("c"+id),
		}},
	})
	v.Must(err)
	v.Active(v.FullName(name), "$LATEST")
}

// point makes the live alias of a function, with shares of other versions.
func (v *view) point(name, version string, shares map[string]float64) (revision string) {
	v.t.Helper()
	made, err := v.Clients.Lambda.CreateAlias(v.t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String(v.FullName(name)), Name: aws.String(release.LiveAlias),
		FunctionVersion: aws.String(version),
		RoutingConfig:   &types.AliasRoutingConfiguration{AdditionalVersionWeights: shares},
	})
	v.Must(err)
	return aws.ToString(made.RevisionId)
}
