package cloudformation_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	. "github.com/onsi/gomega"
)

const bucketTemplate = `{"Resources":{"Assets":{"Type":"AWS::S3::Bucket","Properties":{"BucketName":"assets-of-demo",
	"PublicAccessBlockConfiguration":{"BlockPublicAcls":true,"BlockPublicPolicy":"true","IgnorePublicAcls":true,` +
	`"RestrictPublicBuckets":true}}}},
	"Outputs":{"Domain":{"Value":{"Fn::GetAtt":["Assets","RegionalDomainName"]}},"Name":{"Value":{"Ref":"Assets"}}}}`

func TestTheStackRoleActsAndStays(t *testing.T) {
	w := newWorld(t)
	_, err := w.CreateStack(w.ctx, &cloudformation.CreateStackInput{
		StackName: aws.String("demo"), TemplateBody: resources(thingA),
		RoleARN: aws.String("arn:aws:iam::123456789012:role/other"),
	})
	w.g.Expect(err).To(refused("ValidationError",
		"Role arn:aws:iam::123456789012:role/other is invalid or cannot be assumed"))
	stack := w.create(aws.String(bucketTemplate), func(in *cloudformation.CreateStackInput) {
		in.RoleARN = aws.String(roleARN)
	})
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusCreateComplete),
		w.reason("demo", "Assets", types.ResourceStatusCreateFailed))
	w.g.Expect(*stack.Outputs[0].OutputValue).To(Equal("assets-of-demo.s3.eu-central-1.amazonaws.com"))
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.settled(*stack.StackId)
	calls := w.calls.Snapshot().Service("s3").Mutating()
	w.g.Expect(calls.Names()).To(ContainElements("s3:CreateBucket", "s3:DeleteBucket"))
	w.g.Expect(calls.By("stacks")).To(HaveLen(len(calls)), "creation and deletion acted as the role")
}

func TestABucketWithObjectsIsNotDeleted(t *testing.T) {
	w := newWorld(t)
	stack := w.create(aws.String(bucketTemplate))
	_, err := w.s3.PutObject(w.ctx, &s3.PutObjectInput{
		Bucket: aws.String("assets-of-demo"), Key: aws.String("k"), Body: strings.NewReader("v"),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	_, err = w.DeleteStack(w.ctx, &cloudformation.DeleteStackInput{StackName: aws.String("demo")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(w.settled(*stack.StackId).StackStatus).To(Equal(types.StackStatusDeleteFailed))
	w.g.Expect(w.reason("demo", "Assets", types.ResourceStatusDeleteFailed)).To(MatchRegexp(
		`^Resource handler returned message: ".*The bucket you tried to delete is not empty.* \(Service: S3, Status Code: ` +
			`409, Request ID: .+\)" \(RequestToken: [0-9a-f-]+, HandlerErrorCode: GeneralServiceException\)$`))
}

func TestANameThatIsTakenIsNotAdopted(t *testing.T) {
	w := newWorld(t)
	_, err := w.s3.CreateBucket(w.ctx, &s3.CreateBucketInput{
		Bucket:                    aws.String("assets-of-demo"),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	stack := w.create(aws.String(bucketTemplate))
	w.g.Expect(stack.StackStatus).To(Equal(types.StackStatusRollbackComplete))
	w.g.Expect(w.reason("demo", "Assets",
		types.ResourceStatusCreateFailed)).To(HaveSuffix("HandlerErrorCode: AlreadyExists)"))
	_, err = w.s3.HeadBucket(w.ctx, &s3.HeadBucketInput{Bucket: aws.String("assets-of-demo")})
	w.g.Expect(err).NotTo(HaveOccurred(), "the rollback left the foreign bucket alone")
}

func TestATemplateComesFromS3(t *testing.T) {
	w := newWorld(t)
	w.create(aws.String(bucketTemplate))
	long := `{"Metadata":"` + strings.Repeat("x", 60_000) + `","Resources":{` + thingA + `}}`
	_, err := w.s3.PutObject(w.ctx, &s3.PutObjectInput{
		Bucket: aws.String("assets-of-demo"), Key: aws.String("templates/one.json"), Body: strings.NewReader(long),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	for i, url := range []string{
		"https://assets-of-demo.s3.eu-central-1.amazonaws.com/templates/one.json",
		"https://s3.eu-central-1.amazonaws.com/assets-of-demo/templates/one.json",
	} {
		name := []string{"virtual", "path"}[i]
		_, err = w.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: &name, TemplateURL: &url})
		w.g.Expect(err).NotTo(HaveOccurred(), url)
		w.g.Expect(w.settled(name).StackStatus).To(Equal(types.StackStatusCreateComplete))
	}
	out, err := w.GetTemplate(w.ctx, &cloudformation.GetTemplateInput{StackName: aws.String("path")})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(*out.TemplateBody).To(Equal(long))
	for url, message := range map[string]string{
		"http://assets-of-demo.s3.eu-central-1.amazonaws.com/templates/one.json": "TemplateURL must be a supported URL.",
		"https://example.com/one.json":                                           "TemplateURL must be a supported URL.",
		"https://assets-of-demo.s3.eu-central-1.amazonaws.com/none.json":         "S3 error",
	} {
		_, err = w.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: aws.String("bad"), TemplateURL: &url})
		w.g.Expect(err).To(refused("ValidationError", message), url)
	}
}
