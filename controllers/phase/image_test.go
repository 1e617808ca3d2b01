package phase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

// deployed reads the image of the build back from the stage's repository.
func (s *stage) deployed() v1.Image {
	s.t.Helper()
	target, err := name.NewTag(s.RepositoryURI()+":"+release.BuildTag(s.Desired.BuildID), name.Insecure)
	s.Must(err)
	found, err := remote.Image(target, remote.WithAuth(s.RegistryLogin()), remote.WithTransport(s.Local.Transport()))
	s.Must(err)
	return found
}

func TestTheImageIsCopiedWithTheRuntimeAndBothItsTags(t *testing.T) {
	s, _ := sending(t)
	got := s.done(upload).Uploaded.DeployedDigest
	want := []string{release.BuildTag("v2"), release.SourceTag("v2", s.Desired.Image.Digest)}
	if tags := s.tags(); !slices.Equal(tags, want) {
		t.Errorf("the tags are %v, want %v", tags, want)
	}
	copied := s.deployed()
	if digest := digestOf(t, copied); digest != got {
		t.Errorf("the tag names %s, told was %s", digest, got)
	}
	config, err := copied.ConfigFile()
	s.Must(err)
	if !slices.Equal(config.Config.Entrypoint, []string{image.RuntimePath}) ||
		config.Config.Labels[image.RuntimeLabel] != "1.0" {
		t.Errorf("it starts %v with the runtime %q", config.Config.Entrypoint, config.Config.Labels[image.RuntimeLabel])
	}
}

func TestAnImageThatBringsTheRuntimeIsCopiedAsItIs(t *testing.T) {
	s, registry := newStage(t), newSource(t)
	built := imageOf(t, "amd64", files{"app": "two"})
	config, err := built.ConfigFile()
	s.Must(err)
	config = config.DeepCopy()
	config.Config.Labels = map[string]string{image.RuntimeLabel: "0.9"}
	built, err = mutate.ConfigFile(built, config)
	s.Must(err)
	s.resolved(registry, "v2", built)
	if got := s.done(upload).Uploaded.DeployedDigest; got != digestOf(t, built) {
		t.Errorf("got %s", got)
	}
}

func TestAnImageUnderTheBuildsTagIsTakenWhicheverRuntimeItHas(t *testing.T) {
	s, registry := sending(t)
	s.imageOnly()
	before := s.Push(imageOf(t, "amd64", files{"app": "with an older runtime"}),
		release.SourceTag("v2", s.Desired.Image.Digest), release.BuildTag("v2"))
	registry.server.Close()
	if got := s.done(upload).Uploaded.DeployedDigest; got != before {
		t.Errorf("got %s, want %s", got, before)
	}
}

func TestTheBuildsTagWithAnotherSourceIsATagThatMoved(t *testing.T) {
	for why, tags := range map[string][]string{
		"it was copied from other content": {
			release.SourceTag("v2", "sha256:22222222222222222222222222222222"), release.BuildTag("v2"),
		},
		"it tells no source": {release.BuildTag("v2")},
	} {
		t.Run(why, func(t *testing.T) {
			s, registry := sending(t)
			s.imageOnly()
			s.Push(imageOf(t, "amd64", files{"app": "other"}), tags...)
			s.refused(upload, v1alpha1.ConditionImageResolved, v1alpha1.ReasonTagMoved,
				registry.repository()+":v2", s.Desired.Image.Digest, "spec.image.tag")
		})
	}
}

func TestACopyThatWasCutOffIsEndedWhicheverRuntimeItHas(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	before := s.Push(imageOf(t, "amd64", files{"app": "with an older runtime"}),
		release.SourceTag("v2", s.Desired.Image.Digest))
	if got := s.done(upload).Uploaded.DeployedDigest; got != before {
		t.Errorf("got %s, want %s", got, before)
	}
	if tags := s.tags(); len(tags) != 2 {
		t.Errorf("the tags are %v", tags)
	}
}

func TestACopyThatWasCutOffIsEnded(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	first := s.done(upload).Uploaded.DeployedDigest
	_, err := s.Clients.ECR.BatchDeleteImage(t.Context(), &ecr.BatchDeleteImageInput{
		RepositoryName: aws.String(s.Names.Repository),
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageTag: aws.String(release.BuildTag("v2"))}},
	})
	s.Must(err)
	since := s.Local.Calls().End()
	if got := s.done(upload).Uploaded.DeployedDigest; got != first {
		t.Errorf("got %s, want %s", got, first)
	}
	if sent := s.Local.Calls().Since(since).Operation("ecr:InitiateLayerUpload"); len(sent) > 0 {
		t.Errorf("%d layers were sent again", len(sent))
	}
	if tags := s.tags(); len(tags) != 2 {
		t.Errorf("the tags are %v", tags)
	}
}

func TestAnImageThatCannotBeDeployed(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*stage, *source)
		texts  []string
	}{
		{"the operator has no runtime for its architecture", func(s *stage, _ *source) {
			s.Desired.Image.Architecture = "arm64"
		}, []string{"spec.manifest.architecture", "runtime-linux-arm64"}},
		{"it has nothing to start", func(s *stage, registry *source) {
			built := imageOf(t, "amd64", files{"app": "two"})
			config, err := built.ConfigFile()
			s.Must(err)
			config = config.DeepCopy()
			config.Config.Entrypoint = nil
			built, err = mutate.ConfigFile(built, config)
			s.Must(err)
			s.resolved(registry, "v3", built)
		}, []string{":v3 cannot be deployed", "nothing to start"}},
		{"the runtime is for another machine", func(s *stage, _ *source) {
			arm := "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 9) + "\x02\x00\xb7\x00"
			s.Runtimes["amd64"] = image.RuntimeFromBytes("1.0", []byte(arm))
		}, []string{"cannot be deployed", "EM_AARCH64"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := sending(t)
			s.imageOnly()
			row.change(s, registry)
			s.refused(upload, v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported, row.texts...)
		})
	}
}

func TestWhatTheSourceAnswersDuringTheCopyIsToldAsTheSources(t *testing.T) {
	for _, row := range []struct {
		why    string
		part   string
		status int
		code   string
		reason string
		text   string
	}{
		{
			"the image is gone", "/manifests/", http.StatusNotFound, "MANIFEST_UNKNOWN", v1alpha1.ReasonImageNotFound,
			"is not in the registry yet",
		},
		{
			"the manifest is refused", "/manifests/", http.StatusForbidden, "DENIED", v1alpha1.ReasonAccessDenied,
			"spec.image.pullSecretRef",
		},
		{
			"a layer is refused while it is sent", "/blobs/", http.StatusForbidden, "DENIED",
			v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef",
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := sending(t)
			s.imageOnly()
			registry.refuses(row.part, row.status, row.code)
			s.waits(upload, v1alpha1.ConditionImagePushed, row.reason, row.text, registry.repository())
		})
	}
}

func TestALayerOfTheSourceThatFailsWhileItIsSentIsTheSources(t *testing.T) {
	s, registry := sending(t)
	s.imageOnly()
	layers, err := imageOf(t, "amd64", files{"app": "two"}).Layers()
	s.Must(err)
	registry.refuses("/blobs/"+digestOf(t, layers[0]), http.StatusForbidden, "DENIED")
	s.waits(upload, v1alpha1.ConditionImagePushed, v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef",
		registry.repository())
	registry.refuses("/blobs/"+digestOf(t, layers[0]), http.StatusTeapot, "UNKNOWN")
	text := s.fails(upload).Error()
	contains(t, text, "reading image "+registry.repository()+":v2")
	registry.heals()
	s.done(upload)
}
