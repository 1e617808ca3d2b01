package localaws_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
)

func document(statement string) *string {
	return aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` + statement + `}]}`)
}

const (
	lambdaTrust = `"Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"`
	absentRole  = `"Principal":{"AWS":"arn:aws:iam::123456789012:role/absent"}`
)

// attached puts a policy on what every service has one for; each is refused in the service's own code.
func attached(t *testing.T, cfg aws.Config) map[string]func(ctx context.Context, text *string) error {
	t.Helper()
	roles, buckets, registry := iam.NewFromConfig(cfg), awss3.NewFromConfig(cfg), ecr.NewFromConfig(cfg)
	_, err := roles.CreateRole(t.Context(), &iam.CreateRoleInput{RoleName: aws.String("r"),
		AssumeRolePolicyDocument: document(lambdaTrust)})
	_, err2 := buckets.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: aws.String("a-bucket"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: "eu-central-1"}})
	_, err3 := registry.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")})
	if err := errors.Join(err, err2, err3); err != nil {
		t.Fatal(err)
	}
	return map[string]func(ctx context.Context, text *string) error{
		"iam": func(ctx context.Context, text *string) error {
			return forget(roles.PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("r"), PolicyName: aws.String("p"),
				PolicyDocument: text}))
		},
		"trust": func(ctx context.Context, text *string) error {
			return forget(roles.UpdateAssumeRolePolicy(ctx, &iam.UpdateAssumeRolePolicyInput{RoleName: aws.String("r"),
				PolicyDocument: text}))
		},
		"s3": func(ctx context.Context, text *string) error {
			return forget(buckets.PutBucketPolicy(ctx, &awss3.PutBucketPolicyInput{Bucket: aws.String("a-bucket"), Policy: text}))
		},
		"ecr": func(ctx context.Context, text *string) error {
			return forget(registry.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: aws.String("app"),
				PolicyText: text}))
		},
		"kms": func(ctx context.Context, text *string) error {
			return forget(kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{Policy: text}))
		},
		"sqs": func(ctx context.Context, text *string) error {
			return forget(sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q"),
				Attributes: map[string]string{"Policy": *text}}))
		},
	}
}

func TestPoliciesThatAWSRefusesAreRefused(t *testing.T) {
	server := start(t, localaws.Options{})
	put := attached(t, once(server.Config()))
	for _, row := range []struct{ to, statement, code, says string }{
		{"iam", `"Action":"s3:GetObject","Resouce":"arn:aws:s3:::b/*"`, "MalformedPolicyDocument", "Syntax errors in policy"},
		{"iam", `"Principal":"*","Action":"s3:GetObject","Resource":"*"`, "MalformedPolicyDocument", "should not specify a principal"},
		{"trust", lambdaTrust + `,"Resource":"*"`, "MalformedPolicyDocument", "Has prohibited field Resource"},
		{"trust", absentRole + `,"Action":"sts:AssumeRole"`, "MalformedPolicyDocument", "Invalid principal in policy"},
		{"s3", `"Principal":"*","Action":"s3:GetObject","Resource":"arn:aws:s3:::other/*"`, "MalformedPolicy", "invalid resource"},
		{"s3", `"Action":"s3:GetObject","Resource":"arn:aws:s3:::a-bucket/*"`, "MalformedPolicy", "Missing required field Principal"},
		{"s3", absentRole + `,"Action":"s3:GetObject","Resource":"arn:aws:s3:::a-bucket/*"`, "MalformedPolicy", "Invalid principal"},
		{"ecr", `"Principal":"*","Action":"ecr:BatchGetImage","Resource":"*"`, "InvalidParameterException",
			"Invalid repository policy provided"},
		{"ecr", absentRole + `,"Action":"ecr:BatchGetImage"`, "InvalidParameterException", "Invalid repository policy provided"},
		{"kms", `"Principal":{"Service":"lambda.amazonaws.com"},"Action":"kms:*","Resource":"*"`,
			"MalformedPolicyDocumentException", "will not allow you to update the key policy"},
		{"kms", absentRole + `,"Action":"kms:*","Resource":"*"`, "MalformedPolicyDocumentException", "Invalid principal"},
		{"sqs", `"Principal":"*","Action":"sqs:Send","Resource":"*"`, "InvalidAttributeValue", "Policy"},
	} {
		err := put[row.to](t.Context(), document(row.statement))
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != row.code || !strings.Contains(refused.ErrorMessage(), row.says) {
			t.Errorf("%s %s: %v, want %s: %s", row.to, row.statement, err, row.code, row.says)
		}
	}
}

func TestAKeysPolicyMayLockItsMakerOutWhereThatIsMeant(t *testing.T) {
	client := kms.NewFromConfig(start(t, localaws.Options{}).Config())
	_, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{BypassPolicyLockoutSafetyCheck: true,
		Policy: document(`"Principal":{"Service":"lambda.amazonaws.com"},"Action":"kms:*","Resource":"*"`)})
	if err != nil {
		t.Error(err)
	}
}

func TestAPermissionNamesAPrincipalOfAWS(t *testing.T) {
	client := lambda.NewFromConfig(start(t, localaws.Options{}).Config())
	for principal, code := range map[string]string{
		"nonsense.example.org": "InvalidParameterValueException", "lamda.amazonaws.com": "InvalidParameterValueException",
		"arn:aws:iam::123456789012:root": "ResourceNotFoundException",
	} {
		_, err := client.AddPermission(t.Context(), &lambda.AddPermissionInput{FunctionName: aws.String("f"),
			StatementId: aws.String("s"), Action: aws.String("lambda:InvokeFunction"), Principal: &principal})
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != code {
			t.Errorf("%s: %v, want %s", principal, err, code)
		}
	}
}
