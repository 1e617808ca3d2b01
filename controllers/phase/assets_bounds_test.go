package phase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

func TestAProfileBoundsWhatAnImageMayBring(t *testing.T) {
	for _, row := range []struct {
		why       string
		quota     release.Quota
		condition string
		reason    string
		texts     []string
	}{
		{"files", release.Quota{AssetFiles: 1}, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid,
			[]string{"more than 1 files", "spec.limits.assetFiles", "StageProfile"}},
		{"bytes of files", release.Quota{AssetMiB: 1}, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid,
			[]string{"larger than 1048576 bytes", "spec.limits.assetMiB", "StageProfile"}},
		{"bytes of the image", release.Quota{ImageMiB: 1}, v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported,
			[]string{"2 MiB of compressed layers", "spec.limits.imageMiB", "allows 1"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := sending(t)
			large := files{"www/a.js": strings.Repeat("a", 2<<20), "www/b.js": "", "usr/lib": noise(2 << 20)}
			s.resolved(registry, "v2", imageOf(t, "amd64", large))
			s.Desired.Quota = row.quota
			if row.condition == v1alpha1.ConditionImagePushed {
				s.imageOnly()
			}
			s.refused(upload, row.condition, row.reason, row.texts...)
			s.Desired.Quota = release.Quota{ImageMiB: 3, AssetFiles: 2, AssetMiB: 3}
			s.done(upload)
		})
	}
}

func TestAnUploadThatThereIsNoRoomForWaits(t *testing.T) {
	s, _ := sending(t)
	client := image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: t.TempDir(), DiskBytes: 10})
	t.Cleanup(client.Close)
	s.Images = client
	opened, err := client.Open(t.Context(), phase.SourceOf(s.Desired.Image), s.Desired.Image.Digest)
	s.Must(err)
	others, err := client.Assets(t.Context(), opened, image.Folder{Path: "/www/css"}, image.DefaultLimits())
	s.Must(err)
	s.Desired.AssetsPath = "/www"
	s.waits(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonProgressing, "no room", "other Stages")
	if tags := s.Local.Calls().Operation("ecr:PutImage"); len(tags) != 2 {
		t.Errorf("the image has %d tags, and waits too", len(tags))
	}
	s.Must(others.Close())
	s.Images = image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: t.TempDir(), DiskBytes: 12})
	s.done(upload)
}

func TestEachLayerIsReadOnceFromTheSource(t *testing.T) {
	s, registry := sending(t)
	registry.asked("") // the build pipeline's own
	s.done(upload)
	counted := map[string]int{}
	for _, path := range registry.asked("/blobs/") {
		counted[path]++
	}
	if len(counted) != 3 { // two layers and the configuration
		t.Errorf("asked for was %v", counted)
	}
	for path, times := range counted {
		if times != 1 {
			t.Errorf("%s was asked for %d times", path, times)
		}
	}
}

func TestOneUploadOpensItsImageOnce(t *testing.T) {
	s, registry := sending(t)
	registry.asked("")
	s.done(upload)
	gets := slices.DeleteFunc(registry.asked("/manifests/"), func(path string) bool {
		return !strings.HasPrefix(path, http.MethodGet)
	})
	if len(gets) != 1 {
		t.Errorf("asked for was %v", gets)
	}
}

func TestWhatIsLeftOutIsTold(t *testing.T) {
	s, registry := sending(t)
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}, files{"www/a.js": "a", "www/index.php": "<?php"}))
	if got := s.done(upload).Assets.LeftOut; !strings.Contains(got, `"index.php" is for the web server`) {
		t.Errorf("it says %q", got)
	}
	if got := s.Keys("_aloft/assets/"); !slices.Equal(got, []string{"_aloft/assets/v2/a.js"}) {
		t.Errorf("there are %v", got)
	}
}

func TestWhatMustStayPrivateIsPublishedOnlyWhereItIsIncluded(t *testing.T) {
	s, registry := sending(t)
	public := files{"www/a.js": "a", "www/api.yaml": "openapi: 3"}
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}, public))
	s.refused(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid, `"api.yaml"`,
		"spec.assets.fromImage.include")
	if got := s.Keys("_aloft/assets/"); len(got) > 0 {
		t.Errorf("there are %v", got)
	}
	s.Desired.AssetsInclude = []string{"*.yaml"}
	s.done(upload)
	if got := s.get("_aloft/assets/v2/api.yaml"); got != "openapi: 3" {
		t.Errorf("it is %q", got)
	}
	s.Desired.AssetsInclude = []string{"api.yaml", "other.yaml"}
	if got := s.done(upload).Uploaded; !strings.Contains(s.index("v2").Source, "other.yaml") {
		t.Errorf("what is included is part of what was asked for: %+v", got)
	}
}

// deleteImages lets the repository be as if nothing had been pushed.
func (s *stage) deleteImages() {
	s.t.Helper()
	_, err := s.Clients.ECR.BatchDeleteImage(s.t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: aws.String(s.Names.Repository), ImageIds: []ecrtypes.ImageIdentifier{
			{ImageTag: aws.String(release.BuildTag("v2"))},
			{ImageTag: aws.String(release.SourceTag("v2", s.Desired.Image.Digest))},
		},
	})
	s.Must(err)
}

// Build v2 was sent from one image, then half of it from another one under the same tag, and then the first one came
// back: its index would say that all of it is there.
func TestAnIndexGoesBeforeItsAssetsAreReplaced(t *testing.T) {
	s, registry := sending(t)
	s.done(upload)
	first := s.Desired.Image
	s.deleteImages()
	other := files{"www/app.js": "other()", "www/css/site.css": "b{}"}
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "other"}, other))
	repair := s.Fault("s3:PutObject", "/css/site.css", tenant.Denied())
	s.fails(upload)
	if got := s.Keys(release.MarkerKey("v2")); len(got) > 0 {
		t.Fatal("the index of other content stands")
	}
	repair()
	s.deleteImages()
	s.Desired.Image = first
	s.done(upload)
	if got := s.get("_aloft/assets/v2/app.js"); got != "run()" {
		t.Errorf("it is %q", got)
	}
}
