package awsapi

import (
	"fmt"
	"strings"
)

// maxKey is S3's own bound on a key, in bytes.
const maxKey = 1024

// Location is one object in S3.
type Location struct{ Bucket, Key string }

// ParseLocation reads s3://bucket/key.
func ParseLocation(text string) (Location, error) {
	rest, found := strings.CutPrefix(text, "s3://")
	bucket, key, _ := strings.Cut(rest, "/")
	if !found || bucket == "" || key == "" || len(bucket) > 63 || len(key) > maxKey {
		return Location{}, fmt.Errorf("%.100q is no place in S3; it must be s3://bucket/key", text)
	}
	return Location{Bucket: bucket, Key: key}, nil
}

func (l Location) String() string { return "s3://" + l.Bucket + "/" + l.Key }
