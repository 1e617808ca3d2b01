package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func cloudFrontDistribution() *resource.Type {
	return &resource.Type{
		Name: "AWS::CloudFront::Distribution", Taggable: true, Handler: distribution{},
		Attributes: []string{"DomainName", "Id"},
		Properties: resource.Schema{"DistributionConfig": distributionProperty(), "Tags": resource.Tags()},
	}
}

type distribution struct{}

func cloudFrontTags(tags map[string]string) *types.Tags {
	return &types.Tags{Items: sortedTags(tags, func(key, value string) types.Tag {
		return types.Tag{Key: &key, Value: &value}
	})}
}

func (distribution) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client := cloudfront.NewFromConfig(r.Config)
	config := distributionConfig(r.Properties.Object("DistributionConfig"))
	config.CallerReference = aws.String(r.Name("", 128))
	out, err := client.CreateDistributionWithTags(ctx, &cloudfront.CreateDistributionWithTagsInput{
		DistributionConfigWithTags: &types.DistributionConfigWithTags{DistributionConfig: config,
			Tags: cloudFrontTags(r.Tags)},
	})
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the distribution: %w", err)
	}
	id := *out.Distribution.Id
	r.Initiated(id)
	return created(id, map[string]any{
		"Id": id, "DomainName": *out.Distribution.DomainName,
	}), distributionDeployed(ctx, client, r, id)
}

// distributionDeployed waits until the edge has the configuration.
func distributionDeployed(ctx context.Context, client *cloudfront.Client, r *resource.Request, id string) error {
	return r.Wait(ctx, func(ctx context.Context) (bool, error) {
		out, err := client.GetDistribution(ctx, &cloudfront.GetDistributionInput{Id: &id})
		if err != nil {
			return false, fmt.Errorf("reading the distribution's state: %w", err)
		}
		return aws.ToString(out.Distribution.Status) == "Deployed", nil
	})
}

func (distribution) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, state := cloudfront.NewFromConfig(r.Config), created(r.PhysicalID, nil)
	if r.Changed("DistributionConfig") {
		if err := reconfigure(ctx, client, r, distributionConfig(r.Properties.Object("DistributionConfig"))); err != nil {
			return state, fmt.Errorf("updating the distribution: %w", err)
		}
	}
	if !r.TagsChanged() {
		return state, nil
	}
	arn := fmt.Sprintf("arn:%s:cloudfront::%s:distribution/%s", r.Partition, r.Account, r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &cloudfront.UntagResourceInput{
			Resource: &arn, TagKeys: &types.TagKeys{Items: removed},
		}); err != nil {
			return state, err
		}
	}
	_, err := client.TagResource(ctx, &cloudfront.TagResourceInput{Resource: &arn, Tags: cloudFrontTags(r.Tags)})
	return state, err
}

// reconfigure replaces the configuration, whose caller reference cannot change, and waits until it is deployed.
func reconfigure(
	ctx context.Context, client *cloudfront.Client, r *resource.Request, config *types.DistributionConfig,
) error {
	now, err := client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &r.PhysicalID})
	if err != nil {
		return err
	}
	config.CallerReference = now.DistributionConfig.CallerReference
	if _, err := client.UpdateDistribution(ctx, &cloudfront.UpdateDistributionInput{
		Id: &r.PhysicalID, IfMatch: now.ETag, DistributionConfig: config,
	}); err != nil {
		return err
	}
	return distributionDeployed(ctx, client, r, r.PhysicalID)
}

// Delete disables the distribution first: CloudFront deletes no enabled one.
func (distribution) Delete(ctx context.Context, r *resource.Request) error {
	client := cloudfront.NewFromConfig(r.Config)
	now, err := client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{Id: &r.PhysicalID})
	if err != nil {
		return err
	}
	if aws.ToBool(now.DistributionConfig.Enabled) {
		config := now.DistributionConfig
		config.Enabled = aws.Bool(false)
		if err := reconfigure(ctx, client, r, config); err != nil {
			return err
		}
		if now, err = client.GetDistributionConfig(ctx, &cloudfront.GetDistributionConfigInput{
			Id: &r.PhysicalID,
		}); err != nil {
			return err
		}
	}
	_, err = client.DeleteDistribution(ctx, &cloudfront.DeleteDistributionInput{Id: &r.PhysicalID, IfMatch: now.ETag})
	return err
}
