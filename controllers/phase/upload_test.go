package phase_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/tenant"
)

var upload = release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}

// sending is a stage whose build v2 lies in a registry, resolved, with two assets.
func sending(t *testing.T) (*stage, *source) {
	t.Helper()
	s, registry := newStage(t), newSource(t)
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"app": "two"}, files{
		"www/app.js": "run()", "www/css/site.css": "body{}",
	}))
	s.Desired.AssetsPath = "/www"
	return s, registry
}

// resolved pushes a build and lets the stage's release be of it.
func (s *stage) resolved(registry *source, tag string, built v1.Image) {
	s.t.Helper()
	registry.push(tag, built)
	s.Desired.BuildID = tag
	s.Desired.Image = registry.wanted(tag)
	s.Desired.Image.Digest = digestOf(s.t, built)
}

// imageOnly leaves the assets out, so that what an error is of is certain.
func (s *stage) imageOnly() { s.Desired.AssetsPath = "" }

func TestAnUploadSendsImageAssetsAndVariablesOnce(t *testing.T) {
	s, registry := sending(t)
	since := s.Local.Calls().End()
	first := s.done(upload)
	calls := s.Local.Calls().Since(since)
	if puts := calls.Operation("s3:PutObject"); len(puts) != 5 { // two assets and their index, variables, declaration
		t.Errorf("%d objects were put", len(puts))
	}
	if images := calls.Operation("ecr:PutImage"); len(images) != 2 { // the source's tag and the build's
		t.Errorf("%d tags were put", len(images))
	}
	if first.Uploaded.ConfigHash != "c2" || !strings.HasPrefix(first.Assets.Digest, "sha256:") ||
		!strings.HasPrefix(first.Uploaded.DeployedDigest, "sha256:") {
		t.Errorf("uploaded are %+v and %+v", first.Uploaded, first.Assets)
	}
	if first.Uploaded.DeployedDigest == s.Desired.Image.Digest {
		t.Error("the image has no runtime")
	}
	registry.server.Close() // what is there already is not read again
	if sent := s.changes(upload); len(sent) > 0 {
		t.Errorf("the second time it was sent again: %v", sent)
	}
	if again := s.done(upload); *again.Uploaded != *first.Uploaded || *again.Assets != *first.Assets {
		t.Errorf("the second time it is %+v, before it was %+v", again, first)
	}
}

func TestAnUploadTellsOfTheImageBeforeItSendsTheAssets(t *testing.T) {
	s, _ := sending(t)
	since := s.Local.Calls().End()
	var told []release.Outcome
	s.Reached = func(so release.Outcome) {
		told = append(told, so)
		for _, call := range s.Local.Calls().Since(since).Operation("s3:PutObject") {
			if strings.Contains(call.Resource, release.AssetsFolder) {
				t.Errorf("%s was sent before", call.Resource)
			}
		}
		if len(s.Keys(release.ConfigKey("c2"))) != 1 || len(s.Local.Calls().Since(since).Operation("ecr:PutImage")) != 2 {
			t.Error("image and variables are not there yet")
		}
	}
	outcome := s.done(upload)
	if len(told) != 1 || *told[0].Uploaded != *outcome.Uploaded || told[0].Assets != nil {
		t.Errorf("told was %+v", told)
	}
	s.done(upload)
	if len(told) != 1 {
		t.Error("where nothing is left to send it is told apart")
	}
}

func TestNothingIsToldOfAnUploadWhoseAssetsCannotBeServed(t *testing.T) {
	s, registry := sending(t)
	s.resolved(registry, "v2", imageOf(t, "amd64", files{"www/a": "1", "www/A": "2"}))
	s.Reached = func(so release.Outcome) { t.Errorf("told was %+v", so) }
	s.refused(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid, "cannot be served")
}

func TestARepairSendsOnlyWhatIsMissing(t *testing.T) {
	s, _ := sending(t)
	first := s.done(upload)
	s.Discard(release.ConfigKey("c2"))
	repair := release.Step{Action: release.ActionRepair}
	if sent := s.changes(repair); !slices.Equal(sent, []string{"s3:PutObject"}) {
		t.Errorf("sent was %v", sent)
	}
	if got := s.done(repair); *got.Uploaded != *first.Uploaded || *got.Assets != *first.Assets {
		t.Errorf("it is %+v after the repair, before it was %+v", got, first)
	}
}

func TestTheErrorsOfAnUploadCarryTheirCondition(t *testing.T) {
	for _, row := range []struct {
		why       string
		breaks    func(*stage, *source)
		condition string
	}{
		{"ECR does not tell whether the image is there", func(s *stage, _ *source) {
			s.Fault("ecr:DescribeImages", "", tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
		{"ECR gives no login", func(s *stage, _ *source) {
			s.Fault("ecr:GetAuthorizationToken", "", tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
		{"the index of the assets cannot be read", func(s *stage, _ *source) {
			s.Fault("s3:GetObject", release.MarkerKey("v2"), tenant.Denied())
		}, v1alpha1.ConditionAssetsUploaded},
		{"the index of the assets is no JSON", func(s *stage, _ *source) {
			s.Store(release.MarkerKey("v2"), "oops")
		}, v1alpha1.ConditionAssetsUploaded},
		{"an asset cannot be put", func(s *stage, _ *source) {
			s.Fault("s3:PutObject", "/app.js", tenant.Denied())
		}, v1alpha1.ConditionAssetsUploaded},
		{"the index of the assets cannot be put", func(s *stage, _ *source) {
			s.Fault("s3:PutObject", release.MarkerKey("v2"), tenant.Denied())
		}, v1alpha1.ConditionAssetsUploaded},
		{"the variables cannot be looked for", func(s *stage, _ *source) {
			s.Fault("s3:HeadObject", release.ConfigKey("c2"), tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
		{"the variables cannot be put", func(s *stage, _ *source) {
			s.Fault("s3:PutObject", release.ConfigKey("c2"), tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
		{"the declaration cannot be put", func(s *stage, _ *source) {
			s.Fault("s3:PutObject", release.ReleaseKey("r2"), tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
		{"the stage's key cannot be used", func(s *stage, _ *source) {
			s.Fault("kms:GenerateDataKey", "", tenant.Denied())
		}, v1alpha1.ConditionImagePushed},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := sending(t)
			row.breaks(s, registry)
			if got := release.ConditionOf(s.fails(upload)); got != row.condition {
				t.Errorf("it is at %q", got)
			}
		})
	}
}

func TestAnUploadGoesOnAfterItsFaultHasPassed(t *testing.T) {
	s, _ := sending(t)
	repair := s.Fault("s3:PutObject", "/css/site.css", tenant.Denied())
	s.fails(upload)
	if left := s.Keys(release.MarkerKey("v2")); len(left) > 0 {
		t.Errorf("the index of the assets was written although one is missing: %v", left)
	}
	repair()
	s.done(upload)
	want := []string{"_aloft/assets/v2/app.js", "_aloft/assets/v2/css/site.css", release.MarkerKey("v2")}
	if got := slices.Concat(s.Keys(release.AssetsFolder), s.Keys(release.MarkersFolder)); !slices.Equal(got, want) {
		t.Errorf("there are %v, want %v", got, want)
	}
}

func TestTheProgressOfAnUploadCountsLayersBytesAndAssets(t *testing.T) {
	s, _ := sending(t)
	s.Progress = &phase.Progress{}
	if text := s.Progress.String(); text != "" {
		t.Errorf("before anything is known it says %q", text)
	}
	s.done(upload)
	p := s.Progress
	// The layers are the build's two and the runtime's.
	if p.Image.Layers.Load() != 3 || p.Image.Of.Load() != 3 || p.Image.Bytes.Load() == 0 {
		t.Errorf("of the image %d of %d layers and %d bytes are counted", p.Image.Layers.Load(), p.Image.Of.Load(),
			p.Image.Bytes.Load())
	}
	if p.Assets.Load() != 2 || p.AssetsOf.Load() != 2 {
		t.Errorf("%d of %d assets are counted", p.Assets.Load(), p.AssetsOf.Load())
	}
	if bytes := int64(len("run()") + len("body{}")); p.AssetBytes.Load() != bytes || p.AssetsFrom.Load() == 0 ||
		p.Bytes() != p.Image.BytesOf.Load()+bytes {
		t.Errorf("it moves %d bytes: %d of assets, read from %d", p.Bytes(), p.AssetBytes.Load(), p.AssetsFrom.Load())
	}
	want := "3 of 3 layers and 0 of 0 MiB of the image are sent, 2 of 2 assets are in place"
	if got := p.String(); got != want {
		t.Errorf("it says %q, want %q", got, want)
	}
}

func TestTheProgressSaysWhatIsKnownSoFar(t *testing.T) {
	p := &phase.Progress{}
	p.AssetsOf.Store(7)
	p.Assets.Store(3)
	if got := p.String(); got != "3 of 7 assets are in place" {
		t.Errorf("without an image it says %q", got)
	}
	p = &phase.Progress{}
	p.Image.Of.Store(4)
	p.Image.Layers.Store(1)
	p.Image.Bytes.Store(5 << 20)
	p.Image.BytesOf.Store(9 << 20)
	if got := p.String(); got != "1 of 4 layers and 5 of 9 MiB of the image are sent" {
		t.Errorf("without assets it says %q", got)
	}
}

func TestTheRegistryOfTheUserIsAskedForTheResolvedDigest(t *testing.T) {
	i := release.Image{Repository: "ghcr.io/acme/counter", Tag: "v2", Digest: "sha256:00", PullSecret: "docker config"}
	got := phase.SourceOf(i)
	want := image.Source{
		Repository: "ghcr.io/acme/counter", Tag: "v2", Digest: "sha256:00", DockerConfig: []byte("docker config"),
	}
	if got.String() != want.String() || string(got.DockerConfig) != "docker config" {
		t.Errorf("got %v", got)
	}
}

// deleteRepository is what someone does by mistake.
func (s *stage) deleteRepository() {
	s.t.Helper()
	_, err := s.Clients.ECR.DeleteRepository(s.t.Context(), &ecr.DeleteRepositoryInput{
		RepositoryName: aws.String(s.Names.Repository), Force: true,
	})
	s.Must(err)
}

func TestALayerThatIsSentIsReadForItsAssetsMeanwhile(t *testing.T) {
	for _, row := range []struct {
		why                             string
		sent, readFrom, ofAssets, moved int64
	}{
		{"nothing is known yet", 0, 0, 0, 0},
		{"an image is sent, and read for its assets", 100, 100, 7, 107},
		{"the image is there already, and is read for its assets alone", 0, 100, 7, 107},
		{"an image without assets", 100, 0, 0, 100},
	} {
		p := &phase.Progress{}
		p.Image.BytesOf.Store(row.sent)
		p.AssetsFrom.Store(row.readFrom)
		p.AssetBytes.Store(row.ofAssets)
		if got := p.Bytes(); got != row.moved {
			t.Errorf("%s: %d bytes, want %d", row.why, got, row.moved)
		}
	}
}
