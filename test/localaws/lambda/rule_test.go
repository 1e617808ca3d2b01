package lambda

import (
	"context"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	sdkecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"

	"github.com/aloft-dev/aloft/test/localaws/contract"
)

// settling is how long IAM takes until Lambda knows a new role; AWS names no bound.
const settling = 15 * time.Second

// rule is the Lambda that a rule is tested on. Outside it makes two roles and a repository with an image of its own,
// and removes them; the image is of the machine's architecture, which must be amd64.
func rule(t *testing.T) *local {
	t.Helper()
	if !contract.Outside() {
		return start(t, nil)
	}
	config := contract.Config(t, nil)
	run := contract.Name()
	l := &local{Client: sdk.NewFromConfig(config), t: t, ecr: sdkecr.NewFromConfig(config), f: run}
	l.role = newRole(t, config, run)
	newRole(t, config, run+"-2")
	l.repository(run)
	t.Cleanup(func() {
		_, _ = cloudwatchlogs.NewFromConfig(config).DeleteLogGroup(context.Background(), &cloudwatchlogs.DeleteLogGroupInput{
			LogGroupName: aws.String("/aws/lambda/" + run),
		})
		_, _ = l.ecr.DeleteRepository(context.Background(), &sdkecr.DeleteRepositoryInput{RepositoryName: &run, Force: true})
	})
	l.uri = l.push(run, "v1", bootstrapImage(t, nil))
	if config.BaseEndpoint == nil {
		time.Sleep(settling)
	}
	return l
}

// newRole makes a role that functions may have, and that may do nothing.
func newRole(t *testing.T, config aws.Config, name string) string {
	t.Helper()
	client := iam.NewFromConfig(config)
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: &name, AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = client.DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: &name}) })
	return *out.Role.Arn
}
