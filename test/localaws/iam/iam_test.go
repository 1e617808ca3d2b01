package iam_test

import (
	"errors"
	"net/url"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
)

const lambdaTrust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
	`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}]}`

func start(t *testing.T, enforce bool) (*localaws.Server, *iam.Client) {
	t.Helper()
	server, err := localaws.New(localaws.Options{EnforceIAM: enforce})
	must(t, err)
	t.Cleanup(func() { server.Close() })
	return server, iam.NewFromConfig(server.Config())
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func want(t *testing.T, err error, expected, why string) {
	t.Helper()
	if code(err) != expected {
		t.Errorf("%s: got %v, want %q", why, err, expected)
	}
}

func TestTheLifeOfARole(t *testing.T) {
	_, client := start(t, false)
	name, inline := aws.String("aloft-contract-role"), aws.String("bucket")
	basic := aws.String("arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole")
	document := aws.String(
		`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:GetObject","Resource":"*"}]}`,
	)
	_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: name, AssumeRolePolicyDocument: aws.String(lambdaTrust),
		Tags: []types.Tag{{Key: aws.String("aloft.dev/owner"), Value: aws.String("c/n/s")}},
	})
	must(t, err)
	_, err = client.CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("Aloft-Contract-Role"), AssumeRolePolicyDocument: aws.String(lambdaTrust),
	})
	want(t, err, "EntityAlreadyExists", "names are the same but for case")
	role, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})
	must(t, err)
	trust, err := url.QueryUnescape(*role.Role.AssumeRolePolicyDocument)
	must(t, err)
	if trust != lambdaTrust || *role.Role.Tags[0].Value != "c/n/s" || *role.Role.MaxSessionDuration != 3600 {
		t.Errorf("got %s with %v", trust, role.Role.Tags)
	}
	_, err = client.PutRolePolicy(t.Context(), &iam.PutRolePolicyInput{
		RoleName: name, PolicyName: inline, PolicyDocument: document,
	})
	must(t, err)
	_, err = client.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{RoleName: name, PolicyArn: basic})
	must(t, err)
	_, err = client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})
	want(t, err, "DeleteConflict", "a policy is attached")
	_, err = client.DetachRolePolicy(t.Context(), &iam.DetachRolePolicyInput{RoleName: name, PolicyArn: basic})
	must(t, err)
	_, err = client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})
	want(t, err, "DeleteConflict", "an inline policy is left")
	_, err = client.DeleteRolePolicy(t.Context(), &iam.DeleteRolePolicyInput{RoleName: name, PolicyName: inline})
	must(t, err)
	_, err = client.DeleteRole(t.Context(), &iam.DeleteRoleInput{RoleName: name})
	must(t, err)
	_, err = client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})
	want(t, err, "NoSuchEntity", "it is deleted")
}

func TestWhatIAMRefuses(t *testing.T) {
	_, client := start(t, false)
	create := func(name, trust string) error {
		_, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
		return err
	}
	want(t, create("aloft-contract", "{}"), "MalformedPolicyDocument", "a trust without a statement")
	want(t, create("aloft-contract",
		`{"Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:role/absent"},`+
			`"Action":"sts:AssumeRole"}]}`), "MalformedPolicyDocument", "a principal that is not there")
	want(t, create("aloft contract", lambdaTrust), "ValidationError", "a blank in the name")
	must(t, create("aloft-contract", lambdaTrust))
	_, err := client.AttachRolePolicy(t.Context(), &iam.AttachRolePolicyInput{
		RoleName: aws.String("aloft-contract"), PolicyArn: aws.String("arn:aws:iam::aws:policy/Absent"),
	})
	want(t, err, "NoSuchEntity", "a policy that is not there")
	_, err = client.ListUsers(t.Context(), &iam.ListUsersInput{})
	want(t, err, "InvalidAction", "an operation that the local AWS does not have")
}

func TestIdentityPoliciesWithABoundaryDecide(t *testing.T) {
	server, client := start(t, true)
	boundary, err := client.CreatePolicy(t.Context(),
		&iam.CreatePolicyInput{PolicyName: aws.String("boundary"), PolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":["s3:*","sts:*"],"Resource":"*"}]}`)})
	must(t, err)
	role, err := client.CreateRole(t.Context(),
		&iam.CreateRoleInput{RoleName: aws.String("app"), PermissionsBoundary: boundary.Policy.Arn,
			AssumeRolePolicyDocument: aws.String(
				`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::123456789012:root"},` +
					`"Action":["sts:AssumeRole","sts:TagSession"]}]}`)})
	must(t, err)
	_, err = client.PutRolePolicy(t.Context(),
		&iam.PutRolePolicyInput{RoleName: aws.String("app"), PolicyName: aws.String("all"),
			PolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
		{"Effect":"Allow","Action":["s3:List*","sqs:*"],"Resource":"*"},
		{"Effect":"Allow","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::app-*",` +
				`"Condition":{"StringLike":{"aws:PrincipalTag/stage":"prod*"}}},
		{"Effect":"Deny","Action":"s3:CreateBucket","Resource":"arn:aws:s3:::app-secret"}]}`)})
	must(t, err)
	out, err := sts.NewFromConfig(server.Config()).AssumeRole(t.Context(), assume(role.Role.Arn, "production"))
	must(t, err)
	cfg := server.ConfigFor(aws.Credentials{
		AccessKeyID: *out.Credentials.AccessKeyId, SecretAccessKey: *out.Credentials.SecretAccessKey,
		SessionToken: *out.Credentials.SessionToken,
	})
	bucket := func(name string) error {
		_, err := awss3.NewFromConfig(cfg).CreateBucket(t.Context(), bucketInput(name, cfg.Region))
		return err
	}
	_, err = awss3.NewFromConfig(cfg).ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	want(t, err, "", "an action by wildcard")
	want(t, bucket("app-one"), "", "resource and session tag fit")
	want(t, bucket("other"), "AccessDenied", "another resource")
	want(t, bucket("app-secret"), "AccessDenied", "an explicit deny")
	_, err = sqs.NewFromConfig(cfg).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	want(t, err, "AccessDeniedException", "allowed, but not by the boundary")
	_, err = iam.NewFromConfig(cfg).GetRole(t.Context(), &iam.GetRoleInput{RoleName: aws.String("app")})
	want(t, err, "AccessDenied", "nothing allows it")
	_, err = sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	want(t, err, "", "it needs no permission")
}
