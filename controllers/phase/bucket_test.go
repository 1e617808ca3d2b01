package phase_test

import (
	"bytes"
	"encoding/base64"
	"io"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/go-containerregistry/pkg/authn"
)

func (s *stage) put(key, content string) {
	s.t.Helper()
	_, err := s.Clients.S3.PutObject(s.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader([]byte(content)),
	})
	s.must(err)
}

func (s *stage) get(key string) string {
	s.t.Helper()
	answer, err := s.Clients.S3.GetObject(s.t.Context(), &s3.GetObjectInput{
		Bucket: aws.String(s.Names.Bucket), Key: aws.String(key),
	})
	s.must(err)
	defer func() { _ = answer.Body.Close() }()
	content, err := io.ReadAll(answer.Body)
	s.must(err)
	return string(content)
}

// keys lists the objects below a prefix.
func (s *stage) keys(prefix string) (keys []string) {
	s.t.Helper()
	answer, err := s.Clients.S3.ListObjectsV2(s.t.Context(), &s3.ListObjectsV2Input{
		Bucket: aws.String(s.Names.Bucket), Prefix: aws.String(prefix),
	})
	s.must(err)
	for i := range answer.Contents {
		keys = append(keys, aws.ToString(answer.Contents[i].Key))
	}
	return keys
}

func (s *stage) deleteBucket() {
	s.t.Helper()
	_, err := s.Clients.S3.DeleteBucket(s.t.Context(), &s3.DeleteBucketInput{Bucket: aws.String(s.Names.Bucket)})
	s.must(err)
}

// registryLogin is the right to push into the account's registry.
func (s *stage) registryLogin() authn.Authenticator {
	s.t.Helper()
	token, err := s.Clients.ECR.GetAuthorizationToken(s.t.Context(), &ecr.GetAuthorizationTokenInput{})
	s.must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	s.must(err)
	user, password, _ := strings.Cut(string(login), ":")
	return authn.FromConfig(authn.AuthConfig{Username: user, Password: password})
}

// tags are those of the stage's repository, sorted.
func (s *stage) tags() (tags []string) {
	s.t.Helper()
	answer, err := s.Clients.ECR.ListImages(s.t.Context(), &ecr.ListImagesInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	s.must(err)
	for _, id := range answer.ImageIds {
		tags = append(tags, aws.ToString(id.ImageTag))
	}
	slices.Sort(tags)
	return tags
}
