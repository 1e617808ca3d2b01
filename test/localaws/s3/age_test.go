package s3_test

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// What sweeps rely on: an object that was written again is as young as its last write, in whole seconds.
func TestAnObjectIsAsOldAsItsLastWrite(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	begun, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: &bucket, Key: aws.String("parts"),
	})
	must(t, err)
	put(t, client, bucket, "again", "same")
	put(t, client, bucket, "once", "same")
	before := times(t, client, bucket)
	time.Sleep(1100 * time.Millisecond)
	put(t, client, bucket, "again", "same")
	_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: &bucket, Key: aws.String("copy"), CopySource: aws.String(bucket + "/once"),
	})
	must(t, err)
	part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
		Bucket: &bucket, Key: aws.String("parts"), UploadId: begun.UploadId, PartNumber: aws.Int32(1),
		Body: strings.NewReader("x"),
	})
	must(t, err)
	_, err = client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: aws.String("parts"), UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1),
			ETag: part.ETag}}},
	})
	must(t, err)
	after := times(t, client, bucket)
	if !after["again"].After(before["again"]) {
		t.Errorf("written at %s and again, it is of %s", before["again"], after["again"])
	}
	if !after["once"].Equal(before["once"]) {
		t.Errorf("written once at %s, it is of %s", before["once"], after["once"])
	}
	if !after["copy"].After(before["once"]) {
		t.Errorf("a copy of an object of %s is of %s", before["once"], after["copy"])
	}
	if after["parts"].After(before["once"]) {
		t.Errorf("an upload that began before %s made an object of %s", before["once"], after["parts"])
	}
	for key, at := range after {
		if at.Nanosecond() != 0 {
			t.Errorf("%s is of %s, which is no whole second", key, at)
		}
	}
}

// times are those that a listing shows.
func times(t *testing.T, client *awss3.Client, bucket string) map[string]time.Time {
	t.Helper()
	list, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket})
	must(t, err)
	shown := map[string]time.Time{}
	for _, object := range list.Contents {
		shown[*object.Key] = *object.LastModified
	}
	return shown
}
