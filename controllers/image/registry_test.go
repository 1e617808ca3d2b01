package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"log"
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
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// fixture is a registry on loopback whose requests are kept, and whose answers a test may take over.
type fixture struct {
	*httptest.Server
	mu       sync.Mutex
	requests []string
	// before answers a request itself by returning true.
	before func(http.ResponseWriter, *http.Request) bool
}

func newRegistry(t *testing.T) *fixture {
	t.Helper()
	f := &fixture{}
	inner := registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.mu.Lock()
		f.requests = append(f.requests, r.Method+" "+r.URL.Path)
		before := f.before
		f.mu.Unlock()
		if before != nil && before(w, r) {
			return
		}
		inner.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fixture) repository(path string) string {
	return strings.TrimPrefix(f.URL, "http://") + "/" + path
}

// take returns the requests since the last call, of one method or "" for all.
func (f *fixture) take(method string) []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	taken := slices.DeleteFunc(f.requests, func(r string) bool { return !strings.HasPrefix(r, method) })
	f.requests = nil
	return taken
}

func (f *fixture) answer(before func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.before = before
}

func newLocalClient(t *testing.T) *Client {
	t.Helper()
	client := NewClient(Options{AllowInsecureLoopback: true})
	t.Cleanup(client.Close)
	return client
}

// file is a member of a layer under test.
type file struct {
	name, content string
	kind          byte
	link          string
}

func regular(name, content string) file { return file{name: name, content: content, kind: tar.TypeReg} }
func folder(name string) file           { return file{name: name, kind: tar.TypeDir} }

func pack(t testing.TB, files ...file) []byte {
	t.Helper()
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	for _, f := range files {
		header := &tar.Header{Name: f.name, Typeflag: f.kind, Linkname: f.link, Size: int64(len(f.content)), Mode: 0o644}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := io.WriteString(archive, f.content); err != nil {
			t.Fatal(err)
		}
	}
	for _, close := range []func() error{archive.Close, compressed.Close} {
		if err := close(); err != nil {
			t.Fatal(err)
		}
	}
	return packed.Bytes()
}

// packedLayer is a layer of given compressed bytes whose diff id is right.
func packedLayer(t testing.TB, packed []byte, mediaType types.MediaType) v1.Layer {
	t.Helper()
	return &rawLayer{Layer: static.NewLayer(packed, mediaType)}
}

type rawLayer struct{ v1.Layer }

func (l *rawLayer) DiffID() (v1.Hash, error) {
	content, err := l.Uncompressed()
	if err != nil {
		return v1.Hash{}, err
	}
	digest, _, err := v1.SHA256(content)
	return digest, err
}

func (l *rawLayer) Uncompressed() (io.ReadCloser, error) {
	content, err := l.Compressed()
	if err != nil {
		return nil, err
	}
	plain, err := gzip.NewReader(content)
	if err != nil {
		return content, nil
	}
	return plain, nil
}

func layerOf(t testing.TB, files ...file) v1.Layer {
	t.Helper()
	return packedLayer(t, pack(t, files...), types.OCILayer)
}

// imageOf makes an OCI image for linux/amd64 of layers, bottom first.
func imageOf(t testing.TB, layers ...v1.Layer) v1.Image {
	t.Helper()
	base := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	made, err := mutate.AppendLayers(base, layers...)
	if err != nil {
		t.Fatal(err)
	}
	return configured(t, made, func(config *v1.ConfigFile) {
		config.OS, config.Architecture = "linux", "amd64"
		config.Config.Entrypoint = []string{"/app"}
	})
}

func configured(t testing.TB, image v1.Image, change func(*v1.ConfigFile)) v1.Image {
	t.Helper()
	config, err := image.ConfigFile()
	if err != nil {
		t.Fatal(err)
	}
	config = config.DeepCopy()
	change(config)
	made, err := mutate.ConfigFile(image, config)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func forPlatform(t testing.TB, os, arch, content string) v1.Image {
	t.Helper()
	return configured(t, imageOf(t, layerOf(t, regular("app", content))), func(c *v1.ConfigFile) {
		c.OS, c.Architecture = os, arch
	})
}

func digestOf(t testing.TB, image interface{ Digest() (v1.Hash, error) }) string {
	t.Helper()
	digest, err := image.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return digest.String()
}

// put pushes an image or an index to a fixture, as a build pipeline would.
func put(t testing.TB, repository, tag string, what remote.Taggable) {
	t.Helper()
	target, err := name.NewTag(repository + ":" + tag)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Push(target, what); err != nil {
		t.Fatal(err)
	}
}
