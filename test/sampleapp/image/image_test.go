package image

import (
	"archive/tar"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
	. "github.com/onsi/gomega"
)

func builder(t *testing.T) *Builder {
	t.Helper()
	b, err := NewBuilder(t.Context(), t.TempDir(), runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func layerDigests(t *testing.T, image v1.Image) []string {
	t.Helper()
	manifest, err := image.Manifest()
	if err != nil {
		t.Fatal(err)
	}
	var digests []string
	for _, layer := range manifest.Layers {
		digests = append(digests, layer.Digest.String())
	}
	return digests
}

func TestVersionsShareAllButTheirSmallLayers(t *testing.T) {
	g := NewWithT(t)
	b := builder(t)
	first, err := b.Image(V1)
	g.Expect(err).NotTo(HaveOccurred())
	again, err := b.Image(V1)
	g.Expect(err).NotTo(HaveOccurred())
	second, err := b.Image(V2)
	g.Expect(err).NotTo(HaveOccurred())

	g.Expect(layerDigests(t, again)).To(Equal(layerDigests(t, first)), "the same build gives the same image")
	one, two := layerDigests(t, first), layerDigests(t, second)
	g.Expect(one).To(HaveLen(4))
	g.Expect(two[:2]).To(Equal(one[:2]))
	g.Expect(two[2:]).NotTo(ContainElement(BeElementOf(one)))
}

func TestOneAssetDiffersBetweenVersions(t *testing.T) {
	g := NewWithT(t)
	first, err := V1.files()
	g.Expect(err).NotTo(HaveOccurred())
	second, err := V2.files()
	g.Expect(err).NotTo(HaveOccurred())
	var changed []string
	for name := range first {
		if !cmp.Equal(first[name], second[name]) {
			changed = append(changed, name)
		}
	}
	g.Expect(changed).To(Equal([]string{"style.css"}))
	g.Expect(second).To(HaveLen(len(first)))
}

func TestThePushedImageRunsAsWhatItsVariantSays(t *testing.T) {
	g := NewWithT(t)
	b := builder(t)
	registry, err := NewRegistry(t.TempDir(), "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer registry.Close()
	image, err := b.Image(CrashingAtStart)
	g.Expect(err).NotTo(HaveOccurred())
	repository := registry.Repository("acme/counter")
	digest, err := Push(t.Context(), image, repository, "v4")
	g.Expect(err).NotTo(HaveOccurred())

	reference, err := name.NewDigest(repository + "@" + digest)
	g.Expect(err).NotTo(HaveOccurred())
	pulled, err := remote.Image(reference)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(validate.Image(pulled)).To(Succeed())
	root := t.TempDir()
	unpack(t, pulled, root)
	config, err := pulled.ConfigFile()
	g.Expect(err).NotTo(HaveOccurred())
	output, err := exec.Command(filepath.Join(root, config.Config.Entrypoint[0]), config.Config.Cmd...).CombinedOutput()
	var exit *exec.ExitError
	g.Expect(errors.As(err, &exit)).To(BeTrue())
	g.Expect(exit.ExitCode()).To(Equal(70))
	g.Expect(string(output)).To(ContainSubstring("cannot start"))
	g.Expect(filepath.Join(root, AssetsPath, "balloon.png")).To(BeARegularFile())
}

func unpack(t *testing.T, image v1.Image, root string) {
	t.Helper()
	content := mutate.Extract(image)
	defer content.Close()
	archive := tar.NewReader(content)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(root, header.Name)
		if strings.HasSuffix(header.Name, "/") || header.FileInfo().IsDir() {
			if err := os.MkdirAll(path, 0o755); err != nil {
				t.Fatal(err)
			}
			continue
		}
		bytes, err := io.ReadAll(archive)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes, header.FileInfo().Mode()); err != nil {
			t.Fatal(err)
		}
	}
}
