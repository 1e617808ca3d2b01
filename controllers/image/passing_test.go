package image

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

// copying is an image in one registry that is pushed to another, and read for its assets meanwhile.
type copying struct {
	from, to *fixture
	client   *Client
	image    v1.Image
	opened   v1.Image
}

func newCopying(t *testing.T, layers ...v1.Layer) *copying {
	t.Helper()
	c := &copying{from: newRegistry(t), to: newRegistry(t), client: newLocalClient(t), image: imageOf(t, layers...)}
	put(t, c.from.repository("acme"), "v1", c.image)
	var err error
	c.opened, err = c.client.Open(t.Context(), Source{Repository: c.from.repository("acme")}, digestOf(t, c.image))
	if err != nil {
		t.Fatal(err)
	}
	c.from.take("")
	return c
}

// run pushes the image and collects its assets at the same time.
func (c *copying) run(ctx context.Context) (*Assets, error, error) {
	return c.gather(ctx, c.client.Collect(Folder{Path: "/www"}, DefaultLimits()))
}

func (c *copying) gather(ctx context.Context, gathered *Collection) (*Assets, error, error) {
	pushed := make(chan error, 1)
	go func() {
		defer gathered.Passed()
		_, err := c.client.Push(ctx, c.opened, Target{
			Repository: c.to.repository("aloft"), Tags: []string{"v1"}, SeenBy: gathered,
		})
		pushed <- err
	}()
	assets, err := gathered.Assets(ctx, c.opened)
	return assets, err, <-pushed
}

// downloads counts how often each layer was asked for.
func (c *copying) downloads() map[string]int {
	count := map[string]int{}
	for _, request := range c.from.take("GET /v2/acme/blobs/") {
		count[strings.TrimPrefix(request, "GET /v2/acme/blobs/")]++
	}
	delete(count, c.config())
	return count
}

func (c *copying) config() string {
	manifest, _ := c.image.Manifest()
	return manifest.Config.Digest.String()
}

func TestEachLayerIsDownloadedOnceForBothPushAndAssets(t *testing.T) {
	g := NewWithT(t)
	var layers []v1.Layer
	want := map[string]string{}
	for i := range 8 {
		name := fmt.Sprintf("%d.js", i)
		want[name] = strings.Repeat(name, 50_000)
		layers = append(layers, layerOf(t, regular("www/"+name, want[name]), regular("usr/lib/"+name, noise(200_000))))
	}
	c := newCopying(t, layers...)
	assets, err, pushErr := c.run(t.Context())
	g.Expect(pushErr).NotTo(HaveOccurred())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(want))
	downloads := c.downloads()
	g.Expect(downloads).To(HaveLen(len(layers)))
	for layer, times := range downloads {
		g.Expect(times).To(Equal(1), layer)
	}
	g.Expect(assets.Close()).To(Succeed())
	memory, disk := c.client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestWhatTheTargetHasIsDownloadedForItsAssetsAlone(t *testing.T) {
	g := NewWithT(t)
	base, program := layerOf(t, regular("etc/passwd", "root")), layerOf(t, regular("www/a", "1"))
	c := newCopying(t, base, program)
	before := Target{Repository: c.to.repository("aloft"), Tags: []string{"v0"}}
	_, err := c.client.Push(t.Context(), imageOf(t, base, program), before)
	g.Expect(err).NotTo(HaveOccurred())
	assets, err, pushErr := c.run(t.Context())
	g.Expect(pushErr).NotTo(HaveOccurred())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a": "1"}))
	g.Expect(c.downloads()).To(Equal(map[string]int{digestOf(t, base): 1, digestOf(t, program): 1}))
	again, err, pushErr := c.run(t.Context())
	g.Expect(pushErr).NotTo(HaveOccurred())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(again.Files).To(HaveLen(1))
	g.Expect(c.downloads()).To(Equal(map[string]int{digestOf(t, program): 1}), "the base is known to have none")
}

func TestALayerWhoseSendingIsRepeatedIsReadWhole(t *testing.T) {
	g := NewWithT(t)
	layer := layerOf(t, regular("www/a", noise(300_000)))
	c := newCopying(t, layer)
	var failed atomic.Bool
	c.to.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPatch || !failed.CompareAndSwap(false, true) {
			return false
		}
		_, _ = r.Body.Read(make([]byte, 1000))
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	})
	assets, err, pushErr := c.run(t.Context())
	g.Expect(pushErr).NotTo(HaveOccurred())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(failed.Load()).To(BeTrue())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a": noise(300_000)}))
	g.Expect(assets.Close()).To(Succeed())
	memory, disk := c.client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestAPushGoesOnWhateverItsAssetsAre(t *testing.T) {
	g := NewWithT(t)
	broken := gzipped(t, []byte(strings.Repeat("no tar ", 100_000)))
	c := newCopying(t, &fixedDiffID{packedLayer(t, broken, types.OCILayer)},
		layerOf(t, regular("www/.env", "SECRET"), regular("usr/x", noise(100_000))))
	_, err, pushErr := c.run(t.Context())
	g.Expect(pushErr).NotTo(HaveOccurred(), "what cannot be published can be pushed")
	g.Expect(err).To(MatchError(ErrUnsupported))
	g.Expect(slices.Collect(func(yield func(int) bool) {
		for _, times := range c.downloads() {
			yield(times)
		}
	})).To(ConsistOf(1, 2), "what could not be read in passing is read by itself")
	memory, disk := c.client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestAssetsEndWithTheirContextWhileNothingPasses(t *testing.T) {
	g := NewWithT(t)
	gathered := newLocalClient(t).Collect(Folder{Path: "/www"}, DefaultLimits())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := gathered.Assets(ctx, imageOf(t, layerOf(t, regular("www/a", "1"))))
	g.Expect(err).To(MatchError(context.Canceled))
}

func TestWhatPassesAfterTheAssetsAreKnownIsNotKept(t *testing.T) {
	g := NewWithT(t)
	client := newLocalClient(t)
	lower, upper := layerOf(t, regular("www/old", "1")), layerOf(t, regular("www/.wh..wh..opq", ""), regular("www/a", "2"))
	gathered := client.Collect(Folder{Path: "/www"}, DefaultLimits())
	pass(t, gathered, upper)
	assets, err := gathered.Assets(t.Context(), imageOf(t, lower, upper))
	g.Expect(err).NotTo(HaveOccurred(), "it does not wait for a layer that can show nothing")
	pass(t, gathered, lower)
	g.Expect(assets.Close()).To(Succeed())
	memory, disk := client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestTheRegistryThatSendsOtherContentIsNoticedInPassing(t *testing.T) {
	g := NewWithT(t)
	layer := layerOf(t, regular("www/a", noise(100_000)))
	c := newCopying(t, layer)
	evil := pack(t, regular("www/a", noise(99_000)+strings.Repeat("evil", 250)))
	c.from.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, digestOf(t, layer)) {
			return false
		}
		_, _ = w.Write(evil)
		return true
	})
	_, err, pushErr := c.run(t.Context())
	g.Expect(err).To(HaveOccurred())
	g.Expect(pushErr).To(HaveOccurred())
	memory, disk := c.client.taken()
	g.Expect([]int64{memory, disk}).To(Equal([]int64{0, 0}))
}

func TestAFaultOfTheReadingInPassingLeavesTheLayerToBeReadByItself(t *testing.T) {
	g := NewWithT(t)
	c := newCopying(t, layerOf(t, regular("www/a", "1")))
	gathered := c.client.Collect(Folder{Path: "/www"}, DefaultLimits())
	real, panics := gathered.newSpool, true
	gathered.newSpool = func() *spool {
		if panics {
			panics = false
			panic("index out of range")
		}
		return real()
	}
	assets, err, pushErr := c.gather(t.Context(), gathered)
	g.Expect(pushErr).NotTo(HaveOccurred())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a": "1"}))
}
