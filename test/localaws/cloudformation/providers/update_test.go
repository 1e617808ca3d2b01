package providers_test

import (
	"testing"

	. "github.com/onsi/gomega"
)

const trust = `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",` +
	`"Principal":{"Service":"lambda.amazonaws.com"}}]}`

// policy allows one action on everything.
func policy(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"` + action + `","Resource":"*"}]}`
}

// forAccount is policy for a resource, which says who may.
func forAccount(action string) string {
	return `{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"AWS":"123456789012"},"Action":"` + action +
		`","Resource":"*"}]}`
}

// step is a resource through its life: created, changed in place, changed back to defaults, replaced.
type step struct {
	name                        string
	beside                      string
	created, changed, defaulted string
	replaced                    string
}

var steps = []step{
	{
		name:    "AWS::S3::Bucket",
		created: `"BucketName":"bucket-1"`,
		changed: `"BucketName":"bucket-1","VersioningConfiguration":{"Status":"Enabled"},` +
			`"BucketEncryption":{"ServerSideEncryptionConfiguration":[` +
			`{"ServerSideEncryptionByDefault":{"SSEAlgorithm":"AES256"}}]},
			"OwnershipControls":{"Rules":[{"ObjectOwnership":"BucketOwnerEnforced"}]},` +
			`"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":true,"IgnorePublicAcls":true,` +
			`"RestrictPublicBuckets":true},
			"LifecycleConfiguration":{"Rules":[{"Id":"x","Status":"Enabled",` +
			`"AbortIncompleteMultipartUpload":{"DaysAfterInitiation":1}}]},"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: `"BucketName":"bucket-1"`,
		replaced:  `"BucketName":"bucket-2"`,
	},
	{
		name: "AWS::S3::BucketPolicy", beside: `"Other":{"Type":"AWS::S3::Bucket"}`,
		created: `"Bucket":{"Ref":"Other"},"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Action":"s3:GetObject","Principal":{"Service":"cloudfront.amazonaws.com"},` +
			`"Resource":{"Fn::Sub":"${Other.Arn}/*"}}]}`,
		changed: `"Bucket":{"Ref":"Other"},"PolicyDocument":{"Version":"2012-10-17","Statement":[{"Effect":"Allow",` +
			`"Action":"s3:GetObject","Principal":{"Service":"cloudfront.amazonaws.com"},` +
			`"Resource":{"Fn::Sub":"${Other.Arn}/assets/*"}}]}`,
	},
	{
		name:    "AWS::IAM::Role",
		created: `"RoleName":"r1","AssumeRolePolicyDocument":` + trust,
		changed: `"RoleName":"r1","AssumeRolePolicyDocument":` + trust +
			`,"Description":"d","MaxSessionDuration":7200,"Tags":[{"Key":"k","Value":"v"}],
			"Policies":[{"PolicyName":"p","PolicyDocument":` + policy("s3:*") +
			`}],"ManagedPolicyArns":["arn:aws:iam::aws:policy/service-role/AWSLambdaBasicExecutionRole"]`,
		defaulted: `"RoleName":"r1","AssumeRolePolicyDocument":` + trust,
		replaced:  `"RoleName":"r2","AssumeRolePolicyDocument":` + trust,
	},
	{
		name:    "AWS::IAM::Policy",
		beside:  `"Other":{"Type":"AWS::IAM::Role","Properties":{"AssumeRolePolicyDocument":` + trust + `}}`,
		created: `"PolicyName":"p","Roles":[{"Ref":"Other"}],"PolicyDocument":` + policy("s3:*"),
		changed: `"PolicyName":"p","Roles":[{"Ref":"Other"}],"PolicyDocument":` + policy("sqs:*"),
	},
	{
		name:    "AWS::ECR::Repository",
		created: `"RepositoryName":"r1"`,
		changed: `"RepositoryName":"r1","ImageTagMutability":"IMMUTABLE","RepositoryPolicyText":{"Version":"2012-10-17",` +
			`"Statement":[{"Sid":"L","Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
			`"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]},"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: `"RepositoryName":"r1"`,
		replaced:  `"RepositoryName":"r2"`,
	},
	{
		name:      "AWS::KMS::Key",
		created:   `"Description":"one"`,
		changed:   `"Description":"two","EnableKeyRotation":true,"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: `"EnableKeyRotation":false`,
	},
	{
		name: "AWS::KMS::Alias", beside: `"One":{"Type":"AWS::KMS::Key"},"Two":{"Type":"AWS::KMS::Key"}`,
		created:  `"AliasName":"alias/a","TargetKeyId":{"Ref":"One"}`,
		changed:  `"AliasName":"alias/a","TargetKeyId":{"Ref":"Two"}`,
		replaced: `"AliasName":"alias/b","TargetKeyId":{"Ref":"Two"}`,
	},
	{
		name:    "AWS::Logs::LogGroup",
		created: `"LogGroupName":"/g"`, changed: `"LogGroupName":"/g","RetentionInDays":7,"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: `"LogGroupName":"/g"`, replaced: `"LogGroupName":"/h"`,
	},
	{
		name: "AWS::SQS::Queue", beside: `"Dead":{"Type":"AWS::SQS::Queue"}`,
		created: `"QueueName":"q1"`,
		changed: `"QueueName":"q1","VisibilityTimeout":60,"SqsManagedSseEnabled":true,"MessageRetentionPeriod":600,` +
			`"RedrivePolicy":{"deadLetterTargetArn":{"Fn::GetAtt":["Dead","Arn"]},"maxReceiveCount":3},"Tags":[{"Key":"k",` +
			`"Value":"v"}]`,
		defaulted: `"QueueName":"q1"`, replaced: `"QueueName":"q2"`,
	},
	{
		name: "AWS::SQS::QueuePolicy", beside: `"Other":{"Type":"AWS::SQS::Queue"}`,
		created: `"Queues":[{"Ref":"Other"}],"PolicyDocument":` + forAccount("sqs:SendMessage"),
		changed: `"Queues":[{"Ref":"Other"}],"PolicyDocument":` + forAccount("sqs:*"),
	},
	{
		name:    "AWS::Events::Rule",
		created: `"Name":"e1","ScheduleExpression":"rate(1 hour)"`,
		changed: `"Name":"e1","ScheduleExpression":"rate(2 hours)","State":"DISABLED","Targets":[{"Id":"t",` +
			`"Arn":"arn:aws:lambda:eu-central-1:123456789012:function:f:live","Input":"{}",` +
			`"RetryPolicy":{"MaximumRetryAttempts":0}}],"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: `"Name":"e1","ScheduleExpression":"rate(1 hour)"`,
		replaced:  `"Name":"e2","ScheduleExpression":"rate(1 hour)"`,
	},
	{
		name:      "AWS::ApiGatewayV2::Api",
		created:   `"Name":"one","ProtocolType":"HTTP"`,
		changed:   `"Name":"two","ProtocolType":"HTTP","Description":"d","Tags":{"k":"v"}`,
		defaulted: `"Name":"one","ProtocolType":"HTTP"`,
	},
	{
		name:     "AWS::ApiGatewayV2::Stage",
		beside:   `"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"a","ProtocolType":"HTTP"}}`,
		created:  `"ApiId":{"Ref":"Api"},"StageName":"$default","AutoDeploy":true`,
		changed:  `"ApiId":{"Ref":"Api"},"StageName":"$default","AutoDeploy":true,"Description":"d"`,
		replaced: `"ApiId":{"Ref":"Api"},"StageName":"other","AutoDeploy":true`,
	},
	{
		name: "AWS::ApiGatewayV2::Deployment",
		beside: `"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"a","ProtocolType":"HTTP"}},
			"R":{"Type":"AWS::ApiGatewayV2::Route","Properties":{"ApiId":{"Ref":"Api"},"RouteKey":"$default"}},
			"S":{"Type":"AWS::ApiGatewayV2::Stage","Properties":{"ApiId":{"Ref":"Api"},"StageName":{"Fn::Sub":"s${R}"}}}`,
		created: `"ApiId":{"Ref":"Api"},"Description":{"Fn::Sub":"after ${R}"}`,
		changed: `"ApiId":{"Ref":"Api"},"Description":{"Fn::Sub":"long after ${R}"}`,
	},
	{
		name:   "AWS::ApiGatewayV2::Integration",
		beside: `"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"a","ProtocolType":"HTTP"}}`,
		created: `"ApiId":{"Ref":"Api"},"IntegrationType":"AWS_PROXY","PayloadFormatVersion":"2.0",` +
			`"IntegrationUri":"arn:aws:lambda:eu-central-1:123456789012:function:f:live"`,
		changed: `"ApiId":{"Ref":"Api"},"IntegrationType":"AWS_PROXY","PayloadFormatVersion":"2.0",` +
			`"TimeoutInMillis":29000,"IntegrationUri":"arn:aws:lambda:eu-central-1:123456789012:function:g:live"`,
	},
	{
		name: "AWS::ApiGatewayV2::Route",
		beside: `"Api":{"Type":"AWS::ApiGatewayV2::Api","Properties":{"Name":"a","ProtocolType":"HTTP"}},
			"I":{"Type":"AWS::ApiGatewayV2::Integration","Properties":{"ApiId":{"Ref":"Api"},"IntegrationType":"AWS_PROXY",` +
			`"PayloadFormatVersion":"2.0","IntegrationUri":"arn:aws:lambda:eu-central-1:123456789012:function:f:live"}}`,
		created: `"ApiId":{"Ref":"Api"},"RouteKey":"$default","Target":{"Fn::Join":["/",["integrations",{"Ref":"I"}]]}`,
		changed: `"ApiId":{"Ref":"Api"},"RouteKey":"GET /x","Target":{"Fn::Sub":"integrations/${I}"}`,
	},
	{
		name: "AWS::CloudFront::OriginAccessControl",
		created: `"OriginAccessControlConfig":{"Name":"a","OriginAccessControlOriginType":"s3","SigningBehavior":"always",` +
			`"SigningProtocol":"sigv4"}`,
		changed: `"OriginAccessControlConfig":{"Name":"b","OriginAccessControlOriginType":"s3","SigningBehavior":"always",` +
			`"SigningProtocol":"sigv4"}`,
	},
	{
		name: "AWS::CloudFront::Function",
		created: `"Name":"a","FunctionCode":"function handler(e) { return e.request; }",` +
			`"FunctionConfig":{"Comment":"","Runtime":"cloudfront-js-2.0"}`,
		changed: `"Name":"a","FunctionCode":"function handler(e) { return e.request }","AutoPublish":true,` +
			`"FunctionConfig":{"Comment":"c","Runtime":"cloudfront-js-2.0"}`,
		replaced: `"Name":"b","FunctionCode":"function handler(e) { return e.request }","AutoPublish":true,` +
			`"FunctionConfig":{"Comment":"c","Runtime":"cloudfront-js-2.0"}`,
	},
	{
		name: "AWS::CloudFront::Distribution", beside: `"Bucket":{"Type":"AWS::S3::Bucket"},
			"Oac":{"Type":"AWS::CloudFront::OriginAccessControl","Properties":{"OriginAccessControlConfig":{"Name":"a",` +
			`"OriginAccessControlOriginType":"s3","SigningBehavior":"always","SigningProtocol":"sigv4"}}}`,
		created: distribution("redirect-to-https"), changed: distribution("https-only") + `,"Tags":[{"Key":"k","Value":"v"}]`,
		defaulted: distribution("redirect-to-https"),
	},
}

func distribution(viewers string) string {
	return `"DistributionConfig":{"Enabled":true,"HttpVersion":"http2","IPV6Enabled":true,"PriceClass":"PriceClass_100",
		"Origins":[{"Id":"assets","DomainName":{"Fn::GetAtt":["Bucket","RegionalDomainName"]},` +
		`"OriginAccessControlId":{"Ref":"Oac"},"S3OriginConfig":{"OriginAccessIdentity":""}}],
		"DefaultCacheBehavior":{"TargetOriginId":"assets","ViewerProtocolPolicy":"` + viewers +
		`","CachePolicyId":"658327ea-f89d-4fab-a63d-7e88639e58f6","Compress":true,"AllowedMethods":["GET","HEAD"],` +
		`"CachedMethods":["GET","HEAD"]}}`
}

func (s step) template(properties string) *string {
	resource := `"X":{"Type":"` + s.name + `","Properties":{` + properties + `}}`
	if s.beside == "" {
		return template(resource)
	}
	return template(s.beside, resource)
}

func TestEveryTypeIsCreatedUpdatedReplacedAndDeleted(t *testing.T) {
	for _, s := range steps {
		t.Run(s.name, func(t *testing.T) {
			w := newWorld(t)
			w.apply(s.template(s.created))
			id := w.physical("X")
			w.g.Expect(id).NotTo(BeEmpty())
			for _, properties := range []string{s.changed, s.defaulted} {
				if properties != "" {
					w.apply(s.template(properties))
					w.g.Expect(w.physical("X")).To(Equal(id), "the update is in place")
				}
			}
			if s.replaced != "" {
				w.apply(s.template(s.replaced))
				w.g.Expect(w.physical("X")).NotTo(Equal(id))
			}
			w.remove()
		})
	}
}
