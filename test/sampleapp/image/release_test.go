package image

import (
	"runtime"
	"testing"

	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/controllers/image"
)

// What a release does with the application's image, step by step, from the developer's registry to the stage's.
func TestTheImagesGoThroughARelease(t *testing.T) {
	g := NewWithT(t)
	b := builder(t)
	registry, err := NewRegistry("", "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer registry.Close()
	stage, err := NewRegistry(t.TempDir(), "127.0.0.1:0")
	g.Expect(err).NotTo(HaveOccurred())
	defer stage.Close()
	client := image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: t.TempDir()})
	defer client.Close()
	function := image.RuntimeFromBytes("test", []byte("#!/opt/aloft/runtime"))

	assetsOf := map[string]map[string]string{}
	for _, step := range []struct {
		variant Variant
		layers  int
		reason  string
	}{
		{V1, 5, "the first build is sent with all its layers, and the runtime's"},
		{V2, 2, "of the second only what tells the build and the assets"},
	} {
		built, err := b.Image(step.variant)
		g.Expect(err).NotTo(HaveOccurred())
		source := image.Source{Repository: registry.Repository("acme/counter"), Tag: step.variant.Version}
		_, err = Push(t.Context(), built, source.Repository, source.Tag)
		g.Expect(err).NotTo(HaveOccurred())

		resolved, err := client.Resolve(t.Context(), source, runtime.GOARCH)
		g.Expect(err).NotTo(HaveOccurred())
		opened, err := client.Open(t.Context(), source, resolved.Digest)
		g.Expect(err).NotTo(HaveOccurred())
		deployed, err := image.WithRuntime(opened, function)
		g.Expect(err).NotTo(HaveOccurred())
		pushed, err := client.Push(t.Context(), deployed, image.Target{
			Repository: stage.Repository("aloft-acme"), Tags: []string{"b-" + source.Tag},
		})
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(pushed.Layers).To(Equal(step.layers), step.reason)

		assets, err := client.Assets(t.Context(), opened, image.Folder{Path: AssetsPath}, image.DefaultLimits())
		g.Expect(err).NotTo(HaveOccurred())
		assetsOf[source.Tag] = map[string]string{}
		for _, file := range assets.Files {
			assetsOf[source.Tag][file.Path] = file.ContentType + " " + file.SHA256
		}
		g.Expect(assets.Close()).To(Succeed())
	}
	g.Expect(assetsOf["v1"]).To(HaveLen(4))
	g.Expect(assetsOf["v1"]["balloon.png"]).To(HavePrefix("image/png "))
	g.Expect(assetsOf["v2"]["style.css"]).NotTo(Equal(assetsOf["v1"]["style.css"]))
	assetsOf["v2"]["style.css"] = assetsOf["v1"]["style.css"]
	g.Expect(assetsOf["v2"]).To(Equal(assetsOf["v1"]), "all but the one asset is the same")
}
