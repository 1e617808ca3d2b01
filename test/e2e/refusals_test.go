package e2e

import (
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// moreThanTheAccountHas is refused by Lambda, which leaves 100 of an account's concurrency unreserved.
const moreThanTheAccountHas = 5000

var _ = Describe("What must not be", func() {
	It("refuses a tag that was moved to other content", func() {
		Expect(box.PushAs(ctx, sample.V1, "moving")).To(Succeed())
		stage := apply(aStage("moving"))
		becomesLive(stage, "moving")
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(box.PushAs(ctx, sample.V2, "moving")).To(Succeed())
		since := mark()
		setTag(stage, "moving")
		Expect(stalls(stage, v1alpha1.ReasonTagMoved).Message).To(ContainSubstring("new tag"))
		Expect(changes(since)).To(BeEmpty())
		setTag(stage, "v2")
		becomesLive(stage, "v2")
	})

	It("shows the root cause of a stack that is rolled back, changes nothing live, and recovers by a corrected manifest",
		func() {
			stage := released("v1")
			live := aliasesOf(stage)
			edit(stage, func(s *v1alpha1.Stage) {
				s.Spec.Manifest.Workers = append(s.Spec.Manifest.Workers, v1alpha1.Worker{
					Name: "greedy", ReservedConcurrency: aws.Int32(moreThanTheAccountHas),
					Queues: []v1alpha1.Queue{{Name: "greedy"}}, Command: v1alpha1.Command{"/app", "work"},
				})
			})
			stalls(stage, v1alpha1.ReasonStackRolledBack)
			updated := condition(stage, v1alpha1.ConditionStackUpdated)
			Expect(updated.Status).To(BeEquivalentTo("False"))
			Expect(updated.Message).To(And(ContainSubstring("AWS::Lambda::Function"),
				ContainSubstring("UnreservedConcurrentExecution")))
			Expect(condition(stage, v1alpha1.ConditionAvailable).Status).To(BeEquivalentTo("True"))
			Expect(aliasesOf(stage)).To(Equal(live))
			edit(stage, func(s *v1alpha1.Stage) {
				modest := &s.Spec.Manifest.Workers[1]
				modest.Name, modest.Queues[0].Name, modest.ReservedConcurrency = "modest", "modest", nil
			})
			becomesLive(stage, "v1")
		})

	It("moves the aliases back when the stack refuses the limits that come with the switch, and recovers by a "+
		"corrected manifest", func() {
		stage := released("v1")
		live := aliasesOf(stage)
		edit(stage, func(s *v1alpha1.Stage) {
			s.Spec.Manifest.HTTP.ReservedConcurrency = aws.Int32(moreThanTheAccountHas)
		})
		Expect(stalls(stage, v1alpha1.ReasonRolledBack).Message).To(ContainSubstring("UnreservedConcurrentExecution"))
		Expect(aliasesOf(stage)).To(Equal(live))
		edit(stage, func(s *v1alpha1.Stage) { s.Spec.Manifest.HTTP.ReservedConcurrency = aws.Int32(5) })
		becomesLive(stage, "v1")
	})

	It("leaves alone what is in use when a release that moves a queue and shortens a timeout fails its command", func() {
		stage := released("v1")
		used := inUse(stage)
		edit(stage, func(s *v1alpha1.Stage) {
			s.Spec.Image.Tag = "v3-failing-migration"
			worker := s.Spec.Manifest.Workers[0]
			worker.Name, worker.TimeoutSeconds = "other", 5
			s.Spec.Manifest.Workers = []v1alpha1.Worker{worker}
		})
		stalls(stage, v1alpha1.ReasonCommandFailed)
		Expect(inUse(stage)).To(Equal(used))
	})

	It("never touches a stack or a repository of someone else", func() {
		stage := aStage("v1")
		name := prefixOf(stage) + "-foundation"
		_, err := cloudformation.NewFromConfig(box.AWSConfig).CreateStack(ctx, &cloudformation.CreateStackInput{
			StackName: aws.String(name), TemplateBody: aws.String(`{"Resources":{"Q":{"Type":"AWS::SQS::Queue"}}}`),
		})
		Expect(err).NotTo(HaveOccurred())
		since := mark()
		apply(stage)
		Expect(stalls(stage, v1alpha1.ReasonNotOwned).Message).To(ContainSubstring(name))
		remove(stage)
		Expect(changes(since)).To(BeEmpty())

		stage = aStage("v1")
		_, err = ecr.NewFromConfig(box.AWSConfig).CreateRepository(ctx,
			&ecr.CreateRepositoryInput{RepositoryName: aws.String(prefixOf(stage))})
		Expect(err).NotTo(HaveOccurred())
		since = mark()
		apply(stage)
		Expect(stalls(stage, v1alpha1.ReasonNotOwned).Message).To(ContainSubstring(prefixOf(stage)))
		remove(stage)
		Expect(changes(since)).To(BeEmpty())
	})
})

// aliasesOf gives the version that each live alias points at.
func aliasesOf(stage *v1alpha1.Stage) map[string]string {
	GinkgoHelper()
	client := lambda.NewFromConfig(box.AWSConfig)
	aliases := map[string]string{}
	for _, function := range []string{"http", "cli", "default-queue"} {
		answer, err := client.GetAlias(ctx, &lambda.GetAliasInput{
			FunctionName: aws.String(prefixOf(stage) + "-" + function), Name: aws.String("live"),
		})
		Expect(err).NotTo(HaveOccurred())
		aliases[function] = aws.ToString(answer.FunctionVersion)
	}
	return aliases
}

// inUse describes what the live release uses and no version holds: aliases, queues, and which function drains them.
func inUse(stage *v1alpha1.Stage) map[string]string {
	GinkgoHelper()
	used := aliasesOf(stage)
	mappings, err := lambda.NewFromConfig(box.AWSConfig).ListEventSourceMappings(ctx,
		&lambda.ListEventSourceMappingsInput{})
	Expect(err).NotTo(HaveOccurred())
	queue := "default-" + prefixOf(stage)
	for i := range mappings.EventSourceMappings {
		mapping := &mappings.EventSourceMappings[i]
		if arn := aws.ToString(mapping.EventSourceArn); len(arn) > len(queue) && arn[len(arn)-len(queue):] == queue {
			used["mapping"] += fmt.Sprint(aws.ToString(mapping.UUID), aws.ToString(mapping.FunctionArn),
				aws.ToInt32(mapping.BatchSize))
		}
	}
	client := sqs.NewFromConfig(box.AWSConfig)
	url, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(queue)})
	Expect(err).NotTo(HaveOccurred())
	attributes, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
		QueueUrl: url.QueueUrl, AttributeNames: []sqstypes.QueueAttributeName{"VisibilityTimeout", "RedrivePolicy"},
	})
	Expect(err).NotTo(HaveOccurred())
	used["queue"] = fmt.Sprint(attributes.Attributes)
	return used
}
