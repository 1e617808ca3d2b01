package localaws_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cfntypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	kmstypes "github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	ststypes "github.com/aws/aws-sdk-go-v2/service/sts/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/model"
)

// TestEveryOperationIsHeldToItsModel fails where an operation was added and the table was not generated again.
func TestEveryOperationIsHeldToItsModel(t *testing.T) {
	table, err := model.Constraints()
	if err != nil {
		t.Fatal(err)
	}
	for service, operations := range start(t, localaws.Options{}).Operations() {
		for _, name := range operations {
			known := table[service] != nil
			if known {
				_, known = table[service].Operations[name]
			}
			if !known && !strings.HasPrefix(name, "Local") {
				t.Errorf("the table has no %s:%s: go generate ./test/localaws/model", service, name)
			}
		}
	}
}

// violations are calls that each break one rule of a service's model, with the error's code and a part of its message.
type violation struct {
	what string
	call func(context.Context, aws.Config) error
	code string
	says string
}

var long = func(n int) *string { return aws.String(strings.Repeat("x", n)) }

func forget[T any](_ T, err error) error { return err }

func violationsOfLambda() []violation {
	name := aws.String("f")
	permission := func(change func(*lambda.AddPermissionInput)) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			in := &lambda.AddPermissionInput{FunctionName: name, StatementId: aws.String("s"),
				Action: aws.String("lambda:InvokeFunction"), Principal: aws.String("sqs.amazonaws.com")}
			change(in)
			return forget(lambda.NewFromConfig(cfg).AddPermission(ctx, in))
		}
	}
	const code = "ValidationException"
	return []violation{
		{"an action of another service", permission(func(in *lambda.AddPermissionInput) { in.Action = aws.String("s3:GetObject") }),
			code, "at 'action' failed to satisfy constraint: Member must satisfy regular expression pattern: "},
		{"a principal of any characters", permission(func(in *lambda.AddPermissionInput) { in.Principal = aws.String("! !") }),
			code, "at 'principal'"},
		{"a source that is no ARN", permission(func(in *lambda.AddPermissionInput) { in.SourceArn = aws.String("rule/x") }),
			code, "at 'sourceArn'"},
		{"an empty qualifier", permission(func(in *lambda.AddPermissionInput) { in.Qualifier = aws.String("") }),
			code, "Value '' at 'qualifier' failed to satisfy constraint: Member must have length greater than or equal to 1"},
		{"an empty qualifier of a deletion", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).DeleteFunction(ctx, &lambda.DeleteFunctionInput{FunctionName: name,
				Qualifier: aws.String("")}))
		}, code, "at 'qualifier'"},
		{"a log group of any characters", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).UpdateFunctionConfiguration(ctx, &lambda.UpdateFunctionConfigurationInput{
				FunctionName: name, LoggingConfig: &lambdatypes.LoggingConfig{LogGroup: aws.String("a group")}}))
		}, code, "Value 'a group' at 'loggingConfig.logGroup'"},
		{"a version's long description", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).PublishVersion(ctx, &lambda.PublishVersionInput{FunctionName: name,
				Description: long(257)}))
		}, code, "at 'description' failed to satisfy constraint: Member must have length less than or equal to 256"},
		{"no versions on a page", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).ListVersionsByFunction(ctx, &lambda.ListVersionsByFunctionInput{
				FunctionName: name, MaxItems: aws.Int32(0)}))
		}, code, "Value '0' at 'maxItems' failed to satisfy constraint: Member must have value greater than or equal to 1"},
		{"two kinds of responses", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).CreateEventSourceMapping(ctx, &lambda.CreateEventSourceMappingInput{
				FunctionName: name, EventSourceArn: aws.String("arn:aws:sqs:eu-central-1:123456789012:q"),
				FunctionResponseTypes: []lambdatypes.FunctionResponseType{"ReportBatchItemFailures", "ReportBatchItemFailures"}}))
		}, code, "at 'functionResponseTypes'"},
		{"another architecture", func(ctx context.Context, cfg aws.Config) error {
			return forget(lambda.NewFromConfig(cfg).UpdateFunctionCode(ctx, &lambda.UpdateFunctionCodeInput{
				FunctionName: name, ImageUri: aws.String("x"), Architectures: []lambdatypes.Architecture{"mips"}}))
		}, code, "Value '[mips]' at 'architectures' failed to satisfy constraint: Member must satisfy constraint: " +
			"[Member must satisfy enum value set: [x86_64, arm64]]"},
	}
}

func violationsOfCloudFormation() []violation {
	create := func(change func(*cloudformation.CreateStackInput)) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			in := &cloudformation.CreateStackInput{StackName: aws.String("s"), TemplateBody: aws.String(`{"Resources":{}}`)}
			change(in)
			return forget(cloudformation.NewFromConfig(cfg).CreateStack(ctx, in))
		}
	}
	tags := func(key, value string) func(*cloudformation.CreateStackInput) {
		return func(in *cloudformation.CreateStackInput) { in.Tags = []cfntypes.Tag{{Key: &key, Value: &value}} }
	}
	const code = "ValidationError"
	return []violation{
		{"a token of any characters", create(func(in *cloudformation.CreateStackInput) { in.ClientRequestToken = aws.String("a b") }),
			code, "at 'clientRequestToken'"},
		{"a long token", create(func(in *cloudformation.CreateStackInput) { in.ClientRequestToken = long(129) }),
			code, "less than or equal to 128"},
		{"an empty token of a deletion", func(ctx context.Context, cfg aws.Config) error {
			return forget(cloudformation.NewFromConfig(cfg).DeleteStack(ctx, &cloudformation.DeleteStackInput{
				StackName: aws.String("s"), ClientRequestToken: aws.String("")}))
		}, code, "at 'clientRequestToken'"},
		{"a long key of a tag", create(tags(*long(129), "v")), code, "at 'tags.1.member.key'"},
		{"a long value of a tag", create(tags("k", *long(257))), code, "at 'tags.1.member.value'"},
		{"an unknown capability", create(func(in *cloudformation.CreateStackInput) {
			in.Capabilities = []cfntypes.Capability{"CAPABILITY_FLY"}
		}), code, "Value '[CAPABILITY_FLY]' at 'capabilities'"},
		{"an unknown way to fail", create(func(in *cloudformation.CreateStackInput) { in.OnFailure = "IGNORE" }),
			code, "Value 'IGNORE' at 'onFailure' failed to satisfy constraint: Member must satisfy enum value set: "},
		{"an unknown stage of a template", func(ctx context.Context, cfg aws.Config) error {
			return forget(cloudformation.NewFromConfig(cfg).GetTemplate(ctx, &cloudformation.GetTemplateInput{
				StackName: aws.String("s"), TemplateStage: "Draft"}))
		}, code, "at 'templateStage'"},
	}
}

func violationsOfS3() []violation {
	bucket := aws.String("a-bucket")
	lifecycle := func(rule s3types.LifecycleRule) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).PutBucketLifecycleConfiguration(ctx,
				&awss3.PutBucketLifecycleConfigurationInput{Bucket: bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{
					Rules: []s3types.LifecycleRule{rule}}}))
		}
	}
	return []violation{
		{"unknown ownership", func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).PutBucketOwnershipControls(ctx, &awss3.PutBucketOwnershipControlsInput{
				Bucket: bucket, OwnershipControls: &s3types.OwnershipControls{Rules: []s3types.OwnershipControlsRule{
					{ObjectOwnership: "BOGUS"}}}}))
		}, "MalformedXML", ""},
		{"unknown status of a lifecycle", lifecycle(s3types.LifecycleRule{Status: "On",
			Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}}), "MalformedXML", ""},
		{"unknown encryption", func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).PutBucketEncryption(ctx, &awss3.PutBucketEncryptionInput{Bucket: bucket,
				ServerSideEncryptionConfiguration: &s3types.ServerSideEncryptionConfiguration{
					Rules: []s3types.ServerSideEncryptionRule{{ApplyServerSideEncryptionByDefault: &s3types.ServerSideEncryptionByDefault{
						SSEAlgorithm: "ROT13"}}}}}))
		}, "MalformedXML", ""},
		{"unknown storage", func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).PutObject(ctx, &awss3.PutObjectInput{Bucket: bucket, Key: aws.String("k"),
				StorageClass: "ATTIC"}))
		}, "InvalidStorageClass", ""},
		{"unknown directive", func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).CopyObject(ctx, &awss3.CopyObjectInput{Bucket: bucket, Key: aws.String("k"),
				CopySource: aws.String("a-bucket/j"), MetadataDirective: "MERGE"}))
		}, "InvalidArgument", "Unknown metadata directive."},
		{"unknown encoding", func(ctx context.Context, cfg aws.Config) error {
			return forget(awss3.NewFromConfig(cfg).ListObjectsV2(ctx, &awss3.ListObjectsV2Input{Bucket: bucket, EncodingType: "hex"}))
		}, "InvalidArgument", "Invalid Encoding Method"},
	}
}

func violationsOfIdentities() []violation {
	assume := func(change func(*sts.AssumeRoleInput)) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			in := &sts.AssumeRoleInput{RoleArn: aws.String("arn:aws:iam::123456789012:role/r"), RoleSessionName: aws.String("ss")}
			change(in)
			return forget(sts.NewFromConfig(cfg).AssumeRole(ctx, in))
		}
	}
	role := func(change func(*iam.CreateRoleInput)) func(context.Context, aws.Config) error {
		return func(ctx context.Context, cfg aws.Config) error {
			in := &iam.CreateRoleInput{RoleName: aws.String("r"), AssumeRolePolicyDocument: aws.String("{}")}
			change(in)
			return forget(iam.NewFromConfig(cfg).CreateRole(ctx, in))
		}
	}
	const code = "ValidationError"
	return []violation{
		{"a short external id", assume(func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("x") }), code,
			"at 'externalId' failed to satisfy constraint: Member must have length greater than or equal to 2"},
		{"an external id with a space", assume(func(in *sts.AssumeRoleInput) { in.ExternalId = aws.String("a b") }), code,
			"at 'externalId'"},
		{"a long key of a session's tag", assume(func(in *sts.AssumeRoleInput) {
			in.Tags = []ststypes.Tag{{Key: long(129), Value: aws.String("v")}}
		}), code, "at 'tags.1.member.key'"},
		{"a long value of a session's tag", assume(func(in *sts.AssumeRoleInput) {
			in.Tags = []ststypes.Tag{{Key: aws.String("k"), Value: long(257)}}
		}), code, "at 'tags.1.member.value'"},
		{"a role's long description", role(func(in *iam.CreateRoleInput) { in.Description = long(1001) }), code, "at 'description'"},
		{"more than fifty tags", role(func(in *iam.CreateRoleInput) {
			for range 51 {
				in.Tags = append(in.Tags, iamtypes.Tag{Key: aws.String("k"), Value: aws.String("v")})
			}
		}), code, "at 'tags' failed to satisfy constraint: Member must have length less than or equal to 50"},
		{"an inline policy's long name", func(ctx context.Context, cfg aws.Config) error {
			return forget(iam.NewFromConfig(cfg).PutRolePolicy(ctx, &iam.PutRolePolicyInput{RoleName: aws.String("r"),
				PolicyName: long(129), PolicyDocument: aws.String("{}")}))
		}, code, "at 'policyName'"},
	}
}

func violationsOfOthers() []violation {
	return []violation{
		{"no images", func(ctx context.Context, cfg aws.Config) error {
			return forget(ecr.NewFromConfig(cfg).BatchDeleteImage(ctx, &ecr.BatchDeleteImageInput{RepositoryName: aws.String("app"),
				ImageIds: []ecrtypes.ImageIdentifier{}}))
		}, "InvalidParameterException",
			"Invalid parameter at 'imageIds' failed to satisfy constraint: 'must have length greater than or equal to 1'"},
		{"a repository in capitals", func(ctx context.Context, cfg aws.Config) error {
			return forget(ecr.NewFromConfig(cfg).DeleteRepository(ctx, &ecr.DeleteRepositoryInput{RepositoryName: aws.String("App")}))
		}, "InvalidParameterException", "'must satisfy regular expression '"},
		{"more repositories than a page has", func(ctx context.Context, cfg aws.Config) error {
			return forget(ecr.NewFromConfig(cfg).DescribeRepositories(ctx, &ecr.DescribeRepositoriesInput{MaxResults: aws.Int32(1001)}))
		}, "InvalidParameterException", "at 'maxResults'"},
		{"an unknown kind of key", func(ctx context.Context, cfg aws.Config) error {
			return forget(kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{KeySpec: "ROT13"}))
		}, "ValidationException", "Value 'ROT13' at 'keySpec'"},
		{"a key's long tag", func(ctx context.Context, cfg aws.Config) error {
			return forget(kms.NewFromConfig(cfg).CreateKey(ctx, &kms.CreateKeyInput{Tags: []kmstypes.Tag{
				{TagKey: long(129), TagValue: aws.String("v")}}}))
		}, "ValidationException", "at 'tags.1.member.tagKey'"},
		{"an empty key of a decryption", func(ctx context.Context, cfg aws.Config) error {
			return forget(kms.NewFromConfig(cfg).Decrypt(ctx, &kms.DecryptInput{CiphertextBlob: []byte("x"), KeyId: aws.String("")}))
		}, "ValidationException", "at 'keyId'"},
		{"streams of a group with its wildcard", func(ctx context.Context, cfg aws.Config) error {
			return forget(cloudwatchlogs.NewFromConfig(cfg).FilterLogEvents(ctx, &cloudwatchlogs.FilterLogEventsInput{
				LogGroupIdentifier: aws.String("arn:aws:logs:eu-central-1:123456789012:log-group:app:*")}))
		}, "InvalidParameterException", "at 'logGroupIdentifier'"},
		{"an unknown attribute of a queue", func(ctx context.Context, cfg aws.Config) error {
			return forget(sqs.NewFromConfig(cfg).CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: aws.String("q"),
				Attributes: map[string]string{"Colour": "red"}}))
		}, "InvalidAttributeName", "Unknown Attribute Colour."},
	}
}

func TestWhatTheServicesModelsRefuseIsRefused(t *testing.T) {
	server := start(t, localaws.Options{})
	for _, row := range slices.Concat(violationsOfLambda(), violationsOfCloudFormation(), violationsOfS3(),
		violationsOfIdentities(), violationsOfOthers()) {
		err := row.call(t.Context(), once(server.Config()))
		var refused smithy.APIError
		if !errors.As(err, &refused) || refused.ErrorCode() != row.code || !strings.Contains(refused.ErrorMessage(), row.says) {
			t.Errorf("%s: %v, want %s: %s", row.what, err, row.code, row.says)
		}
	}
	if len(server.Calls().Effects()) > 0 {
		t.Errorf("what was refused had an effect: %v", server.Calls().Effects().Names())
	}
}
