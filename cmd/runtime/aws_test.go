package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// bucket is the stage's bucket of the tests.
const bucket = "aloft-demo-123456789012-eu-central-1"

// cloud is a local AWS with the stage's bucket.
type cloud struct {
	*localaws.Server
	s3 *s3.Client
}

func newCloud(t *testing.T) *cloud {
	t.Helper()
	server, err := localaws.New(localaws.Options{Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { server.Close() })
	c := &cloud{Server: server, s3: s3.NewFromConfig(server.Config())}
	_, err = c.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket),
		CreateBucketConfiguration: &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(server.Config().Region),
		}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// environment leads a function to this AWS.
func (c *cloud) environment(more map[string]string) map[string]string {
	all := map[string]string{
		"AWS_ENDPOINT_URL": c.URL(), "AWS_REGION": c.Config().Region,
		"AWS_ACCESS_KEY_ID": localaws.AdminAccessKeyID, "AWS_SECRET_ACCESS_KEY": localaws.AdminSecretAccessKey,
	}
	maps.Copy(all, more)
	return all
}

func (c *cloud) put(t *testing.T, key, content string) {
	t.Helper()
	_, err := c.s3.PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(bucket), Key: &key, Body: bytes.NewReader([]byte(content)),
	})
	if err != nil {
		t.Fatal(err)
	}
}

func (c *cloud) remove(t *testing.T, key string) {
	t.Helper()
	if _, err := c.s3.DeleteObject(t.Context(), &s3.DeleteObjectInput{
		Bucket: aws.String(bucket), Key: &key,
	}); err != nil {
		t.Fatal(err)
	}
}

// get returns an object, and false when it is not there.
func (c *cloud) get(t *testing.T, key string) (string, bool) {
	t.Helper()
	got, err := c.s3.GetObject(context.WithoutCancel(t.Context()), &s3.GetObjectInput{
		Bucket: aws.String(bucket), Key: &key,
	})
	if _, ok := errors.AsType[*types.NoSuchKey](err); ok {
		return "", false
	}
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	content, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(content), true
}

// keys are the names of all objects, in order.
func (c *cloud) keys(t *testing.T) []string {
	t.Helper()
	list, err := c.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, object := range list.Contents {
		keys = append(keys, *object.Key)
	}
	return slices.Sorted(slices.Values(keys))
}

// ending fits calls of one method about objects whose key has the ending.
func ending(suffix string) func(*wire.Call) bool {
	return func(call *wire.Call) bool { return strings.HasSuffix(call.HTTP.URL.Path, suffix) }
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("never came true: %s", what)
		}
	}
}
