package s3_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

func TestAPlusSignIsASpaceInURLsAndCopySources(t *testing.T) {
	cfg := config(t)
	client, bucket := newBucket(t, cfg)
	for _, key := range []string{"a+b", "a b"} {
		_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
			Bucket: &bucket, Key: &key, Body: strings.NewReader(key), // the SDK writes %2B and %20
		})
		must(t, err)
	}
	for source, want := range map[string]string{"a+b": "a b", "a%2Bb": "a+b", "a%20b": "a b"} {
		_, err := client.CopyObject(t.Context(), &awss3.CopyObjectInput{
			Bucket: &bucket, Key: aws.String("copy"), CopySource: aws.String(bucket + "/" + source),
		})
		must(t, err)
		if got := get(t, client, &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("copy")}); got != want {
			t.Errorf("copied from %s was %q, want %q", source, got, want)
		}
	}
	presigned, err := awss3.NewPresignClient(client).PresignGetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: &bucket, Key: aws.String("a b"),
	})
	must(t, err)
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet,
		strings.Replace(presigned.URL, "a%20b", "a+b", 1), http.NoBody)
	must(t, err)
	answer, err := cfg.HTTPClient.Do(request)
	must(t, err)
	defer answer.Body.Close()
	content, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK || string(content) != "a b" {
		t.Errorf("it answers %d %s", answer.StatusCode, content)
	}
}
