package removal_test

import (
	"context"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/random"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

const source = "sha256:0123456789abcdef0123456789abcdef"

// swept is a stage without functions, so that a sweep is of images and objects alone.
func swept(t *testing.T) *stage {
	t.Helper()
	s := newStage(t)
	s.Desired.Functions = nil
	s.MakeBucket()
	s.MakeRepository(ecrtypes.ImageTagMutabilityMutable)
	return s
}

func TestTheImagesThatStay(t *testing.T) {
	for _, row := range []struct {
		why   string
		tags  []string
		given func(s *stage, digest string)
		stays bool
	}{
		{"that of the release", []string{release.BuildTag("v2"), release.SourceTag("v2", source)}, nil, true},
		{
			"that of a release in the history", []string{release.BuildTag("v1"), release.SourceTag("v1", source)},
			nil, true,
		},
		{"not that of an older one", []string{release.BuildTag("v0"), release.SourceTag("v0", source)}, nil, false},
		{"not one whose build's name only begins like a kept one's", []string{release.BuildTag("v1.1")}, nil, false},
		{
			"one that is on its way: only its source's tag stands yet", []string{release.SourceTag("v2", source)},
			nil, true,
		},
		{"not such a one of an older build", []string{release.SourceTag("v0", source)}, nil, false},
		{"one that a kept release is known to use", []string{release.BuildTag("v0")}, func(s *stage, digest string) {
			s.Recorded.History[0].DeployedDigest = digest
		}, true},
		{"that of the live release by its digest", []string{release.BuildTag("v0")}, func(s *stage, digest string) {
			s.Recorded.Live.DeployedDigest = digest
		}, true},
		{"that of the version an alias points at", []string{release.BuildTag("v0")}, func(s *stage, digest string) {
			s.Observed.Aliases["http"] = release.Alias{Version: "7", ImageDigest: digest}
		}, true},
		{"that of the build which an alias points at", []string{release.BuildTag("v0")}, func(s *stage, _ string) {
			s.Observed.Aliases["http"] = release.Alias{
				Version: "7", Description: release.Description{BuildID: "v0", ReleaseID: "r0"},
			}
		}, true},
		{"that of a build with a share of the traffic", []string{release.BuildTag("v0")}, func(s *stage, _ string) {
			s.Observed.Aliases["http"] = release.Alias{Version: "7", Shares: map[string]release.Share{
				"5": {Percent: 5, Description: release.Description{BuildID: "v0", ReleaseID: "r0"}},
			}}
		}, true},
		{"that of the deployed template: a rollback needs it", []string{release.BuildTag("v0")},
			func(s *stage, digest string) {
				s.Observed.App.Template = []byte(`{"Code":{"ImageUri":"registry/app@` + digest + `"}}`)
			}, true},
		{"someone's own", []string{"debug"}, nil, true},
		{"someone's own that is an old build as well", []string{release.BuildTag("v0"), "keep-this"}, nil, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := swept(t)
			digest := s.PushAny(row.tags...)
			if row.given != nil {
				row.given(s, digest)
			}
			s.later()
			s.removed(sweep)
			if got := len(s.digests()) == 1; got != row.stays {
				t.Errorf("it stays: %t", got)
			}
		})
	}
}

func TestAnImageWithoutATagIsOfNoRelease(t *testing.T) {
	s := swept(t)
	s.PushAny(release.BuildTag("v0"))
	s.PushAny(release.BuildTag("v0")) // takes the tag from the first one, where tags may move
	s.later()
	s.removed(sweep)
	if left := s.digests(); len(left) != 0 {
		t.Errorf("left are %v", left)
	}
}

func TestAnImageThatWasPushedSinceTheListingBeganStays(t *testing.T) {
	s := swept(t)
	s.PushAny(release.BuildTag("v0"))
	s.removed(sweep) // nothing tells that it is older than the listing
	if left := s.digests(); len(left) != 1 {
		t.Errorf("left are %v", left)
	}
	s.later()
	s.removed(sweep)
	if left := s.digests(); len(left) != 0 {
		t.Errorf("later left are %v", left)
	}
}

func TestManyImagesGoInBatches(t *testing.T) {
	s := swept(t)
	for range 101 { // ECR deletes at most 100 at once
		s.PushAny(release.BuildTag("v0"))
	}
	kept := s.PushAny(release.BuildTag("v2"))
	s.later()
	s.noted()
	s.removed(sweep)
	leaves(t, s.digests(), []string{kept})
	leaves(t, s.noted(), []string{"fence", "ecr:BatchDeleteImage", "fence", "ecr:BatchDeleteImage"})
}

func TestAnImageThatIsGoneMeanwhileIsNoProblem(t *testing.T) {
	s := swept(t)
	digest := s.PushAny(release.BuildTag("v0"))
	s.later()
	s.beforeTheFirstDeletion(func() {
		_, err := s.Clients.ECR.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
			RepositoryName: aws.String(s.Names.Repository),
			ImageIds:       []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(digest)}},
		})
		s.Must(err)
	})
	s.removed(sweep)
}

func TestThatImagesCannotBeSweptIsToldAndObjectsGoNevertheless(t *testing.T) {
	for call, text := range map[string]string{
		"ecr:DescribeImages": "listing the images of ", "ecr:BatchDeleteImage": "deleting images of ",
	} {
		t.Run(call, func(t *testing.T) {
			s := swept(t)
			s.PushAny(release.BuildTag("v0"))
			s.put("_aloft/assets/v0/app.js")
			s.later()
			s.Fault(call, "", tenant.Denied())
			s.fails(sweep, text+s.Names.Repository)
			if left := s.Keys(""); len(left) > 0 {
				t.Errorf("left are %v", left)
			}
		})
	}
}

func TestThatBothCannotBeSweptIsToldOfBoth(t *testing.T) {
	s := swept(t)
	s.Fault("ecr:DescribeImages", "", tenant.Denied())
	s.Fault("s3:ListObjectsV2", "", tenant.Denied())
	s.fails(sweep, "listing the images of "+s.Names.Repository, "listing bucket "+s.Names.Bucket)
}

func TestAnImageThatECRKeepsForAnIndexIsToldAndGoesTheNextTime(t *testing.T) {
	s := swept(t)
	child, err := random.Image(16, 1)
	s.Must(err)
	s.Push(child, release.BuildTag("v0"))
	s.Push(mutate.AppendManifests(empty.Index, mutate.IndexAddendum{Add: child}), release.BuildTag("v0-all"))
	s.later()
	failed := false
	// ECR keeps an image while an index has it, and which of both comes first is a matter of their digests.
	for range 2 {
		if err := s.remove(sweep); err != nil {
			failed = true
			if !strings.Contains(err.Error(), "deleting images of "+s.Names.Repository) {
				t.Errorf("the error is %v", err)
			}
		}
	}
	if left := s.digests(); len(left) != 0 {
		t.Errorf("left are %v (it failed before: %t)", left, failed)
	}
}

// beforeTheFirstDeletion does something between the look and the first deletion.
func (s *stage) beforeTheFirstDeletion(do func()) {
	fence, first := s.Fence, true
	s.Fence = func(ctx context.Context) error {
		if first {
			first = false
			do()
		}
		return fence(ctx)
	}
}
