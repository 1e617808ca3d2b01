package observed

import (
	"context"
	"fmt"
	"strconv"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// leftovers tells which functions that the deployed stack has and the release has no more must stay for now.
func (o *Observer) leftovers(
	ctx context.Context, d *release.Desired, r *release.Recorded, app *release.Stack,
) (map[string]bool, error) {
	leftovers := map[string]bool{}
	deployed, err := template.Deployed(app)
	if err != nil || deployed == nil {
		return leftovers, err
	}
	kept := map[string]bool{}
	for _, old := range r.History {
		kept[old.ID] = true
	}
	for _, name := range template.Functions(deployed) {
		if _, err := d.Function(name); err == nil {
			continue
		}
		used, err := o.usedBy(ctx, o.Names.Prefix+"-"+name, kept)
		if err != nil {
			return nil, err
		}
		busy, err := o.anyMessage(ctx, template.QueuesOf(deployed, name))
		if err != nil {
			return nil, err
		}
		leftovers[name] = used || busy
	}
	return leftovers, nil
}

// usedBy says that one of the kept releases has a version of the function.
func (o *Observer) usedBy(ctx context.Context, function string, kept map[string]bool) (bool, error) {
	versions, err := o.versions(ctx, function)
	if err != nil {
		return false, err
	}
	for i := range versions {
		description, ok := release.ParseDescription(aws.ToString(versions[i].Description))
		if ok && aws.ToString(versions[i].Version) != latest && kept[description.ReleaseID] {
			return true, nil
		}
	}
	return false, nil
}

// anyMessage says that one of the queues holds messages, visible or not.
func (o *Observer) anyMessage(ctx context.Context, queues []string) (bool, error) {
	for _, queue := range queues {
		url, err := o.Clients.SQS.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: aws.String(queue)})
		if cloud.IsNotFound(err) {
			continue
		}
		if err != nil {
			return false, fmt.Errorf("looking for queue %s: %w", queue, err)
		}
		answer, err := o.Clients.SQS.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{
			QueueUrl: url.QueueUrl, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
		})
		if err != nil {
			return false, fmt.Errorf("reading the attributes of queue %s: %w", queue, err)
		}
		for _, count := range []types.QueueAttributeName{
			types.QueueAttributeNameApproximateNumberOfMessages,
			types.QueueAttributeNameApproximateNumberOfMessagesNotVisible,
			types.QueueAttributeNameApproximateNumberOfMessagesDelayed,
		} {
			if n, err := strconv.Atoi(answer.Attributes[string(count)]); err == nil && n > 0 {
				return true, nil
			}
		}
	}
	return false, nil
}
