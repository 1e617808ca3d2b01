package s3_test

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	awss3 "github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/test/localaws"
)

// BenchmarkPuts is the ceiling that an upload through the in-process transport can reach: 32 puts of 20 KiB in flight.
func BenchmarkPuts(b *testing.B) {
	server, err := localaws.New(localaws.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer server.Close()
	cfg, name, content := server.Config(), "bench", bytes.Repeat([]byte("x"), 20<<10)
	client := awss3.NewFromConfig(cfg)
	_, err = client.CreateBucket(b.Context(), &awss3.CreateBucketInput{
		Bucket: &name,
		CreateBucketConfiguration: &types.CreateBucketConfiguration{
			LocationConstraint: types.BucketLocationConstraint(cfg.Region),
		},
	})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	var next atomic.Int64
	var workers sync.WaitGroup
	for range 32 {
		workers.Go(func() {
			for n := next.Add(1); n <= int64(b.N); n = next.Add(1) {
				key := fmt.Sprintf("assets/%d", n%2000)
				if _, err := client.PutObject(b.Context(), &awss3.PutObjectInput{
					Bucket: &name, Key: &key, Body: bytes.NewReader(content),
				}); err != nil {
					b.Error(err)
				}
			}
		})
	}
	workers.Wait()
}
