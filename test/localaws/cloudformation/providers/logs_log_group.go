package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func logsLogGroup() *resource.Type {
	return &resource.Type{
		Name: "AWS::Logs::LogGroup", NameProperty: "LogGroupName", Taggable: true, Handler: logGroup{},
		Attributes: []string{"Arn"}, Properties: resource.Schema{
			"KmsKeyId": resource.Text(), "LogGroupClass": resource.OneOf("STANDARD", "INFREQUENT_ACCESS", "DELIVERY").Replaces(),
			"LogGroupName": resource.Text().Replaces(), "RetentionInDays": resource.Int(), "Tags": resource.Tags(),
		},
	}
}

type logGroup struct{}

func (logGroup) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := cloudwatchlogs.NewFromConfig(r.Config), r.Name("LogGroupName", 512)
	_, err := client.CreateLogGroup(ctx, &cloudwatchlogs.CreateLogGroupInput{
		LogGroupName: &name, KmsKeyId: r.Properties.TextPointer("KmsKeyId"),
		LogGroupClass: types.LogGroupClass(r.Properties.Text("LogGroupClass")), Tags: r.Tags,
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the log group: %w", err)
	}
	r.Initiated(name)
	return created(name, map[string]any{"Arn": r.ARN("logs", "log-group:"+name+":*")}), logRetention(ctx, client, r, name)
}

func (logGroup) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := cloudwatchlogs.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	if err := logRetention(ctx, client, r, r.PhysicalID); err != nil {
		return state, err
	}
	if r.Changed("KmsKeyId") {
		if err := logKey(ctx, client, r); err != nil {
			return state, err
		}
	}
	if !r.TagsChanged() {
		return state, nil
	}
	arn := r.ARN("logs", "log-group:"+r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &cloudwatchlogs.UntagResourceInput{
			ResourceArn: &arn, TagKeys: removed,
		}); err != nil {
			return state, err
		}
	}
	_, err := client.TagResource(ctx, &cloudwatchlogs.TagResourceInput{ResourceArn: &arn, Tags: r.Tags})
	return state, err
}

func logRetention(ctx context.Context, client *cloudwatchlogs.Client, r *resource.Request, name string) error {
	if !r.Changed("RetentionInDays") {
		return nil
	}
	days := r.Properties.Int32("RetentionInDays")
	if days == nil {
		_, err := client.DeleteRetentionPolicy(ctx, &cloudwatchlogs.DeleteRetentionPolicyInput{LogGroupName: &name})
		return err
	}
	_, err := client.PutRetentionPolicy(ctx, &cloudwatchlogs.PutRetentionPolicyInput{
		LogGroupName: &name, RetentionInDays: days,
	})
	return err
}

func logKey(ctx context.Context, client *cloudwatchlogs.Client, r *resource.Request) error {
	key := r.Properties.TextPointer("KmsKeyId")
	if key == nil {
		_, err := client.DisassociateKmsKey(ctx, &cloudwatchlogs.DisassociateKmsKeyInput{LogGroupName: &r.PhysicalID})
		return err
	}
	_, err := client.AssociateKmsKey(ctx, &cloudwatchlogs.AssociateKmsKeyInput{LogGroupName: &r.PhysicalID, KmsKeyId: key})
	return err
}

func (logGroup) Delete(ctx context.Context, r *resource.Request) error {
	_, err := cloudwatchlogs.NewFromConfig(r.Config).DeleteLogGroup(ctx, &cloudwatchlogs.DeleteLogGroupInput{
		LogGroupName: &r.PhysicalID,
	})
	return err
}
