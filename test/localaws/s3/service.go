// Package s3 is the local AWS's S3: buckets and objects in memory, with versions, conditional writes,
// checksums and bucket policies.
//
// Rules it encodes:
//   - PutObject with If-None-Match "*" answers PreconditionFailed (412) when the key exists and writes nothing; of two
//     at once exactly one succeeds. If-Match compares the ETag. CompleteMultipartUpload knows the same conditions.
//   - A checksum (CRC32, CRC32C, CRC64NVME, SHA1, SHA256; as header or aws-chunked trailer), Content-MD5 and the signed
//     payload hash are verified: BadDigest, InvalidDigest, XAmzContentSHA256Mismatch. Without one S3 computes
//     CRC64NVME. Single puts are FULL_OBJECT.
//   - Reads after writes and lists are consistent. ListObjectsV2 answers at most 1000 keys, in byte order,
//     common prefixes counted.
//   - A caller without s3:ListBucket learns AccessDenied (403) about a missing key, others NoSuchKey (404).
//     HEAD has no error body.
//   - A service principal (CloudFront's OAC) needs an Allow in the bucket policy; a Deny there holds for everybody.
//   - x-amz-expected-bucket-owner of another account is AccessDenied.
//   - CreateBucket of an own bucket is BucketAlreadyOwnedByYou (409; in us-east-1 a success); DeleteBucket wants it
//     empty of objects, versions, delete markers and nothing else (BucketNotEmpty).
//   - New buckets block public access, enforce the owner and encrypt with AES256. A public policy is then AccessDenied.
//   - LastModified is the time of the last write of the key, in whole seconds: writing the same again moves it. An
//     object of parts is as old as its upload's beginning.
//   - An x-amz- header or a query parameter that is not known is NotImplemented (501).
package s3

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// New plugs S3 in.
func New(env *wire.Env) (*wire.Service, error) {
	s := &service{env: env, buckets: map[string]*bucket{}}
	operations := append(s.bucketOperations(), s.configurationOperations()...)
	return &wire.Service{
		Name:       "s3",
		Protocol:   wire.S3XML(),
		Invalid:    func(message string) *wire.Error { return notImplemented(message) },
		Violated:   violated,
		Operations: append(operations, s.objectOperations()...),
		Action:     func(*wire.Call) string { return "-" },
		Rewrite:    pathStyle,
	}, nil
}

type service struct {
	env     *wire.Env
	mu      sync.RWMutex
	buckets map[string]*bucket
}

// now is the time of a write as S3 keeps it.
func (s *service) now() time.Time { return s.env.Clock.Now().Truncate(time.Second) }

func (s *service) bucketOperations() []wire.Operation {
	return []wire.Operation{
		wire.Read("ListBuckets", s.listBuckets).At("GET", "/"),
		wire.Write("CreateBucket", s.createBucket).At("PUT", "/{Bucket}"),
		wire.Read("HeadBucket", s.headBucket).At("HEAD", "/{Bucket}"),
		wire.Write("DeleteBucket", s.deleteBucket).At("DELETE", "/{Bucket}").Answers(http.StatusNoContent),
		wire.RawRead("GetBucketLocation", s.getLocation).At("GET", "/{Bucket}?location"),
		wire.Read("ListObjectsV2", s.listObjects).At("GET", "/{Bucket}?list-type=2"),
		wire.Read("ListObjectVersions", s.listVersions).At("GET", "/{Bucket}?versions"),
		wire.Read("ListMultipartUploads", s.listUploads).At("GET", "/{Bucket}?uploads"),
		wire.RawWrite("DeleteObjects", s.deleteObjects).At("POST", "/{Bucket}?delete"),
	}
}

func (s *service) configurationOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("PutBucketTagging", s.putTagging).At("PUT", "/{Bucket}?tagging").Answers(http.StatusNoContent),
		wire.Read("GetBucketTagging", s.getTagging).At("GET", "/{Bucket}?tagging"),
		wire.Write("PutBucketCors", s.putCORS).At("PUT", "/{Bucket}?cors"),
		wire.Read("GetBucketCors", s.getCORS).At("GET", "/{Bucket}?cors"),
		wire.Write("DeleteBucketCors", s.deleteCORS).At("DELETE", "/{Bucket}?cors").Answers(http.StatusNoContent),
		wire.Write("PutBucketVersioning", s.putVersioning).At("PUT", "/{Bucket}?versioning"),
		wire.Read("GetBucketVersioning", s.getVersioning).At("GET", "/{Bucket}?versioning"),
		wire.Write("PutBucketEncryption", s.putEncryption).At("PUT", "/{Bucket}?encryption"),
		wire.Read("GetBucketEncryption", s.getEncryption).At("GET", "/{Bucket}?encryption"),
		wire.Write("DeleteBucketEncryption", s.deleteEncryption).At("DELETE",
			"/{Bucket}?encryption").Answers(http.StatusNoContent),
		wire.Write("PutPublicAccessBlock", s.putPublicAccess).At("PUT", "/{Bucket}?publicAccessBlock"),
		wire.Read("GetPublicAccessBlock", s.getPublicAccess).At("GET", "/{Bucket}?publicAccessBlock"),
		wire.Write("DeletePublicAccessBlock", s.deletePublicAccess).At("DELETE",
			"/{Bucket}?publicAccessBlock").Answers(http.StatusNoContent),
		wire.Write("PutBucketLifecycleConfiguration", s.putLifecycle).At("PUT", "/{Bucket}?lifecycle"),
		wire.Read("GetBucketLifecycleConfiguration", s.getLifecycle).At("GET", "/{Bucket}?lifecycle"),
		wire.Write("DeleteBucketLifecycle", s.deleteLifecycle).At("DELETE",
			"/{Bucket}?lifecycle").Answers(http.StatusNoContent),
		wire.Write("PutBucketOwnershipControls", s.putOwnership).At("PUT", "/{Bucket}?ownershipControls"),
		wire.Read("GetBucketOwnershipControls", s.getOwnership).At("GET", "/{Bucket}?ownershipControls"),
		wire.Write("DeleteBucketOwnershipControls", s.deleteOwnership).At("DELETE",
			"/{Bucket}?ownershipControls").Answers(http.StatusNoContent),
		wire.Write("PutBucketPolicy", s.putPolicy).At("PUT", "/{Bucket}?policy").Answers(http.StatusNoContent),
		wire.Read("GetBucketPolicy", s.getPolicy).At("GET", "/{Bucket}?policy"),
		wire.Write("DeleteBucketPolicy", s.deletePolicy).At("DELETE", "/{Bucket}?policy").Answers(http.StatusNoContent),
	}
}

func (s *service) objectOperations() []wire.Operation {
	const object = "/{Bucket}/{Key+}"
	return []wire.Operation{
		wire.RawWrite("PutObject", s.putObject).At("PUT", object),
		wire.RawRead("GetObject", s.getObject).At("GET", object),
		wire.RawRead("HeadObject", s.headObject).At("HEAD", object),
		wire.RawWrite("CopyObject", s.copyObject).At("PUT", object+"#x-amz-copy-source"),
		wire.RawWrite("DeleteObject", s.deleteObject).At("DELETE", object),
		wire.RawWrite("CreateMultipartUpload", s.createUpload).At("POST", object+"?uploads"),
		wire.RawWrite("UploadPartCopy", s.copyPart).At("PUT", object+"?uploadId&partNumber#x-amz-copy-source"),
		wire.RawWrite("UploadPart", s.uploadPart).At("PUT", object+"?uploadId&partNumber"),
		wire.RawWrite("CompleteMultipartUpload", s.completeUpload).At("POST", object+"?uploadId"),
		wire.RawWrite("AbortMultipartUpload", s.abortUpload).At("DELETE", object+"?uploadId"),
		wire.Read("ListParts", s.listParts).At("GET", object+"?uploadId"),
	}
}

// pathStyle moves a bucket name from the host (<bucket>.s3.<region>.amazonaws.com, <bucket>.localhost) to the path, and
// reads a plus sign in the path as the space that S3 takes it for: aws/aws-sdk-ruby#654, imgix/js-core#88.
func pathStyle(r *http.Request) *http.Request {
	host, _, _ := strings.Cut(r.Host, ":")
	bucket, found := bucketOfHost(host)
	escaped := strings.ReplaceAll(r.URL.EscapedPath(), "+", "%20")
	if found {
		escaped = "/" + bucket + escaped
	}
	if escaped == r.URL.EscapedPath() {
		return r
	}
	out := r.Clone(r.Context())
	out.Body = r.Body
	out.URL.RawPath = escaped
	path, err := url.PathUnescape(out.URL.RawPath)
	if err != nil {
		return r
	}
	out.URL.Path = path
	return out
}

func bucketOfHost(host string) (string, bool) {
	if name, ok := strings.CutSuffix(host, ".localhost"); ok {
		return name, true
	}
	if !strings.HasSuffix(host, ".amazonaws.com") {
		return "", false
	}
	for _, mark := range []string{".s3.", ".s3-"} {
		if i := strings.LastIndex(host, mark); i > 0 {
			return host[:i], true
		}
	}
	return "", false
}
