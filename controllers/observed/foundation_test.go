package observed_test

import (
	"net/http"
	"strings"
	"testing"

	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestWhatStandsWhereTheFoundationWouldMakeItsOwn(t *testing.T) {
	for _, row := range []struct {
		why     string
		given   func(*view)
		foreign string
	}{
		{"nothing", func(*view) {}, ""},
		{"a repository", func(v *view) { v.MakeRepository(ecrtypes.ImageTagMutabilityMutable) }, "repository "},
		{"a bucket of this account", (*view).MakeBucket, "bucket "},
		{"a bucket of another account, which answers 403", func(v *view) {
			v.Fault("s3:HeadBucket", "", wire.Errorf(http.StatusForbidden, "AccessDenied", "not yours"))
		}, "bucket "},
	} {
		t.Run(row.why, func(t *testing.T) {
			v := newView(t)
			row.given(v)
			got := v.look(lookFoundation).Foundation
			if got.Exists || (got.Foreign == "") != (row.foreign == "") ||
				!strings.HasPrefix(got.Foreign, row.foreign) {
				t.Errorf("seen is %+v", got)
			}
			if row.foreign != "" && !strings.HasSuffix(got.Foreign, "exists and belongs to no stack of this Stage") {
				t.Errorf("it says %q", got.Foreign)
			}
		})
	}
}

func TestBucketAndRepositoryOfTheStagesOwnFoundationAreNotForeign(t *testing.T) {
	v := newView(t)
	v.MakeBucket()
	v.MakeRepository(ecrtypes.ImageTagMutabilityMutable)
	v.begin(v.Names.FoundationStack, oneQueue, "first", own()...)
	v.settled(v.Names.FoundationStack)
	if got := v.look(lookFoundation).Foundation; !got.Exists || got.Foreign != "" || got.Outputs["Rendering"] != "h1" {
		t.Errorf("seen is %+v", got)
	}
}

func TestThatItIsNotKnownWhatStandsThereIsAnError(t *testing.T) {
	for _, row := range []struct {
		call   string
		answer *wire.Error
		text   string
	}{
		{"ecr:DescribeRepositories", tenant.Denied(), "describing repository "},
		{"ecr:DescribeRepositories", wire.Throttled(), "describing repository "},
		{"s3:HeadBucket", wire.Errorf(http.StatusServiceUnavailable, "SlowDown", "slow down"), "looking for bucket "},
		{"s3:HeadBucket", wire.Errorf(http.StatusBadRequest, "BadRequest", "expired"), "looking for bucket "},
	} {
		t.Run(row.call+" "+row.answer.Code, func(t *testing.T) {
			v := newView(t)
			v.Fault(row.call, "", row.answer)
			v.blind(lookFoundation, row.text)
		})
	}
}

func TestTheApplicationAsksForNothingBesideItsStack(t *testing.T) {
	v := newView(t)
	v.MakeRepository(ecrtypes.ImageTagMutabilityMutable)
	if got := v.look(release.Step{Part: release.PartApp}).App; got.Exists || got.Foreign != "" {
		t.Errorf("seen is %+v", got)
	}
}
