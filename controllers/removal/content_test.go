package removal_test

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

func (s *stage) bucket() {
	s.t.Helper()
	_, err := s.Clients.S3.CreateBucket(s.t.Context(), &s3.CreateBucketInput{
		Bucket:                    aws.String(s.Names.Bucket),
		CreateBucketConfiguration: &s3types.CreateBucketConfiguration{LocationConstraint: region},
	})
	s.must(err)
}

func (s *stage) put(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		_, err := s.Clients.S3.PutObject(s.t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(s.Names.Bucket), Key: aws.String(key), Body: bytes.NewReader([]byte("{}")),
		})
		s.must(err)
	}
}

// keys of all objects in the stage's bucket.
func (s *stage) keys() (keys []string) {
	s.t.Helper()
	pages := s3.NewListObjectsV2Paginator(s.Clients.S3, &s3.ListObjectsV2Input{Bucket: aws.String(s.Names.Bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		s.must(err)
		for i := range page.Contents {
			keys = append(keys, aws.ToString(page.Contents[i].Key))
		}
	}
	return keys
}

func (s *stage) repository() {
	s.t.Helper()
	_, err := s.Clients.ECR.CreateRepository(s.t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	s.must(err)
	_, err = s.Clients.ECR.SetRepositoryPolicy(s.t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String(s.Names.Repository),
		PolicyText: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Allow",
			"Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`),
	})
	s.must(err)
}

// uri is the stage's repository by its address.
func (s *stage) uri() string {
	return strings.TrimPrefix(s.local.URL(), "http://") + "/" + s.Names.Repository
}

// image pushes an image of its own under tags and gives its digest.
func (s *stage) image(tags ...string) string {
	s.t.Helper()
	built, err := random.Image(16, 1)
	s.must(err)
	return s.push(built, tags...)
}

// push brings an image or an index into the stage's repository.
func (s *stage) push(built interface {
	remote.Taggable
	Digest() (v1.Hash, error)
}, tags ...string,
) string {
	s.t.Helper()
	token, err := s.Clients.ECR.GetAuthorizationToken(s.t.Context(), &ecr.GetAuthorizationTokenInput{})
	s.must(err)
	login, err := base64.StdEncoding.DecodeString(aws.ToString(token.AuthorizationData[0].AuthorizationToken))
	s.must(err)
	user, password, _ := strings.Cut(string(login), ":")
	for _, tag := range tags {
		target, err := name.NewTag(s.uri()+":"+tag, name.Insecure)
		s.must(err)
		s.must(remote.Push(target, built, remote.WithTransport(s.local.Transport()),
			remote.WithAuth(authn.FromConfig(authn.AuthConfig{Username: user, Password: password}))))
	}
	digest, err := built.Digest()
	s.must(err)
	return digest.String()
}

// digests of all images in the stage's repository, sorted.
func (s *stage) digests() (digests []string) {
	s.t.Helper()
	pages := ecr.NewDescribeImagesPaginator(s.Clients.ECR, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		s.must(err)
		for i := range page.ImageDetails {
			digests = append(digests, aws.ToString(page.ImageDetails[i].ImageDigest))
		}
	}
	slices.Sort(digests)
	return digests
}

// leaves compares what is left with what is to stay, whatever the order.
func leaves(t *testing.T, left, want []string) {
	t.Helper()
	left, want = slices.Clone(left), slices.Clone(want)
	slices.Sort(left)
	slices.Sort(want)
	if !slices.Equal(left, want) {
		t.Errorf("left are\n%s, want\n%s", strings.Join(left, "\n"), strings.Join(want, "\n"))
	}
}
