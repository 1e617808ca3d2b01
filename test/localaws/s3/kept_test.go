package s3_test

import (
	"bytes"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestAPartIsCopiedFromAnObject(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	put(t, client, bucket, "source", "0123456789")
	begun, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{Bucket: &bucket,
		Key: aws.String("joined")})
	must(t, err)
	copied, err := client.UploadPartCopy(t.Context(), &awss3.UploadPartCopyInput{Bucket: &bucket, Key: aws.String("joined"),
		UploadId: begun.UploadId, PartNumber: aws.Int32(1), CopySource: aws.String(bucket + "/source"),
		CopySourceRange: aws.String("bytes=2-4")})
	must(t, err)
	parts, err := client.ListParts(t.Context(), &awss3.ListPartsInput{Bucket: &bucket, Key: aws.String("joined"),
		UploadId: begun.UploadId})
	must(t, err)
	if len(parts.Parts) != 1 || parts.IsTruncated == nil || *parts.IsTruncated || *parts.Parts[0].Size != 3 {
		t.Errorf("the parts are %+v", parts)
	}
	complete := &awss3.CompleteMultipartUploadInput{Bucket: &bucket, Key: aws.String("joined"), UploadId: begun.UploadId,
		MultipartUpload: &types.CompletedMultipartUpload{Parts: []types.CompletedPart{{PartNumber: aws.Int32(1),
			ETag: copied.CopyPartResult.ETag}}}}
	first, err := client.CompleteMultipartUpload(t.Context(), complete)
	must(t, err)
	again, err := client.CompleteMultipartUpload(t.Context(), complete)
	if err != nil || *again.ETag != *first.ETag || first.ChecksumCRC64NVME == nil {
		t.Errorf("completing again answers %+v, %v; at first %+v", again, err, first)
	}
	if got := get(t, client, &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("joined")}); got != "234" {
		t.Errorf("the object is %q", got)
	}
}

func TestAnObjectKeepsItsStorageAndItsNames(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("a"),
		Body: bytes.NewReader(nil), StorageClass: types.StorageClassStandardIa})
	must(t, err)
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket, Key: aws.String("a")})
	must(t, err)
	list, err := client.ListObjectsV2(t.Context(), &awss3.ListObjectsV2Input{Bucket: &bucket, FetchOwner: aws.Bool(true)})
	must(t, err)
	if head.StorageClass != types.StorageClassStandardIa ||
		list.Contents[0].StorageClass != types.ObjectStorageClassStandardIa || list.Contents[0].Owner == nil {
		t.Errorf("the object is %v, in a list %+v", head.StorageClass, list.Contents[0])
	}
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("a"),
		IfUnmodifiedSince: aws.Time(time.Now().Add(-time.Hour))})
	wantCode(t, err, "PreconditionFailed")
	versions, err := client.ListObjectVersions(t.Context(), &awss3.ListObjectVersionsInput{Bucket: &bucket,
		Prefix: aws.String("a+b/"), EncodingType: types.EncodingTypeUrl})
	if err != nil || *versions.Prefix != "a%2Bb/" {
		t.Errorf("the prefix comes back as %v, %v", aws.ToString(versions.Prefix), err)
	}
}

func TestSettingsThatAreOffComeBack(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	_, err := client.PutBucketEncryption(t.Context(), &awss3.PutBucketEncryptionInput{Bucket: &bucket,
		ServerSideEncryptionConfiguration: &types.ServerSideEncryptionConfiguration{Rules: []types.ServerSideEncryptionRule{{
			BucketKeyEnabled:                   aws.Bool(false),
			ApplyServerSideEncryptionByDefault: &types.ServerSideEncryptionByDefault{SSEAlgorithm: "AES256"},
		}}}})
	must(t, err)
	out, err := client.GetBucketEncryption(t.Context(), &awss3.GetBucketEncryptionInput{Bucket: &bucket})
	must(t, err)
	if key := out.ServerSideEncryptionConfiguration.Rules[0].BucketKeyEnabled; key == nil || *key {
		t.Errorf("the bucket's key is %v", key)
	}
	_, err = client.PutBucketCors(t.Context(), &awss3.PutBucketCorsInput{Bucket: &bucket,
		CORSConfiguration: &types.CORSConfiguration{CORSRules: []types.CORSRule{{AllowedMethods: []string{"GET"},
			AllowedOrigins: []string{"https://example.com"}}}}})
	must(t, err)
	rules, err := client.GetBucketCors(t.Context(), &awss3.GetBucketCorsInput{Bucket: &bucket})
	if err != nil || len(rules.CORSRules) != 1 || rules.CORSRules[0].AllowedOrigins[0] != "https://example.com" {
		t.Errorf("the rules for other origins are %+v, %v", rules, err)
	}
}

func TestBucketsAreListedInPages(t *testing.T) {
	server := start(t)
	client := awss3.NewFromConfig(server.Config())
	for i := range 3 {
		name := fmt.Sprintf("bucket-%d", i)
		_, err := client.CreateBucket(t.Context(), &awss3.CreateBucketInput{Bucket: &name,
			CreateBucketConfiguration: within("eu-central-1")})
		must(t, err)
	}
	var names []string
	pages := awss3.NewListBucketsPaginator(client, &awss3.ListBucketsInput{MaxBuckets: aws.Int32(2),
		Prefix: aws.String("bucket-")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		if len(page.Buckets) > 2 {
			t.Errorf("a page has %d buckets", len(page.Buckets))
		}
		for _, b := range page.Buckets {
			names = append(names, *b.Name)
		}
	}
	if !slices.Equal(names, []string{"bucket-0", "bucket-1", "bucket-2"}) {
		t.Errorf("the buckets are %v", names)
	}
}

// Some clients show the names of metadata as they come.
func TestNamesOfMetadataComeBackInSmallLetters(t *testing.T) {
	server := start(t)
	client, bucket := newBucket(t, server.Config())
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{Bucket: &bucket, Key: aws.String("a"),
		Body: strings.NewReader("x"), Metadata: map[string]string{"Md": "v"}})
	must(t, err)
	var seen http.Header
	watching := server.Config()
	watching.HTTPClient = doer(func(r *http.Request) (*http.Response, error) {
		answer, err := server.Transport().RoundTrip(r)
		if err == nil {
			seen = answer.Header
		}
		return answer, err
	})
	_, err = awss3.NewFromConfig(watching).HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket,
		Key: aws.String("a")})
	must(t, err)
	if _, ok := seen["x-amz-meta-md"]; !ok {
		t.Errorf("the answer's header is %v", seen)
	}
	_, err = client.PutBucketVersioning(t.Context(), &awss3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: "Enabled"}})
	must(t, err)
	gone, err := client.DeleteObject(t.Context(), &awss3.DeleteObjectInput{Bucket: &bucket, Key: aws.String("a")})
	must(t, err)
	_, _ = awss3.NewFromConfig(watching).HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket,
		Key: aws.String("a"), VersionId: gone.VersionId})
	if seen.Get("X-Amz-Delete-Marker") != "true" || seen.Get("Allow") != "DELETE" {
		t.Errorf("the answer about a delete marker has %v", seen)
	}
}

type doer func(*http.Request) (*http.Response, error)

func (d doer) Do(r *http.Request) (*http.Response, error) { return d(r) }
