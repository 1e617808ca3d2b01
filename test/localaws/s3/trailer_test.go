package s3_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
)

// TestATrailerIsVerified speaks HTTP itself, for the SDK never sends a trailer that is wrong.
func TestATrailerIsVerified(t *testing.T) {
	server := start(t)
	client, bucket := newBucket(t, server.Config())
	for why, row := range map[string]struct {
		body string
		want string
	}{
		"the right checksum":         {"5;chunk-signature=00\r\nhello\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n", ""},
		"another checksum":           {"5\r\nhello\r\n0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n", "BadDigest"},
		"less than was announced":    {"4\r\nhell\r\n0\r\n\r\n", "IncompleteBody"},
		"more than was announced":    {"6\r\nhello!\r\n0\r\n\r\n", "IncompleteBody"},
		"an end before the last one": {"5\r\nhello\r\n", "IncompleteBody"},
	} {
		r, err := http.NewRequest("PUT", server.URL()+"/"+bucket+"/k", strings.NewReader(row.body))
		must(t, err)
		r.Header.Set("Authorization",
			"AWS4-HMAC-SHA256 Credential=AKIALOCALAWSADMIN000/20261121/eu-central-1/s3/aws4_request, SignedHeaders=host, "+
				"Signature=0")
		r.Header.Set("X-Amz-Content-Sha256", "STREAMING-UNSIGNED-PAYLOAD-TRAILER")
		r.Header.Set("X-Amz-Decoded-Content-Length", "5")
		r.Header.Set("Content-Encoding", "aws-chunked")
		resp, err := http.DefaultClient.Do(r)
		must(t, err)
		raw, err := io.ReadAll(resp.Body)
		must(t, err)
		resp.Body.Close()
		if got := fmt.Sprintf("%d %s", resp.StatusCode, raw); row.want == "" && resp.StatusCode != 200 ||
			!strings.Contains(got, row.want) {
			t.Errorf("%s: got %s, want %q", why, got, row.want)
		}
	}
	key := "k"
	if got := get(t, client, &awss3.GetObjectInput{Bucket: &bucket, Key: &key}); got != "hello" {
		t.Errorf("got %q", got)
	}
}
