package image

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

func indexOf(t *testing.T, images map[string]v1.Image) v1.ImageIndex {
	t.Helper()
	index := v1.ImageIndex(empty.Index)
	for platform, image := range images {
		os, arch, _ := strings.Cut(platform, "/")
		index = mutate.AppendManifests(index, mutate.IndexAddendum{
			Add: image, Descriptor: v1.Descriptor{Platform: &v1.Platform{OS: os, Architecture: arch}},
		})
	}
	return index
}

func TestATagStandsForTheImageOfTheArchitecture(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	amd, arm := forPlatform(t, "linux", "amd64", "amd"), forPlatform(t, "linux", "arm64", "arm")
	index := indexOf(t, map[string]v1.Image{
		"linux/amd64": amd, "linux/arm64": arm, "unknown/unknown": forPlatform(t, "unknown", "unknown", "attested"),
	})
	repository := registry.repository("acme/counter")
	put(t, repository, "multi", index)
	put(t, repository, "single", amd)

	for _, row := range []struct {
		reason, arch, digest, requested string
		source                          Source
	}{
		{"an index gives its child for x86", "amd64", digestOf(t, amd), digestOf(t, index), Source{Tag: "multi"}},
		{"an index gives its child for Graviton", "arm64", digestOf(t, arm), digestOf(t, index), Source{Tag: "multi"}},
		{"a single image is its own child", "amd64", digestOf(t, amd), digestOf(t, amd), Source{Tag: "single"}},
		{"a pinned digest wins over the tag", "amd64", digestOf(t, amd), digestOf(t, index),
			Source{Tag: "other", Digest: digestOf(t, index)}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			row.source.Repository = repository
			resolved, err := client.Resolve(t.Context(), row.source, row.arch)
			NewWithT(t).Expect(err).NotTo(HaveOccurred())
			NewWithT(t).Expect(resolved).To(Equal(Resolved{Digest: row.digest, Requested: row.requested}))
		})
	}
	opened, err := client.Open(t.Context(), Source{Repository: repository}, digestOf(t, arm))
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(digestOf(t, opened)).To(Equal(digestOf(t, arm)))
}

func TestImagesThatLambdaWouldRefuseAreRefusedWithARemedy(t *testing.T) {
	registry, client := newRegistry(t), newLocalClient(t)
	packed := pack(t, regular("app", "x"))
	typed := func(mediaType types.MediaType) v1.Image { return imageOf(t, packedLayer(t, packed, mediaType)) }
	for i, row := range []struct {
		reason, message string
		image           func(*testing.T) any
	}{
		{"zstd cannot be read", "compression=gzip", func(*testing.T) any { return typed(types.OCILayerZStd) }},
		{"a plain tar cannot be read", "build with gzip", func(*testing.T) any { return typed(types.OCIUncompressedLayer) }},
		{"a foreign media type cannot be read", "application/x-other",
			func(*testing.T) any { return typed("application/x-other") }},
		{"a layer from elsewhere is not fetched", "push it to the registry", func(t *testing.T) any {
			layer := mutate.Addendum{Layer: packedLayer(t, packed, types.OCILayer),
				URLs: []string{"https://elsewhere.example/layer"}}
			image, err := mutate.Append(imageOf(t), layer)
			if err != nil {
				t.Fatal(err)
			}
			return image
		}},
		{"another architecture does not run", "--platform linux/amd64",
			func(t *testing.T) any { return forPlatform(t, "linux", "arm64", "arm") }},
		{"an index without the architecture", "only for linux/arm64; build with --platform linux/amd64",
			func(t *testing.T) any {
				return indexOf(t, map[string]v1.Image{
					"linux/arm64":     forPlatform(t, "linux", "arm64", "arm"),
					"unknown/unknown": forPlatform(t, "unknown", "unknown", "x"),
				})
			}},
		{"an index of attestations only", "lists no image", func(t *testing.T) any {
			return indexOf(t, map[string]v1.Image{"unknown/unknown": forPlatform(t, "unknown", "unknown", "x")})
		}},
		{"a configuration of another image", "lists 2 layers and the manifest 1", func(t *testing.T) any {
			return configured(t, imageOf(t, layerOf(t, regular("app", "x"))), func(c *v1.ConfigFile) {
				c.RootFS.DiffIDs = append(c.RootFS.DiffIDs, c.RootFS.DiffIDs[0])
			})
		}},
		{"an artifact is no image", "is an artifact", func(t *testing.T) any {
			return mutate.ConfigMediaType(imageOf(t, layerOf(t, regular("app", "x"))), "application/vnd.acme.config")
		}},
		{"an image without layers has no program", "0 layers", func(t *testing.T) any { return imageOf(t) }},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			repository, tag := registry.repository("acme/refused"), fmt.Sprintf("t%d", i)
			what := row.image(t).(interface{ RawManifest() ([]byte, error) })
			put(t, repository, tag, what)
			_, err := client.Resolve(t.Context(), Source{Repository: repository, Tag: tag}, "amd64")
			g.Expect(err).To(MatchError(ErrUnsupported))
			g.Expect(err).To(MatchError(ContainSubstring(row.message)))
			g.Expect(Terminal(err)).To(BeTrue())
		})
	}
}

func TestARegistrysRefusalIsToldApart(t *testing.T) {
	says := func(status int, body string) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, r *http.Request) bool {
			if !strings.Contains(r.URL.Path, "/manifests/") {
				return false
			}
			w.WriteHeader(status)
			fmt.Fprint(w, body)
			return true
		}
	}
	for _, row := range []struct {
		reason string
		before func(http.ResponseWriter, *http.Request) bool
		kind   error
	}{
		{"an unknown repository may come yet", nil, ErrNotFound},
		{"an unknown tag may come yet", says(404, `{"errors":[{"code":"MANIFEST_UNKNOWN"}]}`), ErrNotFound},
		{"404 of what is no registry says nothing about images", says(404, `<html>no such page</html>`), nil},
		{"401 is about credentials", says(401, `{"errors":[{"code":"UNAUTHORIZED"}]}`), ErrUnauthorized},
		{"403 is about rights", says(403, `{"errors":[{"code":"DENIED"}]}`), ErrUnauthorized},
		{"a failing registry is transient", says(500, `broken`), nil},
		{"a manifest beyond 4 MiB is not read", says(200, strings.Repeat("x", maxManifestBytes+1)), ErrLimit},
		{"an old schema cannot be read", func(w http.ResponseWriter, r *http.Request) bool {
			w.Header().Set("Content-Type", string(types.DockerManifestSchema1Signed))
			return says(200, `{}`)(w, r)
		}, ErrUnsupported},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			registry, client := newRegistry(t), newLocalClient(t)
			registry.answer(row.before)
			_, err := client.Resolve(t.Context(), Source{Repository: registry.repository("acme/counter"), Tag: "v1"}, "amd64")
			g.Expect(err).To(HaveOccurred())
			for _, kind := range []error{ErrNotFound, ErrUnauthorized, ErrLimit} {
				g.Expect(err).To(Or(Not(MatchError(kind)), MatchError(row.kind)), "%v", kind)
			}
			if row.kind == nil {
				g.Expect(Terminal(err)).To(BeFalse())
				return
			}
			g.Expect(err).To(MatchError(row.kind))
		})
	}
}

func TestATagThatMovesBetweenTwoReadsChangesNothing(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	source := Source{Repository: registry.repository("acme/counter"), Tag: "v1"}
	good, evil := forPlatform(t, "linux", "amd64", "good"), forPlatform(t, "linux", "amd64", "evil")
	put(t, source.Repository, "v1", good)
	resolved, err := client.Resolve(t.Context(), source, "amd64")
	g.Expect(err).NotTo(HaveOccurred())

	put(t, source.Repository, "v1", evil)
	opened, err := client.Open(t.Context(), source, resolved.Digest)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(digestOf(t, opened)).To(Equal(digestOf(t, good)))

	manifest, err := evil.RawManifest()
	g.Expect(err).NotTo(HaveOccurred())
	registry.answer(func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, "/manifests/") {
			return false
		}
		w.Header().Set("Content-Type", string(types.OCIManifestSchema1))
		w.Write(manifest)
		return true
	})
	_, err = client.Open(t.Context(), source, resolved.Digest)
	g.Expect(err).To(MatchError(ContainSubstring("does not match")))
}

func TestNamesThatAreNoImagesAreRefusedWithoutARequest(t *testing.T) {
	client := newLocalClient(t)
	for reason, source := range map[string]Source{
		"a scheme":                    {Repository: "https://ghcr.io/acme/counter", Tag: "v1"},
		"a tag in the repository":     {Repository: "ghcr.io/acme/counter:v1", Tag: "v1"},
		"a tag with a slash":          {Repository: "ghcr.io/acme/counter", Tag: "v1/x"},
		"an empty tag":                {Repository: "ghcr.io/acme/counter"},
		"a digest of another kind":    {Repository: "ghcr.io/acme/counter", Digest: "md5:00"},
		"a name without end":          {Repository: "ghcr.io/" + strings.Repeat("a", 300), Tag: "v1"},
		"a control character":         {Repository: "ghcr.io/acme/\x1b[31m", Tag: "v1"},
		"a user before the host name": {Repository: "user:password@ghcr.io/acme", Tag: "v1"},
	} {
		t.Run(reason, func(t *testing.T) {
			g := NewWithT(t)
			_, err := client.Resolve(t.Context(), source, "amd64")
			g.Expect(err).To(MatchError(ErrUnsupported))
			g.Expect(err.Error()).NotTo(ContainSubstring("\x1b"))
		})
	}
}

func TestARegistryThatTakesItsTimeIsNotWaitedFor(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	client.resolveWithin = 200 * time.Millisecond
	put(t, registry.repository("acme"), "v1", forPlatform(t, "linux", "amd64", "x"))
	g.Expect(client.Resolve(t.Context(), Source{Repository: registry.repository("acme"), Tag: "v1"}, "amd64")).
		Error().NotTo(HaveOccurred())
	registry.answer(func(_ http.ResponseWriter, r *http.Request) bool {
		select { // each answer alone is in time
		case <-time.After(150 * time.Millisecond):
		case <-r.Context().Done():
		}
		return false
	})
	_, err := client.Resolve(t.Context(), Source{Repository: registry.repository("acme"), Tag: "v1"}, "amd64")
	g.Expect(err).To(MatchError(ContainSubstring("has not answered within 200ms")))
	g.Expect(Terminal(err)).To(BeFalse())
}
