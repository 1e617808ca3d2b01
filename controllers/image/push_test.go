package image

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

func sizes(t *testing.T, image v1.Image, layers ...int) (total int64) {
	t.Helper()
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	total = manifest.Config.Size
	for _, i := range layers {
		total += manifest.Layers[i].Size
	}
	return total
}

func TestOnlyMissingLayersAreSent(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	base, program := layerOf(t, regular("etc/passwd", "root")), layerOf(t, regular("app", strings.Repeat("program", 1000)))
	first := imageOf(t, base, program, layerOf(t, regular("version", "1")))
	second := imageOf(t, base, program, layerOf(t, regular("version", "2")))
	target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}

	pushed, err := client.Push(t.Context(), first, target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pushed).To(Equal(Pushed{Digest: digestOf(t, first), Layers: 3, Bytes: sizes(t, first, 0, 1, 2)}))

	target.Tags = []string{"v2"}
	pushed, err = client.Push(t.Context(), second, target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pushed).To(Equal(Pushed{Digest: digestOf(t, second), Layers: 1, Bytes: sizes(t, second, 2)}))
}

func TestNothingIsSentWhenTheTagNamesTheImageAlready(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	image := forPlatform(t, "linux", "amd64", "x")
	target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}
	_, err := client.Push(t.Context(), image, target)
	g.Expect(err).NotTo(HaveOccurred())
	registry.take("")

	pushed, err := client.Push(t.Context(), image, target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pushed).To(Equal(Pushed{Digest: digestOf(t, image)}))
	g.Expect(registry.take("")).To(ConsistOf("GET /v2/", "HEAD /v2/aloft/manifests/v1"))
}

func TestTheSameImageUnderANewTagCostsATagOnly(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	image := forPlatform(t, "linux", "amd64", "x")
	target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}
	_, err := client.Push(t.Context(), image, target)
	g.Expect(err).NotTo(HaveOccurred())
	registry.take("")

	target.Tags = []string{"v2"}
	pushed, err := client.Push(t.Context(), image, target)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pushed).To(Equal(Pushed{Digest: digestOf(t, image)}))
	g.Expect(registry.take("")).To(ConsistOf("GET /v2/", "HEAD /v2/aloft/manifests/v2",
		"HEAD /v2/aloft/manifests/"+digestOf(t, image), "PUT /v2/aloft/manifests/v2"))
}

func TestEachFurtherTagCostsAQuestionAndAnAnswer(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	image := forPlatform(t, "linux", "amd64", "x")
	_, err := client.Push(t.Context(), image, Target{
		Repository: registry.repository("aloft"), Tags: []string{"source", "v1"},
	})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(slices.DeleteFunc(registry.take(""), func(request string) bool {
		return !strings.Contains(request, "/manifests/")
	})).To(Equal([]string{"HEAD /v2/aloft/manifests/source", "HEAD /v2/aloft/manifests/" + digestOf(t, image),
		"PUT /v2/aloft/manifests/source", "HEAD /v2/aloft/manifests/v1", "PUT /v2/aloft/manifests/v1"}), "in their order")
}

func TestAPushThatIsNotWantedAnyMoreGivesNoTag(t *testing.T) {
	replaced := errors.New("another operator acts")
	for after, tags := range map[int][]string{0: {}, 1: {}, 2: {"source"}} {
		g := NewWithT(t)
		registry, client := newRegistry(t), newLocalClient(t)
		asked := 0
		_, err := client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), Target{
			Repository: registry.repository("aloft"), Tags: []string{"source", "v1"},
			Hold: func(context.Context) error {
				if asked++; asked > after {
					return replaced
				}
				return nil
			},
		})
		g.Expect(err).To(MatchError(ContainSubstring(replaced.Error())))
		given, sent := []string{}, false
		for _, request := range registry.take("P") { // a POST begins a layer
			sent = sent || strings.HasPrefix(request, "POST")
			if tag, ok := strings.CutPrefix(request, "PUT /v2/aloft/manifests/"); ok {
				given = append(given, tag)
			}
		}
		g.Expect(given).To(Equal(tags), "after %d answers", after)
		g.Expect(sent).To(Equal(after > 0))
	}
}

func TestATagIsNeverMoved(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}
	_, err := client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), target)
	g.Expect(err).NotTo(HaveOccurred())
	registry.take("")

	_, err = client.Push(t.Context(), forPlatform(t, "linux", "amd64", "y"), target)
	g.Expect(err).To(MatchError(ErrTagMoved))
	g.Expect(Terminal(err)).To(BeTrue())
	g.Expect(registry.take("P")).To(BeEmpty(), "nothing may be posted or put")
}

// With immutable tags, ECR refuses to put a tag again even for the same digest.
func TestATagThatAppearsWhilePushingIsJudgedByItsDigest(t *testing.T) {
	for _, row := range []struct {
		reason, other string
		kind          error
	}{
		{"the same image by another hand is success", "x", nil},
		{"another image is not", "y", ErrTagMoved},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			registry, client := newRegistry(t), newLocalClient(t)
			target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}
			other := forPlatform(t, "linux", "amd64", row.other)
			var raced atomic.Bool
			registry.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if r.Method != http.MethodPut || !strings.HasSuffix(r.URL.Path, "/manifests/v1") ||
					!raced.CompareAndSwap(false, true) {
					return false
				}
				put(t, target.Repository, "v1", other)
				w.WriteHeader(http.StatusBadRequest)
				fmt.Fprint(w,
					`{"errors":[{"code":"TAG_INVALID","message":"The image tag 'v1' already exists and cannot be overwritten `+
						`because the repository is immutable."}]}`)
				return true
			})
			_, err := client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), target)
			if row.kind == nil {
				g.Expect(err).NotTo(HaveOccurred())
				return
			}
			g.Expect(err).To(MatchError(row.kind))
		})
	}
}

func TestACopyStreamsFromTheSourceAndIsComplete(t *testing.T) {
	g := NewWithT(t)
	from, to, client := newRegistry(t), newRegistry(t), newLocalClient(t)
	image := imageOf(t, layerOf(t, regular("a", "1")), layerOf(t, regular("b", "2")))
	put(t, from.repository("acme/counter"), "v1", image)
	opened, err := client.Open(t.Context(), Source{Repository: from.repository("acme/counter")}, digestOf(t, image))
	g.Expect(err).NotTo(HaveOccurred())
	from.take("")

	_, err = client.Push(t.Context(), opened, Target{Repository: to.repository("aloft"), Tags: []string{"v1"}})
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(from.take("GET")).To(HaveLen(3), "each layer and the configuration are read once")
	for _, request := range to.take("POST") {
		g.Expect(request).NotTo(ContainSubstring("counter"), "the target is not told where a layer came from")
	}
	copied, err := client.Open(t.Context(), Source{Repository: to.repository("aloft")}, digestOf(t, image))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(digestOf(t, copied)).To(Equal(digestOf(t, image)))
}

func TestALayerThatIsOnlyCalledGzipIsNotSent(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	image := imageOf(t, packedLayer(t, []byte("\x28\xb5\x2f\xfd zstd in truth"), types.OCILayer))
	pushed, err := client.Push(t.Context(), image, Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}})
	g.Expect(err).To(MatchError(ErrUnsupported))
	g.Expect(pushed.Bytes).To(BeZero())
	g.Expect(registry.take("PUT")).To(BeEmpty())
}

func TestAFailingUploadLeavesNoTag(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	registry.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch {
			return false
		}
		w.WriteHeader(http.StatusForbidden)
		return true
	})
	_, err := client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), Target{
		Repository: registry.repository("aloft"), Tags: []string{"v1"},
	})
	g.Expect(err).To(MatchError(ErrUnauthorized))
	g.Expect(registry.take("PUT")).To(BeEmpty())
}

func TestTheTargetsCredentialsAreUsed(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	registry.answer(basicAuth("AWS", "canary"))
	target := Target{Repository: registry.repository("aloft"), Tags: []string{"v1"}}
	target.Auth = authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: "canary"})
	_, err := client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), target)
	g.Expect(err).NotTo(HaveOccurred())

	target.Auth = authn.FromConfig(authn.AuthConfig{Username: "AWS", Password: "old-canary"})
	_, err = client.Push(t.Context(), forPlatform(t, "linux", "amd64", "x"), target)
	g.Expect(err).To(MatchError(ErrUnauthorized))
	g.Expect(fmt.Sprintf("%v %#v %+v", err, target, target)).NotTo(ContainSubstring("canary"))
}

func basicAuth(user, password string) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		if u, p, _ := r.BasicAuth(); u == user && p == password {
			return false
		}
		w.Header().Set("WWW-Authenticate", `Basic realm="registry"`)
		w.WriteHeader(http.StatusUnauthorized)
		return true
	}
}
