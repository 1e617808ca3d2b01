package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/contract"
)

// config is that of the AWS that a rule is tested on.
func config(t *testing.T) aws.Config {
	t.Helper()
	return contract.Config(t, func() aws.Config { return start(t).Config() })
}

// start makes a local AWS for what the rules of AWS alone do not show.
func start(t *testing.T) *localaws.Server {
	t.Helper()
	contract.Local(t, "the local AWS's own hooks")
	server, err := localaws.New(localaws.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// newBucket makes a bucket that is emptied and removed at the end of the test.
func newBucket(t *testing.T, cfg aws.Config) (*awss3.Client, string) {
	t.Helper()
	client := awss3.NewFromConfig(cfg)
	name := contract.Name()
	_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{
		Bucket: &name, CreateBucketConfiguration: within(cfg.Region),
	})
	must(t, err)
	t.Cleanup(func() { remove(client, name) })
	return client, name
}

// within is where a bucket is made: the oldest region has no name for that.
func within(region string) *types.CreateBucketConfiguration {
	if region == "us-east-1" {
		return nil
	}
	return &types.CreateBucketConfiguration{LocationConstraint: types.BucketLocationConstraint(region)}
}

func remove(client *awss3.Client, name string) {
	ctx := context.Background()
	list, err := client.ListObjectVersions(ctx, &awss3.ListObjectVersionsInput{Bucket: &name})
	if err != nil {
		return
	}
	for _, v := range list.Versions {
		client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &name, Key: v.Key, VersionId: v.VersionId})
	}
	for _, v := range list.DeleteMarkers {
		client.DeleteObject(ctx, &awss3.DeleteObjectInput{Bucket: &name, Key: v.Key, VersionId: v.VersionId})
	}
	client.DeleteBucket(ctx, &awss3.DeleteBucketInput{Bucket: &name})
}

func put(t *testing.T, client *awss3.Client, bucket, key, content string) *awss3.PutObjectOutput {
	t.Helper()
	out, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: bytes.NewReader([]byte(content)),
	})
	must(t, err)
	return out
}

func get(t *testing.T, client *awss3.Client, in *awss3.GetObjectInput) string {
	t.Helper()
	out, err := client.GetObject(t.Context(), in)
	must(t, err)
	defer out.Body.Close()
	raw, err := io.ReadAll(out.Body)
	must(t, err)
	return string(raw)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func code(err error) string {
	if e, ok := errors.AsType[smithy.APIError](err); ok {
		return e.ErrorCode()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func wantCode(t *testing.T, err error, want string) {
	t.Helper()
	if code(err) != want {
		t.Fatalf("got %v, want %s", err, want)
	}
}
