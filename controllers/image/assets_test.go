package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	. "github.com/onsi/gomega"
)

func collect(t *testing.T, path string, limits Limits, layers ...v1.Layer) (*Assets, error) {
	t.Helper()
	assets, err := newLocalClient(t).Assets(t.Context(), imageOf(t, layers...), Folder{Path: path}, limits)
	if err == nil {
		t.Cleanup(func() { assets.Close() })
	}
	return assets, err
}

func contents(t *testing.T, assets *Assets) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, file := range assets.Files {
		content, err := io.ReadAll(assets.Open(file))
		if err != nil {
			t.Fatal(err)
		}
		sum := sha256.Sum256(content)
		if int64(len(content)) != file.Size || hex.EncodeToString(sum[:]) != file.SHA256 {
			t.Fatalf("%s is not what its size and digest say", file.Path)
		}
		found[file.Path] = string(content)
	}
	return found
}

func symlink(name, to string) file { return file{name: name, kind: tar.TypeSymlink, link: to} }

func TestAssetsAreWhatAContainerWouldSee(t *testing.T) {
	const root = "/www/public"
	for _, row := range []struct {
		reason string
		layers [][]file
		want   map[string]string
	}{
		{"files below the path, at any depth, and no others",
			[][]file{{regular("www/public/a.css", "a"), regular("www/public/img/b.png", "b"), regular("www/secret", "c"),
				regular("www/publicity", "d")}},
			map[string]string{"a.css": "a", "img/b.png": "b"}},
		{"all spellings of a path that unpackers know",
			[][]file{{folder("./www/"), regular("./www/public/a", "a"), regular("/www/public/b", "b"),
				regular("www//public/./c", "c")}},
			map[string]string{"a": "a", "b": "b", "c": "c"}},
		{"an upper layer's file wins",
			[][]file{{regular("www/public/a", "old"), regular("www/public/b", "b")}, {regular("www/public/a", "new")}},
			map[string]string{"a": "new", "b": "b"}},
		{"a whiteout removes a file of a lower layer",
			[][]file{{regular("www/public/a", "a"), regular("www/public/b", "b")}, {regular("www/public/.wh.a", "")}},
			map[string]string{"b": "b"}},
		{"a whiteout does not remove a file of its own layer",
			[][]file{{regular("www/public/a", "old")}, {regular("www/public/.wh.a", ""), regular("www/public/a", "new")}},
			map[string]string{"a": "new"}},
		{"a whiteout of a folder removes all below it",
			[][]file{{regular("www/public/img/a", "a"), regular("www/public/b", "b")}, {regular("www/public/.wh.img", "")}},
			map[string]string{"b": "b"}},
		{"a whiteout above the path removes everything",
			[][]file{{regular("www/public/a", "old")}, {regular(".wh.www", ""), regular("www/public/b", "new")}},
			map[string]string{"b": "new"}},
		{"an opaque folder hides what lower layers have in it",
			[][]file{{regular("www/public/img/a", "old"), regular("www/public/b", "b")},
				{regular("www/public/img/.wh..wh..opq", ""), regular("www/public/img/c", "c")}},
			map[string]string{"b": "b", "img/c": "c"}},
		{"an opaque folder on the way hides everything",
			[][]file{{regular("www/public/a", "old")}, {regular("www/public/b", "b"), regular("www/.wh..wh..opq", "")}},
			map[string]string{"b": "b"}},
		{"a file in place of a folder hides the folder",
			[][]file{{regular("www/public/x/a", "old")}, {regular("www/public/x", "file")}},
			map[string]string{"x": "file"}},
		{"a folder in place of a file hides the file",
			[][]file{{regular("www/public/x", "old")}, {regular("www/public/x/a", "a")}}, map[string]string{"x/a": "a"}},
		{"a removed symbolic link is nobody's concern",
			[][]file{{symlink("www/public/a", "/etc/passwd")}, {regular("www/public/.wh.a", ""), regular("www/public/b", "b")}},
			map[string]string{"b": "b"}},
		{"a folder above replaces a link below", [][]file{{symlink("www", "srv")}, {regular("www/public/b", "b")}},
			map[string]string{"b": "b"}},
		{"a removed file that comes back is there",
			[][]file{{regular("www/public/a", "1")}, {regular("www/public/.wh.a", "")}, {regular("www/public/a", "3")}},
			map[string]string{"a": "3"}},
		{"aufs's own entries mean nothing",
			[][]file{{regular("www/public/a", "1")}, {regular("www/public/.wh..wh.plnk", "")}},
			map[string]string{"a": "1"}},
		{"links elsewhere are nobody's concern",
			[][]file{{symlink("usr/bin/a", "/etc/passwd"), regular("www/public/a", "1")}}, map[string]string{"a": "1"}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			var layers []v1.Layer
			for _, files := range row.layers {
				layers = append(layers, layerOf(t, files...))
			}
			assets, err := collect(t, root, DefaultLimits(), layers...)
			g.Expect(err).NotTo(HaveOccurred())
			g.Expect(cmp.Diff(row.want, contents(t, assets))).To(BeEmpty())
		})
	}
}

func TestLayersAreDownloadedOnceAndOnlyWhenTheyMatter(t *testing.T) {
	g := NewWithT(t)
	registry, client := newRegistry(t), newLocalClient(t)
	system := layerOf(t, folder("www"), regular("etc/passwd", "root"))
	covered := layerOf(t, regular("www/public/old", "1"))
	first := layerOf(t, regular("www/public/.wh..wh..opq", ""), regular("www/public/a", "1"))
	second := layerOf(t, regular("www/public/a", "2"))

	read := func(tag string, layers ...v1.Layer) []string {
		image := imageOf(t, layers...)
		put(t, registry.repository("acme"), tag, image)
		opened, err := client.Open(t.Context(), Source{Repository: registry.repository("acme")}, digestOf(t, image))
		g.Expect(err).NotTo(HaveOccurred())
		registry.take("")
		assets, err := client.Assets(t.Context(), opened, Folder{Path: "/www/public"}, DefaultLimits())
		g.Expect(err).NotTo(HaveOccurred())
		g.Expect(assets.Close()).To(Succeed())
		var digests []string
		for _, request := range registry.take("GET /v2/acme/blobs/") {
			digests = append(digests, strings.TrimPrefix(request, "GET /v2/acme/blobs/"))
		}
		return digests
	}
	g.Expect(read("1", system, covered, first)).To(Equal([]string{digestOf(t, first)}), "what is covered is not read")
	g.Expect(read("2", system, second)).To(Equal([]string{digestOf(t, second), digestOf(t, system)}))
	g.Expect(read("3", system, second)).To(Equal([]string{digestOf(t, second)}), "a layer without assets is remembered")
}

func TestALayerThatIsOnlyHiddenIsNotTakenForEmpty(t *testing.T) {
	g := NewWithT(t)
	client := newLocalClient(t)
	lower := layerOf(t, regular("www/a", "1"))
	_, err := client.Assets(t.Context(), imageOf(t, lower, layerOf(t, regular("www/.wh.a", ""), regular("www/b", "2"))),
		Folder{Path: "/www"}, DefaultLimits())
	g.Expect(err).NotTo(HaveOccurred())
	assets, err := client.Assets(t.Context(), imageOf(t, lower), Folder{Path: "/www"}, DefaultLimits())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(Equal(map[string]string{"a": "1"}))
}

func TestTheDigestOfAssetsFollowsPathsAndContents(t *testing.T) {
	g := NewWithT(t)
	digest := func(files ...file) string {
		assets, err := collect(t, "/www", DefaultLimits(), layerOf(t, files...))
		g.Expect(err).NotTo(HaveOccurred())
		return assets.Digest()
	}
	base := digest(regular("www/a", "1"), regular("www/b", "2"))
	g.Expect(digest(regular("www/b", "2"), regular("www/a", "1"), regular("etc/c", "3"))).To(Equal(base))
	g.Expect(digest(regular("www/a", "1"), regular("www/c", "2"))).NotTo(Equal(base))
	g.Expect(digest(regular("www/a", "1"), regular("www/b", "3"))).NotTo(Equal(base))
}

func TestNothingIsLeftInTheTemporaryFolder(t *testing.T) {
	g := NewWithT(t)
	folder := t.TempDir()
	client := NewClient(Options{TempDir: folder})
	assets, err := client.Assets(t.Context(), imageOf(t, layerOf(t, regular("www/a", "1"))),
		Folder{Path: "/www"}, DefaultLimits())
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(contents(t, assets)).To(HaveLen(1))
	left, err := os.ReadDir(folder)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(left).To(BeEmpty())
	g.Expect(assets.Close()).To(Succeed())
}

func TestAFullDiskIsNoFaultOfTheImage(t *testing.T) {
	g := NewWithT(t)
	full, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
	if err != nil {
		t.Skip("there is no /dev/full here")
	}
	defer full.Close()
	run := newLocalClient(t).Collect(Folder{Path: "/www"}, DefaultLimits())
	run.Passed()
	run.newSpool = func() *spool { return &spool{file: full, share: run.share} }
	_, err = run.assets(t.Context(), imageOf(t, layerOf(t, regular("www/a", "1"))))
	g.Expect(err).To(MatchError(errSpool))
	g.Expect(Terminal(err)).To(BeFalse())
}

func TestThePathOfTheAssetsIsAbsoluteAndPlain(t *testing.T) {
	for _, row := range []struct {
		path, root string
		refused    bool
	}{
		{path: "/var/www/public", root: "var/www/public"}, {path: "/var/www/public/", root: "var/www/public"},
		{path: "/", root: ""}, {path: "var/www", refused: true}, {path: "", refused: true},
		{path: "/var/../etc", refused: true}, {path: "//var", refused: true}, {path: "/var//www", refused: true},
		{path: "/var/./www", refused: true}, {path: "/a\x00b", refused: true}, {path: "/..", refused: true},
	} {
		t.Run(row.path, func(t *testing.T) {
			root, err := rootOf(row.path)
			NewWithT(t).Expect(root).To(Equal(row.root))
			NewWithT(t).Expect(err != nil).To(Equal(row.refused))
		})
	}
}

func TestContentTypesFollowFromTheEnding(t *testing.T) {
	for name, want := range map[string]string{
		"a.css": "text/css; charset=utf-8", "A.JS": "text/javascript; charset=utf-8",
		"x/y.mjs": "text/javascript; charset=utf-8", "f.woff2": "font/woff2", "m.wasm": "application/wasm",
		"i.avif": "image/avif", "site.webmanifest": "application/manifest+json",
		"noending": "application/octet-stream", "a.unknown": "application/octet-stream", ".css": "text/css; charset=utf-8",
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(ContentType(name)).To(Equal(want)) })
	}
}
