package phase_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"log"
	"maps"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft/controllers/release"
)

// source is the registry that the user pushes to. The image client dials for itself, so this one is on a loopback port.
type source struct {
	t      *testing.T
	server *httptest.Server

	mu sync.Mutex
	// refuse gives the status that a request is answered with; 0 lets it pass.
	refuse func(*http.Request) int
	// code that a refusal has in the registry's words.
	code string
	// requests by method and path.
	requests []string
}

func newSource(t *testing.T) *source {
	t.Helper()
	r := &source{t: t}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	r.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		r.mu.Lock()
		refuse, code := r.refuse, r.code
		r.requests = append(r.requests, request.Method+" "+request.URL.Path)
		r.mu.Unlock()
		if refuse != nil {
			if status := refuse(request); status != 0 {
				w.WriteHeader(status)
				_, _ = io.WriteString(w, `{"errors":[{"code":"`+code+`","message":"refused"}]}`)
				return
			}
		}
		inner.ServeHTTP(w, request)
	}))
	t.Cleanup(r.server.Close)
	return r
}

// refuses answers requests whose path has a part with an error of the registry.
func (r *source) refuses(part string, status int, code string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.code = code
	r.refuse = func(request *http.Request) int {
		if strings.Contains(request.URL.Path, part) {
			return status
		}
		return 0
	}
}

// asked gives the requests since the last call whose path has a part, as "GET /v2/...".
func (r *source) asked(part string) []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked := slices.DeleteFunc(r.requests, func(request string) bool { return !strings.Contains(request, part) })
	r.requests = nil
	return asked
}

// heals lets all requests pass again.
func (r *source) heals() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refuse = nil
}

func (r *source) repository() string {
	return strings.TrimPrefix(r.server.URL, "http://") + "/acme/counter"
}

// push is what a build pipeline does.
func (r *source) push(tag string, what remote.Taggable) {
	r.t.Helper()
	target, err := name.NewTag(r.repository() + ":" + tag)
	if err != nil {
		r.t.Fatal(err)
	}
	if err := remote.Push(target, what); err != nil {
		r.t.Fatal(err)
	}
}

// wanted names a tag of the source, as the Stage does.
func (r *source) wanted(tag string) release.Image {
	return release.Image{Repository: r.repository(), Tag: tag, Architecture: "amd64"}
}

// files are contents by path in an image.
type files map[string]string

func layerOf(t *testing.T, content files) v1.Layer {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, path := range slices.Sorted(maps.Keys(content)) {
		header := &tar.Header{Name: path, Typeflag: tar.TypeReg, Size: int64(len(content[path])), Mode: 0o755}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, content[path]); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	if err := compressed.Close(); err != nil {
		t.Fatal(err)
	}
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	}, tarball.WithMediaType(types.OCILayer))
	if err != nil {
		t.Fatal(err)
	}
	return layer
}

// noise does not compress.
func noise(size int) string {
	content := make([]byte, size)
	_, _ = rand.NewChaCha8([32]byte{}).Read(content)
	return string(content)
}

// imageOf makes an image for linux of one layer for each set of files, bottom first.
func imageOf(t *testing.T, architecture string, layers ...files) v1.Image {
	t.Helper()
	made := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	var err error
	for _, content := range layers {
		if made, err = mutate.AppendLayers(made, layerOf(t, content)); err != nil {
			t.Fatal(err)
		}
	}
	config, err := made.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	config.OS, config.Architecture, config.Config.Entrypoint = "linux", architecture, []string{"/app"}
	if made, err = mutate.ConfigFile(made, config); err != nil {
		t.Fatal(err)
	}
	return made
}

// indexOf lists images under one tag, as a build for several architectures does.
func indexOf(t *testing.T, byArchitecture map[string]v1.Image) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for _, architecture := range slices.Sorted(maps.Keys(byArchitecture)) {
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add:        byArchitecture[architecture],
			Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: "linux", Architecture: architecture}},
		})
	}
	return index
}

func digestOf(t *testing.T, what interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := what.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}
