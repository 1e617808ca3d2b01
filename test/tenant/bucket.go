package tenant

import (
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// MakeBucket makes the stage's bucket.
func (n *Tenant) MakeBucket() {
	n.t.Helper()
	_, err := n.clients.S3.CreateBucket(n.t.Context(), &s3.CreateBucketInput{
		Bucket: aws.String(n.names.Bucket), BucketNamespace: types.BucketNamespaceAccountRegional,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{LocationConstraint: Region},
	})
	n.Must(err)
}

// Store puts an object into the stage's bucket.
func (n *Tenant) Store(key, content string) {
	n.t.Helper()
	_, err := n.clients.S3.PutObject(n.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(n.names.Bucket), Key: aws.String(key), Body: strings.NewReader(content),
	})
	n.Must(err)
}

// Keys lists the objects below a prefix.
func (n *Tenant) Keys(prefix string) (keys []string) {
	n.t.Helper()
	pages := s3.NewListObjectsV2Paginator(n.clients.S3, &s3.ListObjectsV2Input{
		Bucket: aws.String(n.names.Bucket), Prefix: aws.String(prefix),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(n.t.Context())
		n.Must(err)
		for i := range page.Contents {
			keys = append(keys, aws.ToString(page.Contents[i].Key))
		}
	}
	return keys
}

// Discard deletes an object, as someone does by hand.
func (n *Tenant) Discard(key string) {
	n.t.Helper()
	_, err := n.clients.S3.DeleteObject(n.t.Context(), &s3.DeleteObjectInput{
		Bucket: aws.String(n.names.Bucket), Key: aws.String(key),
	})
	n.Must(err)
}
