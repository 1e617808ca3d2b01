package phase_test

import (
	"net/http"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

var resolve = release.Step{Action: release.ActionResolve, Phase: release.PhaseResolve}

// asking is a stage that asks for a tag of a registry; nothing of AWS is needed for that.
func asking(t *testing.T, tag string) (*stage, *source) {
	t.Helper()
	s, registry := newStage(t), newSource(t)
	s.Clients, s.Desired, s.Observed = nil, nil, nil
	s.Image = registry.wanted(tag)
	return s, registry
}

func TestATagIsResolvedToTheDigestOfItsImage(t *testing.T) {
	s, registry := asking(t, "v2")
	pushed := imageOf(t, "amd64", files{"app": "two"})
	registry.push("v2", pushed)
	got := s.done(resolve).Image
	want := release.ResolvedImage{
		Repository: registry.repository(), Tag: "v2", Architecture: "amd64", Digest: digestOf(t, pushed),
	}
	if got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if !got.Of(s.Image) {
		t.Error("what was resolved is not taken for what was asked for")
	}
	if s.Image.Digest != "" {
		t.Error("what was asked for was changed")
	}
}

func TestAnIndexIsResolvedToTheImageOfTheStagesArchitecture(t *testing.T) {
	s, registry := asking(t, "v2")
	built := map[string]v1.Image{
		"amd64": imageOf(t, "amd64", files{"app": "x86"}), "arm64": imageOf(t, "arm64", files{"app": "arm"}),
	}
	registry.push("v2", indexOf(t, built))
	for architecture, image := range built {
		s.Image.Architecture = architecture
		if got := s.done(resolve).Image; got.Digest != digestOf(t, image) || got.Architecture != architecture {
			t.Errorf("for %s got %+v", architecture, got)
		}
	}
}

func TestAPinnedDigestIsKeptBesideTheImagesOwn(t *testing.T) {
	s, registry := asking(t, "v2")
	image := imageOf(t, "amd64", files{"app": "two"})
	index := indexOf(t, map[string]v1.Image{"amd64": image})
	registry.push("v2", index)
	s.Image.Digest = digestOf(t, index)
	got := s.done(resolve).Image
	if got.PinnedDigest != digestOf(t, index) || got.Digest != digestOf(t, image) || !got.Of(s.Image) {
		t.Errorf("got %+v", got)
	}
}

func TestATagThatCannotBeResolved(t *testing.T) {
	for _, row := range []struct {
		why    string
		change func(*stage, *source)
		waits  bool
		reason string
		text   string
	}{
		{
			"the image is not pushed yet", func(s *stage, _ *source) { s.Image.Tag = "v3" },
			true, v1alpha1.ReasonImageNotFound, ":v3 is not in the registry yet",
		},
		{
			"the registry refuses the credentials",
			func(_ *stage, r *source) { r.refuses("/v2/", http.StatusUnauthorized, "UNAUTHORIZED") },
			true, v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef",
		},
		{
			"the registry forbids the repository",
			func(_ *stage, r *source) { r.refuses("/manifests/", http.StatusForbidden, "DENIED") },
			true, v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef",
		},
		{
			"it was built for another architecture only", func(s *stage, _ *source) { s.Image.Architecture = "arm64" },
			false, v1alpha1.ReasonImageUnsupported, "linux/arm64",
		},
		{
			"the repository is no name",
			func(s *stage, _ *source) { s.Image.Repository = "https://registry.example/app" },
			false, v1alpha1.ReasonImageUnsupported, "scheme",
		},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := asking(t, "v2")
			registry.push("v2", imageOf(t, "amd64", files{"app": "two"}))
			row.change(s, registry)
			if row.waits {
				s.waits(resolve, v1alpha1.ConditionImageResolved, row.reason, row.text)
				return
			}
			s.refused(resolve, v1alpha1.ConditionImageResolved, row.reason, row.text)
		})
	}
}

func TestThatTheRegistryAnswersSomethingElseMayPass(t *testing.T) {
	s, registry := asking(t, "v2")
	registry.refuses("/manifests/", http.StatusTeapot, "UNKNOWN")
	contains(t, s.fails(resolve).Error(), "reading image "+registry.repository()+":v2")
}

func TestATagMustNotMoveOnceItWasLive(t *testing.T) {
	const other = "sha256:1111111111111111111111111111111111111111111111111111111111111111"
	for _, row := range []struct {
		why      string
		recorded func(digest string) release.Recorded
		moved    bool
	}{
		{"nothing was ever live", func(string) release.Recorded { return release.Recorded{} }, false},
		{"it is live with this content", func(digest string) release.Recorded {
			return release.Recorded{Live: &release.Live{BuildID: "v2", ImageDigest: digest}}
		}, false},
		{"it is live with other content", func(string) release.Recorded {
			return release.Recorded{Live: &release.Live{BuildID: "v2", ImageDigest: other}}
		}, true},
		{"it was live before with other content", func(digest string) release.Recorded {
			return release.Recorded{
				Live:    &release.Live{BuildID: "v3", ImageDigest: digest},
				History: []release.Live{{BuildID: "v1", ImageDigest: digest}, {BuildID: "v2", ImageDigest: other}},
			}
		}, true},
		{"another tag was live with other content", func(string) release.Recorded {
			return release.Recorded{Live: &release.Live{BuildID: "v1", ImageDigest: other}}
		}, false},
		{"what was live is not known by its digest, as after a recovery", func(string) release.Recorded {
			return release.Recorded{Live: &release.Live{BuildID: "v2"}}
		}, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, registry := asking(t, "v2")
			pushed := imageOf(t, "amd64", files{"app": "two"})
			registry.push("v2", pushed)
			recorded := row.recorded(digestOf(t, pushed))
			s.Recorded = &recorded
			if !row.moved {
				s.done(resolve)
				return
			}
			s.refused(resolve, v1alpha1.ConditionImageResolved, v1alpha1.ReasonTagMoved, digestOf(t, pushed),
				"it was "+other)
		})
	}
}
