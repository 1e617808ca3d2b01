package phase_test

import (
	"io"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

func (s *stage) get(key string) string {
	s.t.Helper()
	answer, err := s.Clients.S3.GetObject(s.t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String(key),
	})
	s.Must(err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	s.Must(err)
	return string(content)
}

func (s *stage) deleteBucket() {
	s.t.Helper()
	_, err := s.Clients.S3.DeleteBucket(s.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(s.Names.Bucket)})
	s.Must(err)
}

// tags are those of the stage's repository, sorted.
func (s *stage) tags() (tags []string) {
	s.t.Helper()
	answer, err := s.Clients.ECR.ListImages(s.t.Context(), &ecr.ListImagesInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	s.Must(err)
	for _, id := range answer.ImageIds {
		tags = append(tags, aws.ToString(id.ImageTag))
	}
	slices.Sort(tags)
	return tags
}
