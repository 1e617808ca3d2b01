package providers

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func sqsQueue() *resource.Type {
	return &resource.Type{
		Name: "AWS::SQS::Queue", NameProperty: "QueueName", Taggable: true, Handler: queue{},
		Attributes: []string{"Arn", "QueueName", "QueueUrl"}, Properties: resource.Schema{
			"ContentBasedDeduplication": resource.Bool(), "DeduplicationScope": resource.Text(), "DelaySeconds": resource.Int(),
			"FifoQueue": resource.Bool().Replaces(), "FifoThroughputLimit": resource.Text(),
			"KmsDataKeyReusePeriodSeconds": resource.Int(),
			"KmsMasterKeyId":               resource.Text(), "MaximumMessageSize": resource.Int(),
			"MessageRetentionPeriod": resource.Int(), "QueueName": resource.Text().Replaces(),
			"ReceiveMessageWaitTimeSeconds": resource.Int(), "RedriveAllowPolicy": resource.Doc(),
			"RedrivePolicy": resource.Doc(), "SqsManagedSseEnabled": resource.Bool(), "Tags": resource.Tags(),
			"VisibilityTimeout": resource.Int(),
		},
	}
}

// queueDefaults are the attributes with SQS's defaults, for properties that a new content leaves out.
var queueDefaults = map[string]string{
	"ContentBasedDeduplication": "false", "DeduplicationScope": "queue", "DelaySeconds": "0",
	"FifoThroughputLimit": "perQueue", "KmsDataKeyReusePeriodSeconds": "300", "KmsMasterKeyId": "",
	"MaximumMessageSize": "262144", "MessageRetentionPeriod": "345600", "ReceiveMessageWaitTimeSeconds": "0",
	"RedriveAllowPolicy": "", "RedrivePolicy": "", "SqsManagedSseEnabled": "true", "VisibilityTimeout": "30",
}

type queue struct{}

func (queue) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := sqs.NewFromConfig(r.Config), r.Name("QueueName", 75)
	fifo := enabled(r.Properties, "FifoQueue")
	if fifo && !r.Properties.Has("QueueName") {
		name += ".fifo"
	}
	if r.Properties.Has("QueueName") {
		if _, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name}); err == nil {
			// CreateQueue with the same attributes succeeds on an existing queue, and CloudFormation must not adopt it.
			return resource.State{}, resource.Exists("AWS::SQS::Queue", name)
		}
	}
	attributes := map[string]string{}
	for property := range queueDefaults {
		if r.Properties.Has(property) {
			attributes[property] = r.Properties.AttributeText(property)
		}
	}
	if fifo {
		attributes["FifoQueue"] = "true"
	}
	out, err := client.CreateQueue(ctx, &sqs.CreateQueueInput{QueueName: &name, Attributes: attributes, Tags: queueTags(r.Tags)})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the queue: %w", err)
	}
	r.Initiated(*out.QueueUrl)
	return created(*out.QueueUrl, map[string]any{
		"Arn": r.ARN("sqs", name), "QueueName": name, "QueueUrl": *out.QueueUrl,
	}), nil
}

func (queue) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := sqs.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	attributes := map[string]string{}
	for property, standard := range queueDefaults {
		switch {
		case !r.Changed(property):
		case r.Properties.Has(property):
			attributes[property] = r.Properties.AttributeText(property)
		default:
			attributes[property] = standard
		}
	}
	if len(attributes) > 0 {
		if _, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl: &r.PhysicalID, Attributes: attributes,
		}); err != nil {
			return state, fmt.Errorf("setting the queue's attributes: %w", err)
		}
	}
	if !r.TagsChanged() {
		return state, nil
	}
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagQueue(ctx, &sqs.UntagQueueInput{QueueUrl: &r.PhysicalID, TagKeys: removed}); err != nil {
			return state, err
		}
	}
	if len(queueTags(r.Tags)) == 0 {
		return state, nil
	}
	_, err := client.TagQueue(ctx, &sqs.TagQueueInput{QueueUrl: &r.PhysicalID, Tags: queueTags(r.Tags)})
	return state, err
}

// queueTags leaves out what CloudFormation gives other resources: queues of stacks do not have its own tags.
func queueTags(tags map[string]string) map[string]string {
	own := map[string]string{}
	for key, value := range tags {
		if !strings.HasPrefix(key, "aws:cloudformation:") {
			own[key] = value
		}
	}
	return own
}

func (queue) Delete(ctx context.Context, r *resource.Request) error {
	_, err := sqs.NewFromConfig(r.Config).DeleteQueue(ctx, &sqs.DeleteQueueInput{QueueUrl: &r.PhysicalID})
	if err != nil && strings.Contains(err.Error(), "NonExistentQueue") {
		return nil
	}
	return err
}
