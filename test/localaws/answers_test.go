package localaws_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	eventtypes "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	iamtypes "github.com/aws/aws-sdk-go-v2/service/iam/types"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	lambdatypes "github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
)

// wants compares an error with a code and a part of its message; an empty code is no error.
func wants(t *testing.T, why string, err error, code, says string) {
	t.Helper()
	var refused smithy.APIError
	switch {
	case code == "" && err != nil:
		t.Errorf("%s: %v", why, err)
	case code != "" && (!errors.As(err, &refused) || refused.ErrorCode() != code ||
		!strings.Contains(refused.ErrorMessage(), says)):
		t.Errorf("%s: %v, want %s: %s", why, err, code, says)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestAKeyIsNamedByAliasOnlyWhereThatIsAllowed(t *testing.T) {
	client := kms.NewFromConfig(once(start(t, localaws.Options{}).Config()))
	key, err := client.CreateKey(t.Context(), &kms.CreateKeyInput{})
	must(t, err)
	alias := func(name, target string) error {
		return forget(client.CreateAlias(t.Context(), &kms.CreateAliasInput{AliasName: &name, TargetKeyId: &target}))
	}
	wants(t, "an alias", alias("alias/one", *key.KeyMetadata.KeyId), "", "")
	wants(t, "an alias without its prefix", alias("one", *key.KeyMetadata.KeyId), "ValidationException", "Invalid identifier")
	wants(t, "an alias with a colon", alias("alias/o:ne", *key.KeyMetadata.KeyId), "ValidationException", "invalid characters")
	wants(t, "an alias of AWS", alias("alias/aws/one", *key.KeyMetadata.KeyId), "NotAuthorizedException", "")
	wants(t, "an alias of an alias", alias("alias/two", "alias/one"), "ValidationException", "must refer to keys")
	_, err = client.DescribeKey(t.Context(), &kms.DescribeKeyInput{KeyId: aws.String("alias/one")})
	wants(t, "a description by alias", err, "", "")
	_, err = client.EnableKeyRotation(t.Context(), &kms.EnableKeyRotationInput{KeyId: aws.String("alias/one")})
	wants(t, "a rotation by alias", err, "NotFoundException", "Invalid keyId")
}

func TestWhatSQSRefusesAndGivesBack(t *testing.T) {
	client := sqs.NewFromConfig(once(start(t, localaws.Options{}).Config()))
	queue := func(name string, attributes map[string]string) error {
		return forget(client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes}))
	}
	must(t, queue("dead", nil))
	must(t, queue("jobs", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":` +
		`"arn:aws:sqs:eu-central-1:123456789012:dead","maxReceiveCount":"3"}`}))
	must(t, queue("jobs.fifo", map[string]string{"FifoQueue": "true", "ContentBasedDeduplication": "true"}))
	out, err := client.GetQueueAttributes(t.Context(), &sqs.GetQueueAttributesInput{QueueUrl: aws.String("jobs"),
		AttributeNames: []sqstypes.QueueAttributeName{"RedrivePolicy"}})
	must(t, err)
	var redrive struct{ MaxReceiveCount int }
	if err := json.Unmarshal([]byte(out.Attributes["RedrivePolicy"]), &redrive); err != nil || redrive.MaxReceiveCount != 3 {
		t.Errorf("the count comes back as %s", out.Attributes["RedrivePolicy"])
	}
	wants(t, "an unknown member of a redrive policy", queue("odd", map[string]string{"RedrivePolicy": `{"deadLetterTargetArn":` +
		`"arn:aws:sqs:eu-central-1:123456789012:dead","maxReceiveCount":3,"delay":1}`}), "InvalidParameterValue", "RedrivePolicy")
	wants(t, "two kinds of encryption", queue("odd", map[string]string{"KmsMasterKeyId": "alias/x",
		"SqsManagedSseEnabled": "true"}), "InvalidAttributeValue", "one type of server-side encryption")
	wants(t, "half an encryption", queue("odd", map[string]string{"SqsManagedSseEnabled": "maybe"}), "InvalidAttributeValue", "")
	send := func(queue string, change func(*sqs.SendMessageInput)) error {
		in := &sqs.SendMessageInput{QueueUrl: &queue, MessageBody: aws.String("x")}
		change(in)
		return forget(client.SendMessage(t.Context(), in))
	}
	attribute := func(name, kind, value string) func(*sqs.SendMessageInput) {
		return func(in *sqs.SendMessageInput) {
			in.MessageAttributes = map[string]sqstypes.MessageAttributeValue{name: {DataType: &kind, StringValue: &value}}
		}
	}
	wants(t, "a queue by its bare name", send("jobs", attribute("k", "String.custom", "v")), "", "")
	wants(t, "an unknown type", send("jobs", attribute("k", "Text", "v")), "InvalidParameterValue", "supported type prefixes")
	wants(t, "an empty value", send("jobs", attribute("k", "String", "")), "InvalidParameterValue", "non-empty value")
	wants(t, "a reserved name", send("jobs", attribute("AWS.k", "String", "v")), "InvalidParameterValue", "reserved prefix")
	wants(t, "a name with a space", send("jobs", attribute("a b", "String", "v")), "InvalidParameterValue", "name 'a b'")
	wants(t, "a delay where order counts", send("jobs.fifo", func(in *sqs.SendMessageInput) {
		in.DelaySeconds, in.MessageGroupId = 2, aws.String("g")
	}), "InvalidParameterValue", "not valid for this queue type")
	_, err = client.TagQueue(t.Context(), &sqs.TagQueueInput{QueueUrl: aws.String("jobs"), Tags: map[string]string{}})
	wants(t, "no tags", err, "MissingParameter", "parameter Tags")
	_, err = client.UntagQueue(t.Context(), &sqs.UntagQueueInput{QueueUrl: aws.String("jobs"), TagKeys: []string{}})
	wants(t, "no keys of tags", err, "MissingParameter", "parameter TagKeys")
	_, err = client.DeleteMessageBatch(t.Context(), &sqs.DeleteMessageBatchInput{QueueUrl: aws.String("jobs"),
		Entries: []sqstypes.DeleteMessageBatchRequestEntry{}})
	wants(t, "an empty batch", err, "AWS.SimpleQueueService.EmptyBatchRequest", "DeleteMessageBatchRequestEntry")
}

func TestARegistryIsTheAccountsOwn(t *testing.T) {
	client := ecr.NewFromConfig(once(start(t, localaws.Options{}).Config()))
	name := aws.String("app")
	made, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: name,
		EncryptionConfiguration: &ecrtypes.EncryptionConfiguration{EncryptionType: ecrtypes.EncryptionTypeKms}})
	must(t, err)
	if aws.ToString(made.Repository.EncryptionConfiguration.KmsKey) == "" {
		t.Error("the key that encrypts is not told")
	}
	other := aws.String("210987654321")
	_, err = client.ListImages(t.Context(), &ecr.ListImagesInput{RepositoryName: name, RegistryId: other})
	wants(t, "a list of another registry", err, "RepositoryNotFoundException", *other)
	_, err = client.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{RepositoryName: name, RegistryId: other,
		ImageIds: []ecrtypes.ImageIdentifier{{ImageTag: aws.String("v1")}}})
	wants(t, "a deletion in another registry", err, "RepositoryNotFoundException", *other)
	_, err = client.DescribeRepositories(t.Context(), &ecr.DescribeRepositoriesInput{RegistryId: other})
	wants(t, "the repositories of another registry", err, "AccessDeniedException", "")
	_, err = client.PutLifecyclePolicy(t.Context(), &ecr.PutLifecyclePolicyInput{RepositoryName: name,
		LifecyclePolicyText: aws.String(`{"rules":[{"rulePriority":1,"selection":{"tagStatus":"any","countType":` +
			`"imageCountMoreThan","countNumber":1},"action":{"type":"expire"}}]}`)})
	must(t, err)
	lifecycle, err := client.GetLifecyclePolicy(t.Context(), &ecr.GetLifecyclePolicyInput{RepositoryName: name})
	if err != nil || lifecycle.LastEvaluatedAt == nil {
		t.Errorf("the lifecycle was last evaluated at %v, %v", lifecycle.LastEvaluatedAt, err)
	}
}

func TestTagsOfRolesAndWhatIsShownOfThem(t *testing.T) {
	client := iam.NewFromConfig(once(start(t, localaws.Options{}).Config()))
	name := aws.String("r")
	create := func(keys ...string) error {
		in := &iam.CreateRoleInput{RoleName: name, AssumeRolePolicyDocument: document(lambdaTrust),
			PermissionsBoundary: aws.String("arn:aws:iam::aws:policy/AdministratorAccess")}
		for _, key := range keys {
			in.Tags = append(in.Tags, iamtypes.Tag{Key: &key, Value: aws.String("")})
		}
		return forget(client.CreateRole(t.Context(), in))
	}
	wants(t, "a tag twice", create("k", "K"), "InvalidInput", "Duplicate tag keys")
	must(t, create("a", "b", "c"))
	page, err := client.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: name, MaxItems: aws.Int32(2)})
	must(t, err)
	if len(page.Tags) != 2 || !page.IsTruncated || page.Tags[0].Value == nil {
		t.Errorf("the first page is %+v", page)
	}
	rest, err := client.ListRoleTags(t.Context(), &iam.ListRoleTagsInput{RoleName: name, Marker: page.Marker})
	if err != nil || len(rest.Tags) != 1 || *rest.Tags[0].Key != "c" {
		t.Errorf("the second page is %+v, %v", rest, err)
	}
	one, err := client.GetRole(t.Context(), &iam.GetRoleInput{RoleName: name})
	must(t, err)
	all, err := client.ListRoles(t.Context(), &iam.ListRolesInput{})
	must(t, err)
	if one.Role.RoleLastUsed == nil || one.Role.PermissionsBoundary == nil || all.Roles[0].PermissionsBoundary != nil {
		t.Errorf("the role is %+v, in the list %+v", one.Role, all.Roles[0])
	}
	policy, err := client.CreatePolicy(t.Context(), &iam.CreatePolicyInput{PolicyName: aws.String("p"),
		Description: aws.String("d"), PolicyDocument: document(`"Action":"s3:GetObject","Resource":"*"`)})
	must(t, err)
	shown, err := client.GetPolicy(t.Context(), &iam.GetPolicyInput{PolicyArn: policy.Policy.Arn})
	must(t, err)
	if policy.Policy.Description != nil || aws.ToString(shown.Policy.Description) != "d" {
		t.Errorf("the description is %v at first, then %v", policy.Policy.Description, shown.Policy.Description)
	}
}

func TestRulesAndFunctionsThatAWSRefuses(t *testing.T) {
	cfg := once(start(t, localaws.Options{}).Config())
	rules, functions := eventbridge.NewFromConfig(cfg), lambda.NewFromConfig(cfg)
	_, err := rules.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"), EventPattern: aws.String("{")})
	wants(t, "a pattern that is no JSON", err, "InvalidEventPatternException", "")
	_, err = rules.PutRule(t.Context(), &eventbridge.PutRuleInput{Name: aws.String("r"),
		ScheduleExpression: aws.String("rate(1 hour)")})
	must(t, err)
	target := eventtypes.Target{Id: aws.String("t"), Arn: aws.String("arn:aws:lambda:eu-central-1:123456789012:function:f")}
	_, err = rules.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"),
		Targets: []eventtypes.Target{target, target}})
	wants(t, "a target twice", err, "ValidationException", "one id each")
	_, err = rules.PutTargets(t.Context(), &eventbridge.PutTargetsInput{Rule: aws.String("r"), Targets: []eventtypes.Target{}})
	wants(t, "no target", err, "ValidationException", "at 'targets'")
	_, err = functions.CreateFunction(t.Context(), &lambda.CreateFunctionInput{FunctionName: aws.String("f"),
		Role: aws.String("arn:aws:iam::210987654321:role/r"), PackageType: lambdatypes.PackageTypeImage,
		Code: &lambdatypes.FunctionCode{ImageUri: aws.String("x")}})
	wants(t, "a role of another account", err, "AccessDeniedException", "Cross-account pass role is not allowed.")
	_, err = functions.PutFunctionEventInvokeConfig(t.Context(), &lambda.PutFunctionEventInvokeConfigInput{
		FunctionName: aws.String("f")})
	wants(t, "no setting of retries", err, "InvalidParameterValueException", "at least one")
}

// A client that sends a zero gets what AWS answers to one; the SDK leaves it out.
func TestAReceiveOfNothingIsRefused(t *testing.T) {
	server := start(t, localaws.Options{})
	must(t, createQueue(t.Context(), server.Config(), "jobs"))
	cfg := once(server.Config())
	cfg.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		body := `{"QueueUrl":"jobs","MaxNumberOfMessages":0}`
		r.Body, r.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
		return server.Transport().RoundTrip(r)
	})
	_, err := sqs.NewFromConfig(cfg).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String("jobs")})
	wants(t, "no message", err, "InvalidParameterValue", "Must be between 1 and 10")
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
