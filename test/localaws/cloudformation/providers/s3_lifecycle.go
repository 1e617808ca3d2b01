package providers

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func lifecycleProperty() resource.Property {
	rule := resource.Fields(resource.Schema{
		"Id": resource.Text(), "Prefix": resource.Text(), "Status": resource.OneOf("Enabled", "Disabled").Must(),
		"ExpirationInDays":               resource.Int(),
		"NoncurrentVersionExpiration":    resource.Fields(resource.Schema{"NoncurrentDays": resource.Int().Must()}),
		"AbortIncompleteMultipartUpload": resource.Fields(resource.Schema{"DaysAfterInitiation": resource.Int().Must()}),
		"ExpiredObjectDeleteMarker":      resource.Bool(),
	})
	return resource.Fields(resource.Schema{"Rules": resource.ListOf(rule).Must()})
}

func setLifecycle(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	if !r.Properties.Has("LifecycleConfiguration") {
		_, err := client.DeleteBucketLifecycle(ctx, &s3.DeleteBucketLifecycleInput{Bucket: &name})
		return err
	}
	var rules []types.LifecycleRule
	for _, rule := range r.Properties.Object("LifecycleConfiguration").Objects("Rules") {
		rules = append(rules, lifecycleRule(rule))
	}
	_, err := client.PutBucketLifecycleConfiguration(ctx, &s3.PutBucketLifecycleConfigurationInput{
		Bucket: &name, LifecycleConfiguration: &types.BucketLifecycleConfiguration{Rules: rules},
	})
	return err
}

func lifecycleRule(rule resource.Properties) types.LifecycleRule {
	converted := types.LifecycleRule{
		ID: rule.TextPointer("Id"), Status: types.ExpirationStatus(rule.Text("Status")),
		Filter: &types.LifecycleRuleFilter{Prefix: aws.String(rule.Text("Prefix"))},
	}
	if rule.Has("ExpirationInDays") || rule.Has("ExpiredObjectDeleteMarker") {
		converted.Expiration = &types.LifecycleExpiration{Days: rule.Int32("ExpirationInDays"),
			ExpiredObjectDeleteMarker: rule.Bool("ExpiredObjectDeleteMarker")}
	}
	if rule.Has("NoncurrentVersionExpiration") {
		converted.NoncurrentVersionExpiration = &types.NoncurrentVersionExpiration{
			NoncurrentDays: rule.Object("NoncurrentVersionExpiration").Int32("NoncurrentDays"),
		}
	}
	if rule.Has("AbortIncompleteMultipartUpload") {
		converted.AbortIncompleteMultipartUpload = &types.AbortIncompleteMultipartUpload{
			DaysAfterInitiation: rule.Object("AbortIncompleteMultipartUpload").Int32("DaysAfterInitiation"),
		}
	}
	return converted
}
