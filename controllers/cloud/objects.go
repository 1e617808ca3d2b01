package cloud

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Objects lists the objects of one of the account's buckets whose keys begin with a prefix, in the order of their keys.
// An error ends the list.
func (c *Clients) Objects(ctx context.Context, bucket, prefix string) iter.Seq2[types.Object, error] {
	return func(yield func(types.Object, error) bool) {
		pages := s3.NewListObjectsV2Paginator(c.S3, &s3.ListObjectsV2Input{
			Bucket: aws.String(bucket), Prefix: aws.String(prefix), ExpectedBucketOwner: aws.String(c.Account),
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if err != nil {
				yield(types.Object{}, fmt.Errorf("listing bucket %s/%s: %w", bucket, prefix, err))
				return
			}
			for i := range page.Contents {
				if !yield(page.Contents[i], nil) {
					return
				}
			}
		}
	}
}

// Malformed says that an object is there and does not hold what is expected of it, or more than may be read.
type Malformed struct {
	Key string
	Err error
}

func (m *Malformed) Error() string { return "reading " + m.Key + ": " + m.Err.Error() }

// Unwrap gives the error of reading it.
func (m *Malformed) Unwrap() error { return m.Err }

// ReadJSON reads an object of one of the account's buckets; the error is a *Malformed where it is no
// JSON or holds more than a number of bytes. False says that there is no such object. It also tells when S3 took the
// object.
func (c *Clients) ReadJSON(
	ctx context.Context, bucket, key string, atMost int64, into any,
) (written time.Time, found bool, err error) {
	answer, err := c.S3.GetObject(ctx, &s3.GetObjectInput{
		Bucket: aws.String(bucket), Key: aws.String(key), ExpectedBucketOwner: aws.String(c.Account),
	})
	if IsNotFound(err) && !IsNoBucket(err) {
		return time.Time{}, false, nil
	}
	if err != nil {
		return time.Time{}, false, fmt.Errorf("reading %s: %w", key, err)
	}
	defer func() { _ = answer.Body.Close() }()
	if err := json.NewDecoder(io.LimitReader(answer.Body, atMost)).Decode(into); err != nil {
		return aws.ToTime(answer.LastModified), false, &Malformed{Key: key, Err: err}
	}
	return aws.ToTime(answer.LastModified), true, nil
}
