package phase_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestTheAssetsOfABuild(t *testing.T) {
	other := func(s *stage) {
		s.Store(release.MarkerKey("v2"), `{"source":"sha256:other /www","digest":"sha256:d","files":{}}`)
	}
	for _, row := range []struct {
		why   string
		given func(*stage)
		moved bool
	}{
		{"were sent from other content and never released: they are sent again", other, false},
		{"are live with other content: browsers hold it for ever", func(s *stage) {
			other(s)
			s.Recorded.Live = &release.Live{BuildID: "v2"}
		}, true},
		{"were live before with other content", func(s *stage) {
			other(s)
			s.Recorded.Live, s.Recorded.History = &release.Live{BuildID: "v1"}, []release.Live{
				{BuildID: "v0"}, {BuildID: "v2"},
			}
		}, true},
		{"are live and lost their index: they are sent again", func(s *stage) {
			s.Recorded.Live = &release.Live{BuildID: "v2"}
		}, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			s, _ := sending(t)
			row.given(s)
			if row.moved {
				s.refused(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsMoved, "the assets of v2",
					"new tag")
				return
			}
			s.done(upload)
			if got := s.index("v2").Source; got != s.Desired.Image.Digest+" /www" {
				t.Errorf("the index is of %q", got)
			}
		})
	}
}

func TestAssetsThatCannotBeServedAreRefused(t *testing.T) {
	s, _ := sending(t)
	s.Desired.AssetsPath = "/var/www/public"
	s.refused(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid, "cannot be served",
		"no files there")
}

func TestWhatTheSourceAnswersWhileAssetsAreReadIsAtTheAssets(t *testing.T) {
	s, registry := sending(t)
	s.Push(imageOf(t, "amd64", files{"app": "copied"}), release.SourceTag("v2", s.Desired.Image.Digest),
		release.BuildTag("v2"))
	registry.refuses("/manifests/", http.StatusForbidden, "DENIED")
	s.waits(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef")
	registry.refuses("/manifests/", http.StatusNotFound, "MANIFEST_UNKNOWN")
	s.waits(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonImageNotFound, "not in the registry yet")
	registry.refuses("/blobs/", http.StatusForbidden, "DENIED")
	s.waits(upload, v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAccessDenied, "spec.image.pullSecretRef")
	registry.heals()
	s.done(upload)
}

func TestNothingIsWrittenIntoABucketOfSomeoneElse(t *testing.T) {
	s, _ := sending(t)
	s.imageOnly()
	s.Clients.Account = "210987654321" // the bucket of this name belongs to another account than the profile says
	s.Push(imageOf(t, "amd64", files{"app": "copied"}), release.SourceTag("v2", s.Desired.Image.Digest),
		release.BuildTag("v2"))
	sent := s.changes(upload)
	if slices.Contains(sent, "s3:PutObject") {
		t.Errorf("sent was %v", sent)
	}
	s.fails(upload)
}

func TestAnAssetWhoseAnswerIsLostIsSentAgain(t *testing.T) {
	s, _ := sending(t)
	s.Local.Faults().Inject(wire.Fault{
		Call: "s3:PutObject", Kind: wire.FaultLoseAnswer, Times: 1,
		Match: func(c *wire.Call) bool { return strings.HasSuffix(c.HTTP.URL.Path, "/app.js") },
	})
	s.fails(upload)
	s.done(upload)
	if got := s.get("_aloft/assets/v2/app.js"); got != "run()" {
		t.Errorf("it is %q", got)
	}
}
