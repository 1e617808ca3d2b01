package providers_test

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	. "github.com/onsi/gomega"
)

func TestAQueueHasTheStacksTagsAndNotCloudFormations(t *testing.T) {
	w := newWorld(t)
	w.apply(template(`"Q":{"Type":"AWS::SQS::Queue","Properties":{"Tags":[{"Key":"own","Value":"v"}]}}`))
	out, err := sqs.NewFromConfig(w.Config()).ListQueueTags(w.ctx, &sqs.ListQueueTagsInput{
		QueueUrl: aws.String(w.physical("Q")),
	})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(out.Tags).To(Equal(map[string]string{"own": "v", "owner": "me"}))
}

func TestALongStacksNameLeavesTheLogicalID(t *testing.T) {
	w := newWorld(t)
	name := strings.Repeat("long-", 20) + "name"
	_, err := w.stacks.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: &name,
		TemplateBody: template(`"Assets":{"Type":"AWS::S3::Bucket"}`)})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(string(w.settled(name).StackStatus)).To(Equal("CREATE_COMPLETE"))
	made, err := w.stacks.DescribeStackResource(w.ctx, &cloudformation.DescribeStackResourceInput{StackName: &name,
		LogicalResourceId: aws.String("Assets")})
	w.g.Expect(err).NotTo(HaveOccurred())
	id := *made.StackResourceDetail.PhysicalResourceId
	w.g.Expect(len(id)).To(BeNumerically("<=", 63))
	w.g.Expect(id).To(MatchRegexp(`^long-.*-assets-[a-z0-9]{12}$`))
}

func TestAnExportHasOneOutput(t *testing.T) {
	w := newWorld(t)
	body := `{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}},"Outputs":{"A":{"Value":"a","Export":{"Name":"x"}},` +
		`"B":{"Value":"b","Export":{"Name":"x"}}}}`
	_, err := w.stacks.CreateStack(w.ctx, &cloudformation.CreateStackInput{StackName: aws.String("demo"),
		TemplateBody: &body})
	w.g.Expect(err).To(MatchError(ContainSubstring("Duplicate export names found [x]")))
}

func TestTagsOfImagesMayBeExcluded(t *testing.T) {
	w := newWorld(t)
	w.apply(template(`"R":{"Type":"AWS::ECR::Repository","Properties":{"RepositoryName":"app",` +
		`"ImageTagMutability":"IMMUTABLE_WITH_EXCLUSION","ImageTagMutabilityExclusionFilters":[` +
		`{"ImageTagMutabilityExclusionFilterType":"WILDCARD","ImageTagMutabilityExclusionFilterValue":"dev-*"}]}}`))
	out, err := ecr.NewFromConfig(w.Config()).DescribeRepositories(w.ctx, &ecr.DescribeRepositoriesInput{})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(*out.Repositories[0].ImageTagMutabilityExclusionFilters[0].Filter).To(Equal("dev-*"))
	w.apply(template(`"R":{"Type":"AWS::ECR::Repository","Properties":{"RepositoryName":"app"}}`))
	out, err = ecr.NewFromConfig(w.Config()).DescribeRepositories(w.ctx, &ecr.DescribeRepositoriesInput{})
	w.g.Expect(err).NotTo(HaveOccurred())
	w.g.Expect(out.Repositories[0].ImageTagMutabilityExclusionFilters).To(BeEmpty())
}
