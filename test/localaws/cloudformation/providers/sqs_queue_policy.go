package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func sqsQueuePolicy() *resource.Type {
	return &resource.Type{
		Name: "AWS::SQS::QueuePolicy", Handler: queuePolicy{}, Attributes: []string{"Id"},
		Properties: resource.Schema{"PolicyDocument": resource.Doc().Must(), "Queues": resource.Texts().Must()},
	}
}

type queuePolicy struct{}

func (queuePolicy) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	id := r.Name("", 128)
	r.Initiated(id)
	return created(id, map[string]any{
		"Id": id,
	}), setQueuePolicies(ctx, r, r.Properties.Texts("Queues"), r.Properties.Document("PolicyDocument"))
}

func (queuePolicy) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	state := created(r.PhysicalID, nil)
	if err := setQueuePolicies(ctx, r, r.Properties.Texts("Queues"), r.Properties.Document("PolicyDocument")); err != nil {
		return state, err
	}
	kept := set(r.Properties.Texts("Queues"))
	var dropped []string
	for _, url := range r.Previous.Texts("Queues") {
		if !kept[url] {
			dropped = append(dropped, url)
		}
	}
	return state, setQueuePolicies(ctx, r, dropped, "")
}

func setQueuePolicies(ctx context.Context, r *resource.Request, urls []string, document string) error {
	client := sqs.NewFromConfig(r.Config)
	for _, url := range urls {
		if _, err := client.SetQueueAttributes(ctx, &sqs.SetQueueAttributesInput{
			QueueUrl: &url, Attributes: map[string]string{"Policy": document},
		}); err != nil {
			return fmt.Errorf("setting the queue's policy: %w", err)
		}
	}
	return nil
}

func (queuePolicy) Delete(ctx context.Context, r *resource.Request) error {
	return setQueuePolicies(ctx, r, r.Properties.Texts("Queues"), "")
}
