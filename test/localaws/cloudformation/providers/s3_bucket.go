package providers

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func s3Bucket() *resource.Type {
	return &resource.Type{
		Name: "AWS::S3::Bucket", NameProperty: "BucketName", Taggable: true, Handler: bucket{},
		Attributes: []string{"Arn", "DomainName", "RegionalDomainName", "DualStackDomainName"},
		Properties: resource.Schema{
			"BucketName":       resource.Text().Replaces(),
			"BucketNamePrefix": resource.Text().Replaces(),
			"BucketNamespace":  resource.OneOf("global", "account-regional").Replaces(),
			"BucketEncryption": resource.Fields(resource.Schema{
				"ServerSideEncryptionConfiguration": resource.ListOf(resource.Fields(resource.Schema{
					"BucketKeyEnabled": resource.Bool(),
					"ServerSideEncryptionByDefault": resource.Fields(resource.Schema{
						"SSEAlgorithm": resource.OneOf("AES256", "aws:kms", "aws:kms:dsse").Must(), "KMSMasterKeyID": resource.Text(),
					}),
				})).Must(),
			}),
			"LifecycleConfiguration": lifecycleProperty(),
			"OwnershipControls": resource.Fields(resource.Schema{
				"Rules": resource.ListOf(resource.Fields(resource.Schema{"ObjectOwnership": resource.Text()})).Must(),
			}),
			"PublicAccessBlockConfiguration": publicAccessProperty(),
			"Tags":                           resource.Tags(),
			"VersioningConfiguration": resource.Fields(resource.Schema{
				"Status": resource.OneOf("Enabled", "Suspended").Must(),
			}),
		},
	}
}

func publicAccessProperty() resource.Property {
	return resource.Fields(resource.Schema{
		"BlockPublicAcls": resource.Bool(), "BlockPublicPolicy": resource.Bool(), "IgnorePublicAcls": resource.Bool(),
		"RestrictPublicBuckets": resource.Bool(),
	})
}

type bucket struct{}

func (bucket) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client := s3.NewFromConfig(r.Config)
	name := strings.ToLower(r.Name("BucketName", 63))
	namespace := types.BucketNamespace(r.Properties.Text("BucketNamespace"))
	if prefix := r.Properties.Text("BucketNamePrefix"); prefix != "" {
		// What the account's own namespace asks of a name is added to the prefix (CloudFormation, AWS::S3::Bucket).
		name = fmt.Sprintf("%s-%s-%s-an", prefix, r.Account, r.Region)
	}
	input := &s3.CreateBucketInput{Bucket: &name, BucketNamespace: namespace}
	if r.Region != "us-east-1" {
		input.CreateBucketConfiguration = &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(r.Region),
		}
	} else if _, err := client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &name}); err == nil {
		// There, creating one's own bucket again succeeds, and CloudFormation must not adopt it.
		return resource.State{}, resource.Exists("AWS::S3::Bucket", name)
	}
	if _, err := client.CreateBucket(ctx, input); err != nil {
		return resource.State{}, fmt.Errorf("creating the bucket: %w", err)
	}
	r.Initiated(name)
	state := created(name, bucketAttributes(r, name))
	return state, configureBucket(ctx, client, r, name)
}

func bucketAttributes(r *resource.Request, name string) map[string]any {
	return map[string]any{
		"Arn":                 fmt.Sprintf("arn:%s:s3:::%s", r.Partition, name),
		"DomainName":          name + ".s3." + r.URLSuffix,
		"RegionalDomainName":  fmt.Sprintf("%s.s3.%s.%s", name, r.Region, r.URLSuffix),
		"DualStackDomainName": fmt.Sprintf("%s.s3.dualstack.%s.%s", name, r.Region, r.URLSuffix),
	}
}

func (bucket) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	return created(r.PhysicalID, nil), configureBucket(ctx, s3.NewFromConfig(r.Config), r, r.PhysicalID)
}

func (bucket) Delete(ctx context.Context, r *resource.Request) error {
	_, err := s3.NewFromConfig(r.Config).DeleteBucket(ctx, &s3.DeleteBucketInput{Bucket: &r.PhysicalID})
	return err
}

// configureBucket sets each part of the configuration that differs from before.
func configureBucket(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	parts := []struct {
		property string
		set      func(context.Context, *s3.Client, *resource.Request, string) error
	}{
		{"BucketEncryption", setEncryption},
		{"OwnershipControls", setOwnership},
		{"PublicAccessBlockConfiguration", setPublicAccess},
		{"VersioningConfiguration", setVersioning},
		{"LifecycleConfiguration", setLifecycle},
	}
	for _, part := range parts {
		if !r.Changed(part.property) {
			continue
		}
		if err := part.set(ctx, client, r, name); err != nil {
			return fmt.Errorf("setting %s: %w", part.property, err)
		}
	}
	if !r.TagsChanged() {
		return nil
	}
	tags := sortedTags(r.Tags, func(key, value string) types.Tag { return types.Tag{Key: &key, Value: &value} })
	_, err := client.PutBucketTagging(ctx, &s3.PutBucketTaggingInput{Bucket: &name, Tagging: &types.Tagging{TagSet: tags}})
	return err
}

func setEncryption(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	if !r.Properties.Has("BucketEncryption") {
		_, err := client.DeleteBucketEncryption(ctx, &s3.DeleteBucketEncryptionInput{Bucket: &name})
		return err
	}
	var rules []types.ServerSideEncryptionRule
	for _, rule := range r.Properties.Object("BucketEncryption").Objects("ServerSideEncryptionConfiguration") {
		byDefault := rule.Object("ServerSideEncryptionByDefault")
		rules = append(rules, types.ServerSideEncryptionRule{
			BucketKeyEnabled: rule.Bool("BucketKeyEnabled"),
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{
				SSEAlgorithm:   types.ServerSideEncryption(byDefault.Text("SSEAlgorithm")),
				KMSMasterKeyID: byDefault.TextPointer("KMSMasterKeyID"),
			},
		})
	}
	_, err := client.PutBucketEncryption(ctx, &s3.PutBucketEncryptionInput{
		Bucket: &name, ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: rules},
	})
	return err
}

func setOwnership(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	if !r.Properties.Has("OwnershipControls") {
		_, err := client.DeleteBucketOwnershipControls(ctx, &s3.DeleteBucketOwnershipControlsInput{Bucket: &name})
		return err
	}
	var rules []types.OwnershipControlsRule
	for _, rule := range r.Properties.Object("OwnershipControls").Objects("Rules") {
		rules = append(rules, types.OwnershipControlsRule{
			ObjectOwnership: types.ObjectOwnership(rule.Text("ObjectOwnership")),
		})
	}
	_, err := client.PutBucketOwnershipControls(ctx, &s3.PutBucketOwnershipControlsInput{
		Bucket: &name, OwnershipControls: &types.OwnershipControls{Rules: rules},
	})
	return err
}

func setPublicAccess(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	if !r.Properties.Has("PublicAccessBlockConfiguration") {
		_, err := client.DeletePublicAccessBlock(ctx, &s3.DeletePublicAccessBlockInput{Bucket: &name})
		return err
	}
	block := r.Properties.Object("PublicAccessBlockConfiguration")
	_, err := client.PutPublicAccessBlock(ctx, &s3.PutPublicAccessBlockInput{
		Bucket: &name,
		PublicAccessBlockConfiguration: &types.PublicAccessBlockConfiguration{
			BlockPublicAcls:       aws.Bool(enabled(block, "BlockPublicAcls")),
			BlockPublicPolicy:     aws.Bool(enabled(block, "BlockPublicPolicy")),
			IgnorePublicAcls:      aws.Bool(enabled(block, "IgnorePublicAcls")),
			RestrictPublicBuckets: aws.Bool(enabled(block, "RestrictPublicBuckets")),
		},
	})
	return err
}

func setVersioning(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	// Versioning cannot be unset once it was on, only suspended.
	status := types.BucketVersioningStatusSuspended
	if given := r.Properties.Object("VersioningConfiguration").Text("Status"); given != "" {
		status = types.BucketVersioningStatus(given)
	}
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	return err
}
