package s3_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func TestAnObjectComesBackAsItWasPut(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	key := "assets/4f1c2a9/a picture+ä.png"
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: &key, Body: strings.NewReader("pixels"), ContentType: aws.String("image/png"),
		CacheControl: aws.String("public, max-age=31536000, immutable"), Metadata: map[string]string{"build": "4f1c2a9"},
	})
	must(t, err)
	out, err := client.GetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: &bucket, Key: &key, ChecksumMode: types.ChecksumModeEnabled,
	})
	must(t, err)
	defer out.Body.Close()
	body := new(bytes.Buffer)
	body.ReadFrom(out.Body)
	if body.String() != "pixels" || *out.ContentType != "image/png" ||
		*out.CacheControl != "public, max-age=31536000, immutable" {
		t.Errorf("got %q, %s, %s", body, *out.ContentType, *out.CacheControl)
	}
	if out.Metadata["build"] != "4f1c2a9" || *out.ContentLength != 6 || out.ContentEncoding != nil {
		t.Errorf("got metadata %v, length %d, encoding %v", out.Metadata, *out.ContentLength, out.ContentEncoding)
	}
	if out.ChecksumType != types.ChecksumTypeFullObject ||
		aws.ToString(out.ChecksumCRC32)+aws.ToString(out.ChecksumCRC64NVME) == "" {
		t.Errorf("the SDK's default checksum was not kept: %s", out.ChecksumType)
	}
}

func TestAChecksumIsVerifiedAsATrailerAndAsAHeader(t *testing.T) {
	server := start(t)
	for name, url := range map[string]string{"as a trailer, which the SDK uses over TLS": "",
		"as a header, over a plain socket": server.URL()} {
		t.Run(name, func(t *testing.T) {
			client, bucket := newBucket(t, server.Config())
			over := awss3.New(client.Options(), func(o *awss3.Options) {
				if url != "" {
					o.BaseEndpoint, o.HTTPClient = &url, http.DefaultClient
				}
			})
			_, err := over.PutObject(t.Context(), &awss3.PutObjectInput{
				Bucket: &bucket, Key: aws.String("stream"), Body: bytes.NewReader(bytes.Repeat([]byte("x"), 200_000)),
				ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
			})
			must(t, err)
			head, err := over.HeadObject(t.Context(), &awss3.HeadObjectInput{
				Bucket: &bucket, Key: aws.String("stream"), ChecksumMode: types.ChecksumModeEnabled,
			})
			must(t, err)
			want := sha256.Sum256(bytes.Repeat([]byte("x"), 200_000))
			if aws.ToString(head.ChecksumSHA256) != base64.StdEncoding.EncodeToString(want[:]) ||
				head.ChecksumType != types.ChecksumTypeFullObject {
				t.Errorf("got %v %s", aws.ToString(head.ChecksumSHA256), head.ChecksumType)
			}
		})
	}
}

func TestContentThatDoesNotMatchWhatIsSaidAboutItIsRefused(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	wrong := base64.StdEncoding.EncodeToString(make([]byte, 32))
	for name, row := range map[string]struct {
		in   awss3.PutObjectInput
		want string
	}{
		"another SHA-256": {awss3.PutObjectInput{ChecksumSHA256: &wrong}, "BadDigest"},
		"another MD5": {awss3.PutObjectInput{ContentMD5: aws.String(base64.StdEncoding.EncodeToString(make([]byte,
			16)))}, "BadDigest"},
		"an MD5 that is not": {awss3.PutObjectInput{ContentMD5: aws.String("nonsense")}, "InvalidDigest"},
		"a public ACL":       {awss3.PutObjectInput{ACL: types.ObjectCannedACLPublicRead}, "AccessControlListNotSupported"},
		"another owner":      {awss3.PutObjectInput{ExpectedBucketOwner: aws.String("999999999999")}, "AccessDenied"},
		"a key too long":     {awss3.PutObjectInput{Key: aws.String(strings.Repeat("k", 1025))}, "KeyTooLongError"},
	} {
		t.Run(name, func(t *testing.T) {
			in := row.in
			in.Bucket, in.Body = &bucket, strings.NewReader("content")
			if in.Key == nil {
				in.Key = aws.String("refused")
			}
			_, err := client.PutObject(t.Context(), &in)
			wantCode(t, err, row.want)
			_, err = client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket, Key: aws.String("refused")})
			wantCode(t, err, "NotFound")
		})
	}
}

func TestWhatTheLocalAWSDoesNotKeepIsRefused(t *testing.T) {
	client, bucket := newBucket(t, start(t).Config())
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("refused"), Body: strings.NewReader("content"),
		ObjectLockLegalHoldStatus: types.ObjectLockLegalHoldStatusOn,
	})
	wantCode(t, err, "NotImplemented")
}

func TestAPutIfAbsentSucceedsOnce(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	var won, lost atomic.Int32
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
				Bucket: &bucket, Key: aws.String("runs/r/1/migrate.claim"), Body: strings.NewReader("{}"),
				IfNoneMatch: aws.String("*"),
			})
			switch code(err) {
			case "":
				won.Add(1)
			case "PreconditionFailed", "ConditionalRequestConflict":
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 || lost.Load() != 15 {
		t.Errorf("%d succeeded and %d were refused", won.Load(), lost.Load())
	}
}

func TestAPutIfUnchangedComparesTheETag(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	before := put(t, client, bucket, "k", "one")
	in := func(etag *string, key string) *awss3.PutObjectInput {
		return &awss3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("two"), IfMatch: etag}
	}
	_, err := client.PutObject(t.Context(), in(before.ETag, "k"))
	must(t, err)
	_, err = client.PutObject(t.Context(), in(before.ETag, "k"))
	wantCode(t, err, "PreconditionFailed")
	_, err = client.PutObject(t.Context(), in(before.ETag, "absent"))
	wantCode(t, err, "NoSuchKey")
}

func TestRangesAndConditionsOfReads(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	etag := put(t, client, bucket, "k", "0123456789").ETag
	for spec, want := range map[string]string{"bytes=2-4": "234", "bytes=7-": "789", "bytes=-3": "789",
		"bytes=5-100": "56789", "bytes=3-2": "0123456789"} {
		if got := get(t, client, &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("k"), Range: &spec}); got != want {
			t.Errorf("%s: got %q, want %q", spec, got, want)
		}
	}
	_, err := client.GetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: &bucket, Key: aws.String("k"), Range: aws.String("bytes=10-"),
	})
	wantCode(t, err, "InvalidRange")
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("k"), IfNoneMatch: etag})
	wantCode(t, err, "NotModified")
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{
		Bucket: &bucket, Key: aws.String("k"), IfMatch: aws.String(`"other"`),
	})
	wantCode(t, err, "PreconditionFailed")
	_, err = client.GetObject(t.Context(), &awss3.GetObjectInput{Bucket: &bucket, Key: aws.String("absent")})
	wantCode(t, err, "NoSuchKey")
}

func TestACopyKeepsContentAndDescription(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	_, err := client.PutObject(t.Context(), &awss3.PutObjectInput{
		Bucket: &bucket, Key: aws.String("a b"), Body: strings.NewReader("x"), ContentType: aws.String("text/css"),
	})
	must(t, err)
	_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: &bucket, Key: aws.String("copy"), CopySource: aws.String(bucket + "/a%20b"),
	})
	must(t, err)
	head, err := client.HeadObject(t.Context(), &awss3.HeadObjectInput{Bucket: &bucket, Key: aws.String("copy")})
	must(t, err)
	if *head.ContentType != "text/css" || *head.ContentLength != 1 {
		t.Errorf("got %s of %d bytes", *head.ContentType, *head.ContentLength)
	}
	_, err = client.CopyObject(t.Context(), &awss3.CopyObjectInput{
		Bucket: &bucket, Key: aws.String("copy"), CopySource: aws.String(bucket + "/absent"),
	})
	wantCode(t, err, "NoSuchKey")
}

func TestPartsBecomeOneObject(t *testing.T) {
	client, bucket := newBucket(t, config(t))
	key := aws.String("large")
	begun, err := client.CreateMultipartUpload(t.Context(), &awss3.CreateMultipartUploadInput{
		Bucket: &bucket, Key: key, ContentType: aws.String("video/mp4"),
	})
	must(t, err)
	var parts []types.CompletedPart
	for i, content := range [][]byte{bytes.Repeat([]byte("a"), 5<<20), []byte("end")} {
		number := aws.Int32(int32(i + 1))
		part, err := client.UploadPart(t.Context(), &awss3.UploadPartInput{
			Bucket: &bucket, Key: key, UploadId: begun.UploadId, PartNumber: number, Body: bytes.NewReader(content),
		})
		must(t, err)
		parts = append(parts, types.CompletedPart{PartNumber: number, ETag: part.ETag})
	}
	listed, err := client.ListParts(t.Context(), &awss3.ListPartsInput{
		Bucket: &bucket, Key: key, UploadId: begun.UploadId,
	})
	must(t, err)
	if len(listed.Parts) != 2 {
		t.Errorf("listed %d parts", len(listed.Parts))
	}
	done, err := client.CompleteMultipartUpload(t.Context(), &awss3.CompleteMultipartUploadInput{
		Bucket: &bucket, Key: key, UploadId: begun.UploadId, MultipartUpload: &types.CompletedMultipartUpload{Parts: parts},
	})
	must(t, err)
	if !strings.HasSuffix(*done.ETag, `-2"`) {
		t.Errorf("the ETag %s does not count the parts", *done.ETag)
	}
	if got := get(t, client, &awss3.GetObjectInput{
		Bucket: &bucket, Key: key, Range: aws.String("bytes=5242879-"),
	}); got != "aend" {
		t.Errorf("got %q", got)
	}
	_, err = client.AbortMultipartUpload(t.Context(), &awss3.AbortMultipartUploadInput{
		Bucket: &bucket, Key: key, UploadId: begun.UploadId,
	})
	wantCode(t, err, "NoSuchUpload")
}
