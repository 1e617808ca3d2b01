package removal_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
)

func (s *stage) put(keys ...string) {
	s.t.Helper()
	for _, key := range keys {
		s.Store(key, "{}")
	}
}

// digests of all images in the stage's repository, sorted.
func (s *stage) digests() (digests []string) {
	s.t.Helper()
	pages := ecr.NewDescribeImagesPaginator(s.Clients.ECR, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(s.Names.Repository),
	})
	for pages.HasMorePages() {
		page, err := pages.NextPage(s.t.Context())
		s.Must(err)
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
