package image

import (
	"io"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"pgregory.net/rapid"
)

// container is what an unpacker makes of layers, from the bottom to the top: the same question
// answered the other way round.
type container map[string]string

const aFolder = "a folder"

func (c container) remove(name string) {
	delete(c, name)
	c.empty(name)
}

func (c container) empty(folder string) {
	for other := range c {
		if folder == "." || within(other, folder) {
			delete(c, other)
		}
	}
}

func (c container) makeFolder(name string) {
	if name == "." {
		return
	}
	c.makeFolder(path.Dir(name))
	if c[name] != aFolder {
		c.remove(name)
		c[name] = aFolder
	}
}

func (c container) apply(layer []file) {
	for _, f := range layer {
		base := path.Base(f.name)
		if base == opaqueMarker {
			c.empty(path.Dir(f.name))
		} else if after, ok := strings.CutPrefix(base, whiteoutPrefix); ok {
			c.remove(path.Join(path.Dir(f.name), after))
		}
	}
	for _, f := range layer {
		if strings.HasPrefix(path.Base(f.name), whiteoutPrefix) {
			continue
		}
		c.makeFolder(path.Dir(f.name))
		if strings.HasSuffix(f.name, "/") {
			c.makeFolder(path.Clean(f.name))
			continue
		}
		c.remove(f.name)
		c[f.name] = f.content
	}
}

var drawnName = rapid.Custom(func(t *rapid.T) string {
	return path.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"w", "x", "y"}), 1, 4).Draw(t, "parts")...)
})

// drawLayer draws entries of which none stands in the place of another one's folder, as in any layer of a real build.
func drawLayer(t *rapid.T, content string) []file {
	var layer []file
	names := map[string]bool{}
	for _, name := range rapid.SliceOfN(drawnName, 0, 5).Draw(t, "names") {
		if clashes(names, name) {
			continue
		}
		names[name] = true
		switch rapid.IntRange(0, 5).Draw(t, "kind") {
		case 0:
			layer = append(layer, regular(path.Join(path.Dir(name), whiteoutPrefix+path.Base(name)), ""))
		case 1:
			layer = append(layer, regular(path.Join(path.Dir(name), opaqueMarker), ""))
		case 2:
			layer = append(layer, folder(name+"/"))
		default:
			layer = append(layer, regular(name, content))
		}
	}
	return rapid.Permutation(layer).Draw(t, "order")
}

func clashes(names map[string]bool, name string) bool {
	for other := range names {
		if other == name || within(name, other) || within(other, name) {
			return true
		}
	}
	return false
}

// pass lets a layer be read as a push would send it.
func pass(t *testing.T, run *Collection, layer v1.Layer) {
	t.Helper()
	digest, err := layer.Digest()
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Compressed()
	if err != nil {
		t.Fatal(err)
	}
	if run.wants(digest) {
		size, err := layer.Size()
		if err != nil {
			t.Fatal(err)
		}
		content = run.watch(t.Context(), digest, size, content)
	}
	if _, err := io.Copy(io.Discard, content); err != nil {
		t.Fatal(err)
	}
	if err := content.Close(); err != nil {
		t.Fatal(err)
	}
	run.skipped(digest)
}

func TestReadingFromTheTopSeesWhatUnpackingFromTheBottomMakes(t *testing.T) {
	client := NewClient(Options{TempDir: t.TempDir()})
	rapid.Check(t, func(rt *rapid.T) {
		made := container{}
		var layers []v1.Layer
		for i := range rapid.IntRange(1, 5).Draw(rt, "layers") {
			layer := drawLayer(rt, string(rune('0'+i)))
			made.apply(layer)
			layers = append(layers, layerOf(t, layer...))
		}
		want := map[string]string{}
		for name, content := range made {
			if below, ok := strings.CutPrefix(name, "w/"); ok && content != aFolder {
				want[below] = content
			}
		}
		run := client.Collect(Folder{Path: "/w"}, DefaultLimits())
		for _, layer := range layers {
			if rapid.Bool().Draw(rt, "passes") {
				pass(t, run, layer)
			}
		}
		run.Passed()
		got := map[string]string{}
		assets, err := run.Assets(t.Context(), imageOf(t, layers...))
		switch {
		case err == nil:
			got = contents(t, assets)
			err = assets.Close()
		case len(want) == 0:
			err = nil // the image has no files there, which is refused
		}
		if err != nil {
			rt.Fatal(err)
		}
		if memory, disk := client.taken(); memory != 0 || disk != 0 {
			rt.Fatalf("%d bytes of memory and %d of disk were not given back", memory, disk)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatal(diff)
		}
	})
}
