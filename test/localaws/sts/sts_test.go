package sts_test

import (
	"context"
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
)

func start(t *testing.T) *localaws.Server {
	t.Helper()
	server, err := localaws.New(localaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

func wantCode(t *testing.T, err error, want, why string) {
	t.Helper()
	var e smithy.APIError
	if want == "" && err == nil {
		return
	}
	if !errors.As(err, &e) || e.ErrorCode() != want {
		t.Errorf("%s: got %v, want %q", why, err, want)
	}
}

// newRole makes a role that trusts the account under a condition.
func newRole(t *testing.T, cfg aws.Config, name, actions, condition string) string {
	t.Helper()
	me, err := sts.NewFromConfig(cfg).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	trust := `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"arn:aws:iam::` + *me.Account +
		`:root"},"Action":[` + actions + `],"Condition":` + condition + `}]}`
	client := iam.NewFromConfig(cfg)
	out, err := client.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: &name, AssumeRolePolicyDocument: &trust})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.DeleteRole(context.Background(), &iam.DeleteRoleInput{RoleName: &name}) })
	return *out.Role.Arn
}

func session(out *sts.AssumeRoleOutput) aws.Credentials {
	c := out.Credentials
	return aws.Credentials{AccessKeyID: *c.AccessKeyId, SecretAccessKey: *c.SecretAccessKey, SessionToken: *c.SessionToken}
}

func with(cfg aws.Config, creds aws.Credentials) aws.Config {
	cfg.Credentials = aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) { return creds, nil })
	return cfg
}

func TestTheTrustPolicyDecidesWhoAssumesARole(t *testing.T) {
	cfg := start(t).Config()
	external := newRole(t, cfg, "aloft-contract-external", `"sts:AssumeRole"`,
		`{"StringEquals":{"sts:ExternalId":"cluster/production"}}`)
	tagged := newRole(t, cfg, "aloft-contract-tagged", `"sts:AssumeRole","sts:TagSession"`, `{}`)
	tags := []types.Tag{{Key: aws.String("aloft:namespace"), Value: aws.String("clouder")}}
	for _, row := range []struct {
		why  string
		in   sts.AssumeRoleInput
		want string
	}{
		{"the right external id", sts.AssumeRoleInput{RoleArn: &external, ExternalId: aws.String("cluster/production")}, ""},
		{"another external id", sts.AssumeRoleInput{RoleArn: &external, ExternalId: aws.String("cluster/other")},
			"AccessDenied"},
		{"no external id", sts.AssumeRoleInput{RoleArn: &external}, "AccessDenied"},
		{"tags that the trust does not allow",
			sts.AssumeRoleInput{RoleArn: &external, ExternalId: aws.String("cluster/production"), Tags: tags}, "AccessDenied"},
		{"tags that it does allow", sts.AssumeRoleInput{RoleArn: &tagged, Tags: tags}, ""},
		{"a role that is not there", sts.AssumeRoleInput{RoleArn: aws.String(tagged + "x")}, "AccessDenied"},
		{"a session shorter than 15 minutes", sts.AssumeRoleInput{RoleArn: &tagged, DurationSeconds: aws.Int32(899)},
			"ValidationError"},
		{"a session longer than the role allows", sts.AssumeRoleInput{RoleArn: &tagged, DurationSeconds: aws.Int32(3601)},
			"ValidationError"},
		{"a policy for the session, which is not known here", sts.AssumeRoleInput{RoleArn: &tagged, Policy: aws.String("{}")},
			"ValidationError"},
	} {
		row.in.RoleSessionName = aws.String("aloft")
		_, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &row.in)
		wantCode(t, err, row.want, row.why)
	}
}

func TestASessionIsItsRole(t *testing.T) {
	server := start(t)
	cfg := server.Config()
	arn := newRole(t, cfg, "aloft-contract-session", `"sts:AssumeRole","sts:TagSession"`, `{}`)
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("clouder-production"), TransitiveTagKeys: []string{"aloft:stage"},
		Tags: []types.Tag{{Key: aws.String("aloft:stage"), Value: aws.String("production")}},
	})
	if err != nil {
		t.Fatal(err)
	}
	assumed := with(cfg, session(out))
	me, err := sts.NewFromConfig(assumed).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	if err != nil {
		t.Fatal(err)
	}
	if want := "arn:aws:sts::" + *me.Account + ":assumed-role/aloft-contract-session/clouder-production"; *me.Arn !=
		want || *out.AssumedRoleUser.Arn != want {
		t.Errorf("got %s and %s, want %s", *me.Arn, *out.AssumedRoleUser.Arn, want)
	}
	if got := server.Calls().By("aloft-contract-session").Names(); len(got) != 1 || got[0] != "sts:GetCallerIdentity" {
		t.Errorf("the role's calls are %v", got)
	}
	_, err = sts.NewFromConfig(assumed).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("chained"),
		Tags: []types.Tag{{Key: aws.String("aloft:stage"), Value: aws.String("other")}},
	})
	wantCode(t, err, "InvalidParameterValue", "a transitive tag cannot be set again")
}

func TestEndedAndUnknownCredentialsHaveTheirCodes(t *testing.T) {
	server := start(t)
	cfg := server.Config()
	arn := newRole(t, cfg, "aloft-contract-ended", `"sts:AssumeRole"`, `{}`)
	out, err := sts.NewFromConfig(cfg).AssumeRole(t.Context(), &sts.AssumeRoleInput{
		RoleArn: &arn, RoleSessionName: aws.String("aloft"),
	})
	if err != nil {
		t.Fatal(err)
	}
	creds := session(out)
	server.Identities().Revoke(creds.AccessKeyID)
	ended := with(cfg, creds)
	unknown := with(cfg, aws.Credentials{AccessKeyID: "AKIANOBODY0000000000", SecretAccessKey: "x"})
	_, err = sts.NewFromConfig(ended).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "ExpiredToken", "query")
	_, err = sqs.NewFromConfig(ended).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	wantCode(t, err, "ExpiredTokenException", "JSON")
	_, err = awss3.NewFromConfig(ended).ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	wantCode(t, err, "ExpiredToken", "S3")
	_, err = sts.NewFromConfig(unknown).GetCallerIdentity(t.Context(), &sts.GetCallerIdentityInput{})
	wantCode(t, err, "InvalidClientTokenId", "query")
	_, err = sqs.NewFromConfig(unknown).ListQueues(t.Context(), &sqs.ListQueuesInput{})
	wantCode(t, err, "UnrecognizedClientException", "JSON")
	_, err = awss3.NewFromConfig(unknown).ListBuckets(t.Context(), &awss3.ListBucketsInput{})
	wantCode(t, err, "InvalidAccessKeyId", "S3")
}
