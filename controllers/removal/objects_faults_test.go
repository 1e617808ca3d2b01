package removal_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestMarkersGoBeforeFiles(t *testing.T) {
	s := swept(t)
	s.put("_aloft/assets/v0/.a", "_aloft/assets/v0/app.js", release.MarkerKey("v0"))
	s.later()
	s.noted()
	s.Fence = func(fence func() error) func(context.Context) error {
		return func(context.Context) error { return fence() }
	}(func() error {
		keys := s.Keys("")
		if slices.Contains(keys, release.MarkerKey("v0")) && len(keys) < 3 {
			t.Errorf("the marker stands while files are gone: %v", keys)
		}
		s.note(strings.Join(keys, " "))
		return nil
	})
	s.removed(sweep)
	want := []string{
		"_aloft/assets/v0/.a _aloft/assets/v0/app.js " + release.MarkerKey("v0"), "s3:DeleteObjects",
		"_aloft/assets/v0/.a _aloft/assets/v0/app.js", "s3:DeleteObjects",
	}
	if got := s.noted(); !slices.Equal(got, want) {
		t.Errorf("it went by %v", got)
	}
}

func TestManyObjectsGoInBatches(t *testing.T) {
	s := swept(t)
	for i := range 1001 { // S3 lists and deletes at most 1,000 at once
		s.put(fmt.Sprintf("_aloft/assets/v0/%d", i))
	}
	s.put("_aloft/assets/v2/app.js")
	s.later()
	s.noted()
	s.removed(sweep)
	leaves(t, s.Keys(""), []string{"_aloft/assets/v2/app.js"})
	leaves(t, s.noted(), []string{"fence", "s3:DeleteObjects", "fence", "s3:DeleteObjects"})
}

func TestThatObjectsCannotBeSweptIsTold(t *testing.T) {
	for _, row := range []struct {
		why   string
		given func(*stage)
		text  string
	}{
		{"they cannot be listed", func(s *stage) { s.Fault("s3:ListObjectsV2", "", tenant.Denied()) }, "listing bucket "},
		{
			"they cannot be deleted", func(s *stage) { s.Fault("s3:DeleteObjects", "", tenant.Denied()) },
			"deleting objects of bucket ",
		},
		{
			"the bucket belongs to another account", func(s *stage) { s.Clients.Account = "210987654321" },
			"listing bucket ",
		},
		{"one of them cannot be deleted", func(s *stage) { s.guard("_aloft/assets/v0/app.js") }, "_aloft/assets/v0/app.js"},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := swept(t)
			s.put("_aloft/assets/v0/app.js", release.ConfigKey("c0"))
			s.later()
			row.given(s)
			s.fails(sweep, row.text)
			s.Local.Faults().Clear()
			if left := s.Keys(""); !slices.Contains(left, "_aloft/assets/v0/app.js") {
				t.Errorf("left are %v", left)
			}
		})
	}
}

// guard denies the deletion of one object by a policy of the bucket, which DeleteObjects tells object by object.
func (s *stage) guard(key string) {
	s.t.Helper()
	_, err := s.Clients.S3.PutBucketPolicy(s.t.Context(), &s3.PutBucketPolicyInput{
		Bucket: aws.String(s.Names.Bucket),
		Policy: aws.String(`{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Principal":"*","Action":"s3:DeleteObject",
			"Resource":"arn:aws:s3:::` + s.Names.Bucket + `/` + key + `"}]}`),
	})
	s.Must(err)
}

func TestAVersionedBucketKeepsOldVersionsOfWhatIsSwept(t *testing.T) {
	s := swept(t)
	s.versioned()
	s.put("_aloft/assets/v0/app.js")
	s.later()
	s.removed(sweep)
	if left := s.Keys(""); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
	answer, err := s.Clients.S3.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{
		Bucket: aws.String(s.Names.Bucket),
	})
	s.Must(err)
	if len(answer.Versions) != 1 || len(answer.DeleteMarkers) != 1 {
		t.Errorf("%d versions and %d delete markers", len(answer.Versions), len(answer.DeleteMarkers))
	}
}

func (s *stage) versioned() {
	s.t.Helper()
	_, err := s.Clients.S3.PutBucketVersioning(s.t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  aws.String(s.Names.Bucket),
		VersioningConfiguration: &s3types.VersioningConfiguration{Status: s3types.BucketVersioningStatusEnabled},
	})
	s.Must(err)
}
