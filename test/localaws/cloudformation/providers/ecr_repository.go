package providers

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func ecrRepository() *resource.Type {
	return &resource.Type{
		Name: "AWS::ECR::Repository", NameProperty: "RepositoryName", Taggable: true, Handler: repository{},
		Attributes: []string{"Arn", "RepositoryUri"},
		Properties: resource.Schema{
			"RepositoryName": resource.Text().Replaces(),
			"ImageTagMutability": resource.OneOf("MUTABLE", "IMMUTABLE", "MUTABLE_WITH_EXCLUSION",
				"IMMUTABLE_WITH_EXCLUSION"),
			"ImageTagMutabilityExclusionFilters": resource.ListOf(resource.Fields(resource.Schema{
				"ImageTagMutabilityExclusionFilterType":  resource.Text().Must(),
				"ImageTagMutabilityExclusionFilterValue": resource.Text().Must(),
			})),
			"ImageScanningConfiguration": resource.Fields(resource.Schema{"ScanOnPush": resource.Bool()}),
			"EncryptionConfiguration": resource.Fields(resource.Schema{
				"EncryptionType": resource.Text().Must(), "KmsKey": resource.Text(),
			}).Replaces(),
			"LifecyclePolicy": resource.Fields(resource.Schema{
				"LifecyclePolicyText": resource.Text(), "RegistryId": resource.Text(),
			}),
			"RepositoryPolicyText": resource.Doc(),
			"EmptyOnDelete":        resource.Bool(),
			"Tags":                 resource.Tags(),
		},
	}
}

type repository struct{}

func ecrTag(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} }

func exclusions(p resource.Properties) []types.ImageTagMutabilityExclusionFilter {
	var list []types.ImageTagMutabilityExclusionFilter
	for _, f := range p.Objects("ImageTagMutabilityExclusionFilters") {
		list = append(list, types.ImageTagMutabilityExclusionFilter{
			FilterType: types.ImageTagMutabilityExclusionFilterType(f.Text("ImageTagMutabilityExclusionFilterType")),
			Filter:     f.TextPointer("ImageTagMutabilityExclusionFilterValue"),
		})
	}
	return list
}

func (repository) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := ecr.NewFromConfig(r.Config), strings.ToLower(r.Name("RepositoryName", 256))
	input := &ecr.CreateRepositoryInput{
		RepositoryName: &name, ImageTagMutability: types.ImageTagMutability(r.Properties.Text("ImageTagMutability")),
		Tags: sortedTags(r.Tags, ecrTag), ImageTagMutabilityExclusionFilters: exclusions(r.Properties),
	}
	if r.Properties.Has("ImageScanningConfiguration") {
		input.ImageScanningConfiguration = &types.ImageScanningConfiguration{
			ScanOnPush: enabled(r.Properties.Object("ImageScanningConfiguration"), "ScanOnPush"),
		}
	}
	if encryption := r.Properties.Object("EncryptionConfiguration"); encryption != nil {
		input.EncryptionConfiguration = &types.EncryptionConfiguration{
			EncryptionType: types.EncryptionType(encryption.Text("EncryptionType")), KmsKey: encryption.TextPointer("KmsKey"),
		}
	}
	out, err := client.CreateRepository(ctx, input)
	if err != nil {
		return resource.State{}, fmt.Errorf("creating the repository: %w", err)
	}
	r.Initiated(name)
	state := created(name, map[string]any{
		"Arn": *out.Repository.RepositoryArn, "RepositoryUri": *out.Repository.RepositoryUri,
	})
	return state, repositoryPolicies(ctx, client, r, name)
}

func (repository) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	client := ecr.NewFromConfig(r.Config)
	state := created(r.PhysicalID, nil)
	if r.Changed("ImageTagMutability", "ImageTagMutabilityExclusionFilters") {
		mutability := types.ImageTagMutabilityMutable
		if given := r.Properties.Text("ImageTagMutability"); given != "" {
			mutability = types.ImageTagMutability(given)
		}
		if _, err := client.PutImageTagMutability(ctx, &ecr.PutImageTagMutabilityInput{
			RepositoryName: &r.PhysicalID, ImageTagMutability: mutability,
			ImageTagMutabilityExclusionFilters: exclusions(r.Properties),
		}); err != nil {
			return state, err
		}
	}
	if r.Changed("ImageScanningConfiguration") {
		scanning := &types.ImageScanningConfiguration{ScanOnPush: enabled(r.Properties.Object("ImageScanningConfiguration"),
			"ScanOnPush")}
		if _, err := client.PutImageScanningConfiguration(ctx, &ecr.PutImageScanningConfigurationInput{
			RepositoryName: &r.PhysicalID, ImageScanningConfiguration: scanning,
		}); err != nil {
			return state, err
		}
	}
	if err := repositoryPolicies(ctx, client, r, r.PhysicalID); err != nil {
		return state, err
	}
	return state, repositoryTags(ctx, client, r)
}

// repositoryPolicies sets the resource policy and the lifecycle policy where they differ from before.
func repositoryPolicies(ctx context.Context, client *ecr.Client, r *resource.Request, name string) error {
	if r.Changed("RepositoryPolicyText") {
		if err := setRepositoryPolicy(ctx, client, r, name); err != nil {
			return fmt.Errorf("setting the repository policy: %w", err)
		}
	}
	if !r.Changed("LifecyclePolicy") {
		return nil
	}
	if !r.Properties.Has("LifecyclePolicy") {
		_, err := client.DeleteLifecyclePolicy(ctx, &ecr.DeleteLifecyclePolicyInput{RepositoryName: &name})
		return err
	}
	text := r.Properties.Object("LifecyclePolicy").Text("LifecyclePolicyText")
	_, err := client.PutLifecyclePolicy(ctx, &ecr.PutLifecyclePolicyInput{
		RepositoryName: &name, LifecyclePolicyText: &text,
	})
	return err
}

func setRepositoryPolicy(ctx context.Context, client *ecr.Client, r *resource.Request, name string) error {
	if !r.Properties.Has("RepositoryPolicyText") {
		_, err := client.DeleteRepositoryPolicy(ctx, &ecr.DeleteRepositoryPolicyInput{RepositoryName: &name})
		return err
	}
	text := r.Properties.Document("RepositoryPolicyText")
	_, err := client.SetRepositoryPolicy(ctx, &ecr.SetRepositoryPolicyInput{RepositoryName: &name, PolicyText: &text})
	return err
}

func repositoryTags(ctx context.Context, client *ecr.Client, r *resource.Request) error {
	if !r.TagsChanged() {
		return nil
	}
	arn := r.ARN("ecr", "repository/"+r.PhysicalID)
	if removed := r.TagsRemoved(); len(removed) > 0 {
		if _, err := client.UntagResource(ctx, &ecr.UntagResourceInput{ResourceArn: &arn, TagKeys: removed}); err != nil {
			return err
		}
	}
	_, err := client.TagResource(ctx, &ecr.TagResourceInput{ResourceArn: &arn, Tags: sortedTags(r.Tags, ecrTag)})
	return err
}

func (repository) Delete(ctx context.Context, r *resource.Request) error {
	_, err := ecr.NewFromConfig(r.Config).DeleteRepository(ctx, &ecr.DeleteRepositoryInput{
		RepositoryName: &r.PhysicalID, Force: enabled(r.Properties, "EmptyOnDelete"),
	})
	return err
}
