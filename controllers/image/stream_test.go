package image

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

// largeLayer is a layer that exists nowhere as a whole: its content is made up while it is read.
type largeLayer struct {
	size   int64
	digest v1.Hash
}

const largeLayerBytes = 256 << 20

func newLargeLayer(t *testing.T) *largeLayer {
	t.Helper()
	layer := &largeLayer{size: largeLayerBytes}
	var err error
	if layer.digest, _, err = v1.SHA256(layer.open()); err != nil {
		t.Fatal(err)
	}
	return layer
}

func (l *largeLayer) open() io.Reader {
	magic := []byte{0x1f, 0x8b}
	return io.MultiReader(bytes.NewReader(magic), io.LimitReader(rand.NewChaCha8([32]byte{}), l.size-int64(len(magic))))
}

func (l *largeLayer) Digest() (v1.Hash, error)             { return l.digest, nil }
func (l *largeLayer) DiffID() (v1.Hash, error)             { return l.digest, nil }
func (l *largeLayer) Size() (int64, error)                 { return l.size, nil }
func (l *largeLayer) MediaType() (types.MediaType, error)  { return types.OCILayer, nil }
func (l *largeLayer) Compressed() (io.ReadCloser, error)   { return io.NopCloser(l.open()), nil }
func (l *largeLayer) Uncompressed() (io.ReadCloser, error) { return l.Compressed() }

// swallowing takes the uploads of blobs and keeps nothing of them.
func swallowing(taken *atomic.Int64) func(http.ResponseWriter, *http.Request) bool {
	return func(w http.ResponseWriter, r *http.Request) bool {
		switch {
		case strings.HasSuffix(r.URL.Path, "/blobs/uploads/"), r.Method == http.MethodPatch:
			n, _ := io.Copy(io.Discard, r.Body)
			taken.Add(n)
			w.Header().Set("Location", strings.TrimSuffix(r.URL.Path, "/"))
			w.WriteHeader(http.StatusAccepted)
			return true
		case strings.Contains(r.URL.Path, "/blobs/uploads"):
			w.WriteHeader(http.StatusCreated)
			return true
		}
		return false
	}
}

// heapPeak samples the heap until it is asked for the most that was in use.
func heapPeak() (stop func() uint64) {
	var peak atomic.Uint64
	done := make(chan struct{})
	var sampler sync.WaitGroup
	sampler.Go(func() {
		var now runtime.MemStats
		for {
			runtime.ReadMemStats(&now)
			peak.Store(max(peak.Load(), now.HeapInuse))
			select {
			case <-done:
				return
			default:
				runtime.Gosched()
			}
		}
	})
	return func() uint64 { close(done); sampler.Wait(); return peak.Load() }
}

func TestALargeImageIsCopiedWithoutBeingHeld(t *testing.T) {
	if testing.Short() {
		t.Skip("it moves 256 MiB")
	}
	g := NewWithT(t)
	from, to, client := newRegistry(t), newRegistry(t), newLocalClient(t)
	layer := newLargeLayer(t)
	image := imageOf(t, layer)
	repository, err := name.NewRepository(from.repository("acme"))
	g.Expect(err).NotTo(HaveOccurred())
	config, err := partial.ConfigLayer(image)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(remote.WriteLayer(repository, config)).To(Succeed())
	g.Expect(remote.Put(repository.Tag("v1"), image)).To(Succeed())
	from.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, layer.digest.String()) {
			return false
		}
		_, _ = io.Copy(w, layer.open())
		return true
	})
	var taken atomic.Int64
	to.answer(swallowing(&taken))

	opened, err := client.Open(t.Context(), Source{Repository: from.repository("acme")}, digestOf(t, image))
	g.Expect(err).NotTo(HaveOccurred())
	runtime.GC()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	stop := heapPeak()
	pushed, err := client.Push(t.Context(), opened, Target{Repository: to.repository("aloft"), Tags: []string{"v1"}})
	peak := stop()
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(pushed.Bytes).To(BeNumerically(">", int64(largeLayerBytes)))
	g.Expect(taken.Load()).To(Equal(pushed.Bytes))
	g.Expect(peak-min(peak, before.HeapInuse)).To(BeNumerically("<", 16<<20), "the heap may not grow with the image")
}
