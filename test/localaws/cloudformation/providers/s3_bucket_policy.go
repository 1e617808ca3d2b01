package providers

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

func s3BucketPolicy() *resource.Type {
	return &resource.Type{
		Name: "AWS::S3::BucketPolicy", Handler: bucketPolicy{},
		Properties: resource.Schema{"Bucket": resource.Text().Must().Replaces(), "PolicyDocument": resource.Doc().Must()},
	}
}

type bucketPolicy struct{}

func (bucketPolicy) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	client, name := s3.NewFromConfig(r.Config), r.Properties.Text("Bucket")
	if _, err := client.GetBucketPolicy(ctx, &s3.GetBucketPolicyInput{Bucket: &name}); err == nil {
		// A bucket has one policy, so a second resource for it would overwrite the first.
		return resource.State{}, resource.Exists("AWS::S3::BucketPolicy", name)
	}
	if err := putBucketPolicy(ctx, client, r, name); err != nil {
		return resource.State{}, err
	}
	r.Initiated(name)
	return created(name, nil), nil
}

func (bucketPolicy) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	return created(r.PhysicalID, nil), putBucketPolicy(ctx, s3.NewFromConfig(r.Config), r, r.PhysicalID)
}

func putBucketPolicy(ctx context.Context, client *s3.Client, r *resource.Request, name string) error {
	document := r.Properties.Document("PolicyDocument")
	if _, err := client.PutBucketPolicy(ctx, &s3.PutBucketPolicyInput{Bucket: &name, Policy: &document}); err != nil {
		return fmt.Errorf("putting the bucket policy: %w", err)
	}
	return nil
}

func (bucketPolicy) Delete(ctx context.Context, r *resource.Request) error {
	_, err := s3.NewFromConfig(r.Config).DeleteBucketPolicy(ctx, &s3.DeleteBucketPolicyInput{Bucket: &r.PhysicalID})
	return err
}
