package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

func collect(t *testing.T, path string, limits Limits, layers ...v1.Layer) (*Assets, error) {
	t.Helper()
	assets, err := newLocalClient(t).Assets(t.Context(), imageOf(t, layers...), path, limits)
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
		{"files below the path, at any depth, and no others", [][]file{{regular("www/public/a.css", "a"), regular("www/public/img/b.png", "b"), regular("www/secret", "c"), regular("www/publicity", "d")}},
			map[string]string{"a.css": "a", "img/b.png": "b"}},
		{"all spellings of a path that unpackers know", [][]file{{folder("./www/"), regular("./www/public/a", "a"), regular("/www/public/b", "b"), regular("www//public/./c", "c")}},
			map[string]string{"a": "a", "b": "b", "c": "c"}},
		{"an upper layer's file wins", [][]file{{regular("www/public/a", "old"), regular("www/public/b", "b")}, {regular("www/public/a", "new")}},
			map[string]string{"a": "new", "b": "b"}},
		{"a whiteout removes a file of a lower layer", [][]file{{regular("www/public/a", "a"), regular("www/public/b", "b")}, {regular("www/public/.wh.a", "")}},
			map[string]string{"b": "b"}},
		{"a whiteout does not remove a file of its own layer", [][]file{{regular("www/public/a", "old")}, {regular("www/public/.wh.a", ""), regular("www/public/a", "new")}},
			map[string]string{"a": "new"}},
		{"a whiteout of a folder removes all below it", [][]file{{regular("www/public/img/a", "a"), regular("www/public/b", "b")}, {regular("www/public/.wh.img", "")}},
			map[string]string{"b": "b"}},
		{"a whiteout above the path removes everything", [][]file{{regular("www/public/a", "old")}, {regular(".wh.www", ""), regular("www/public/b", "new")}},
			map[string]string{"b": "new"}},
		{"an opaque folder hides what lower layers have in it", [][]file{{regular("www/public/img/a", "old"), regular("www/public/b", "b")}, {regular("www/public/img/.wh..wh..opq", ""), regular("www/public/img/c", "c")}},
			map[string]string{"b": "b", "img/c": "c"}},
		{"an opaque folder on the way hides everything", [][]file{{regular("www/public/a", "old")}, {regular("www/public/b", "b"), regular("www/.wh..wh..opq", "")}},
			map[string]string{"b": "b"}},
		{"a file in place of a folder hides the folder", [][]file{{regular("www/public/x/a", "old")}, {regular("www/public/x", "file")}},
			map[string]string{"x": "file"}},
		{"a folder in place of a file hides the file", [][]file{{regular("www/public/x", "old")}, {regular("www/public/x/a", "a")}},
			map[string]string{"x/a": "a"}},
		{"a removed symbolic link is nobody's concern", [][]file{{symlink("www/public/a", "/etc/passwd")}, {regular("www/public/.wh.a", ""), regular("www/public/b", "b")}},
			map[string]string{"b": "b"}},
		{"a folder above replaces a link below", [][]file{{symlink("www", "srv")}, {regular("www/public/b", "b")}},
			map[string]string{"b": "b"}},
		{"a removed file that comes back is there", [][]file{{regular("www/public/a", "1")}, {regular("www/public/.wh.a", "")}, {regular("www/public/a", "3")}},
			map[string]string{"a": "3"}},
		{"aufs's own entries mean nothing", [][]file{{regular("www/public/a", "1")}, {regular("www/public/.wh..wh.plnk", "")}},
			map[string]string{"a": "1"}},
		{"links elsewhere are nobody's concern", [][]file{{symlink("usr/bin/a", "/etc/passwd"), regular("www/public/a", "1")}},
			map[string]string{"a": "1"}},
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

func TestFilesThatCannotBePublishedAreNamed(t *testing.T) {
	in := func(name string) file { return regular("www/"+name, "x") }
	deep := strings.Repeat("d/", maxPathDepth)
	for _, row := range []struct {
		reason, message string
		files           []file
	}{
		{"a symbolic link", `"a" is a symbolic link to "/etc/passwd"`, []file{symlink("www/a", "/etc/passwd")}},
		{"a link on the way", "/www is a symbolic link", []file{symlink("www", "srv/www")}},
		{"a hard link", `"b" is a hard link`, []file{in("a"), {name: "www/b", kind: tar.TypeLink, link: "www/a"}}},
		{"a device", `"null" is a device`, []file{{name: "www/null", kind: tar.TypeChar}}},
		{"a pipe", `"p" is a device, a pipe`, []file{{name: "www/p", kind: tar.TypeFifo}}},
		{"a way out", `".."`, []file{regular("www/../../etc/passwd", "x")}},
		{"a way out elsewhere in the layer", `".."`, []file{in("a"), regular("tmp/../../etc/passwd", "x")}},
		{"a control character", "control", []file{in("a\nb")}},
		{"an escape sequence", "control", []file{in("a\x1b[31m")}},
		{"a text direction", "control", []file{in("a\u202egpj.exe")}},
		{"a backslash", "backslash", []file{in(`a\b`)}},
		{"what is not UTF-8", "UTF-8", []file{in("a\xff")}},
		{"names that differ by case", "differ by case", []file{in("Logo.svg"), in("logo.svg")}},
		{"names that differ by case beyond ASCII", "differ by case", []file{in("STRASSE\u212a"), in("strassek")}},
		{"the same name twice", "twice", []file{in("a"), in("a")}},
		{"a file that is a folder", "a file and a folder", []file{in("a"), in("a/b")}},
		{"a path that is too long", "longer than 900", []file{in(strings.Repeat("a", 901))}},
		{"a path that is too deep", "too deep", []file{in(deep + "a")}},
		{"the marker's name", "reserved", []file{in(ReservedAsset)}},
		{"no file at all", "has no files there", []file{regular("elsewhere/a", "x")}},
		{"a file in place of the folder", "has no files there", []file{regular("www", "x")}},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			_, err := collect(t, "/www", DefaultLimits(), layerOf(t, row.files...))
			g.Expect(err).To(MatchError(ErrAssets))
			g.Expect(err).To(MatchError(ContainSubstring(row.message)))
			g.Expect(err.Error()).NotTo(ContainSubstring("\x1b"))
			g.Expect(len(err.Error())).To(BeNumerically("<", 1000))
		})
	}
}

func TestEveryLimitIsKept(t *testing.T) {
	two := []file{regular("www/a", "12345"), regular("www/b", "12345")}
	for _, row := range []struct {
		reason string
		limit  func(*Limits)
		files  []file
	}{
		{"files", func(l *Limits) { l.Files = 1 }, two},
		{"the size of a file", func(l *Limits) { l.FileBytes = 4 }, two},
		{"the size of all files", func(l *Limits) { l.TotalBytes = 9 }, two},
		{"entries, also those that are not wanted", func(l *Limits) { l.Entries = 2 }, append(two, regular("c", ""))},
		{"decompressed bytes, also those that are not wanted", func(l *Limits) { l.DecompressedBytes = 10_000 }, append(two, regular("c", strings.Repeat("x", 20_000)))},
		{"how far a layer unfolds", func(l *Limits) { l.Ratio = 1 }, append(two, regular("c", noise(1<<20)+strings.Repeat("\x00", freeOfRatio)))},
		{"folders", func(l *Limits) { l.Files = 2 }, append(two, folder("www/1"), folder("www/2"), folder("www/3"), folder("www/4"), folder("www/5"), folder("www/6"), folder("www/7"))},
	} {
		t.Run(row.reason, func(t *testing.T) {
			g := NewWithT(t)
			limits := DefaultLimits()
			_, err := collect(t, "/www", limits, layerOf(t, row.files...))
			g.Expect(err).NotTo(HaveOccurred(), "without the limit")
			row.limit(&limits)
			_, err = collect(t, "/www", limits, layerOf(t, row.files...))
			g.Expect(err).To(MatchError(ErrLimit))
			g.Expect(err).To(MatchError(ErrAssets))
		})
	}
}

// noise does not compress.
func noise(size int) string {
	content := make([]byte, size)
	rand.NewChaCha8([32]byte{}).Read(content)
	return string(content)
}

// zeros is a reader of a file that was never written down.
type zeros struct{}

func (zeros) Read(into []byte) (int, error) { clear(into); return len(into), nil }

func TestABombIsStoppedBeforeItUnfolds(t *testing.T) {
	g := NewWithT(t)
	var packed bytes.Buffer
	compressed := gzip.NewWriter(&packed)
	archive := tar.NewWriter(compressed)
	const size = 1 << 30
	g.Expect(archive.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Size: size})).To(Succeed())
	_, err := io.CopyN(archive, zeros{}, size)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(archive.Close()).To(Succeed())
	g.Expect(compressed.Close()).To(Succeed())
	g.Expect(packed.Len()).To(BeNumerically("<", 2<<20))

	var unfolded int64
	limits := DefaultLimits()
	run := &collector{limits: limits, overlay: newOverlay("www"), barren: newBarrenLayers()}
	err = run.collect(t.Context(), []v1.Layer{&fixedDiffID{packedLayer(t, packed.Bytes(), types.OCILayer)}})
	unfolded = run.decompressed
	g.Expect(err).To(MatchError(ErrLimit))
	g.Expect(unfolded).To(BeNumerically("<", size/2))
}

type fixedDiffID struct{ v1.Layer }

func (fixedDiffID) DiffID() (v1.Hash, error) { return v1.Hash{}, nil }

func TestABrokenLayerIsUnsupportedAndABrokenRegistryTransient(t *testing.T) {
	good := pack(t, regular("www/a", strings.Repeat("x", 100_000)))
	for _, row := range []struct {
		reason string
		packed []byte
	}{
		{"not gzip", []byte("no gzip at all")},
		{"gzip of no tar", gzipped(t, []byte(strings.Repeat("no tar ", 200)))},
		{"cut off", good[:len(good)/2]},
		{"garbage behind", append(append([]byte{}, good...), "garbage"...)},
	} {
		t.Run(row.reason, func(t *testing.T) {
			_, err := collect(t, "/www", DefaultLimits(), &fixedDiffID{packedLayer(t, row.packed, types.OCILayer)})
			NewWithT(t).Expect(err).To(MatchError(ErrUnsupported))
		})
	}
	for reason, answer := range map[string]func(http.ResponseWriter){
		"the registry fails":            func(w http.ResponseWriter) { w.WriteHeader(http.StatusNotImplemented) },
		"the registry sends half":       func(w http.ResponseWriter) { w.Write(good[:len(good)/2]) },
		"the registry sends other data": func(w http.ResponseWriter) { w.Write(pack(t, regular("www/a", "evil"))) },
	} {
		t.Run(reason, func(t *testing.T) {
			g := NewWithT(t)
			registry, client := newRegistry(t), newLocalClient(t)
			image := imageOf(t, packedLayer(t, good, types.OCILayer))
			put(t, registry.repository("acme"), "v1", image)
			opened, err := client.Open(t.Context(), Source{Repository: registry.repository("acme")}, digestOf(t, image))
			g.Expect(err).NotTo(HaveOccurred())
			layers, err := image.Layers()
			g.Expect(err).NotTo(HaveOccurred())
			registry.answer(func(w http.ResponseWriter, r *http.Request) bool {
				if !strings.HasSuffix(r.URL.Path, digestOf(t, layers[0])) {
					return false
				}
				answer(w)
				return true
			})
			_, err = client.Assets(t.Context(), opened, "/www", DefaultLimits())
			g.Expect(err).To(HaveOccurred())
			g.Expect(Terminal(err)).To(BeFalse(), "%v", err)
		})
	}
}

func gzipped(t *testing.T, plain []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer := gzip.NewWriter(&packed)
	if _, err := writer.Write(plain); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
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
		assets, err := client.Assets(t.Context(), opened, "/www/public", DefaultLimits())
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
	_, err := client.Assets(t.Context(), imageOf(t, lower, layerOf(t, regular("www/.wh.a", ""), regular("www/b", "2"))), "/www", DefaultLimits())
	g.Expect(err).NotTo(HaveOccurred())
	assets, err := client.Assets(t.Context(), imageOf(t, lower), "/www", DefaultLimits())
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
	assets, err := client.Assets(t.Context(), imageOf(t, layerOf(t, regular("www/a", "1"))), "/www", DefaultLimits())
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
	run := &collector{limits: DefaultLimits(), overlay: newOverlay("www"), barren: newBarrenLayers(), content: full}
	err = run.collect(t.Context(), []v1.Layer{layerOf(t, regular("www/a", "1"))})
	g.Expect(err).To(MatchError(errSpool))
	g.Expect(Terminal(err)).To(BeFalse())
}

func TestThePathOfTheAssetsIsAbsoluteAndPlain(t *testing.T) {
	for _, row := range []struct {
		path, root string
		refused    bool
	}{
		{path: "/var/www/public", root: "var/www/public"}, {path: "/var/www/public/", root: "var/www/public"}, {path: "/", root: ""},
		{path: "var/www", refused: true}, {path: "", refused: true}, {path: "/var/../etc", refused: true}, {path: "//var", refused: true},
		{path: "/var//www", refused: true}, {path: "/var/./www", refused: true}, {path: "/a\x00b", refused: true}, {path: "/..", refused: true},
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
		"a.css": "text/css; charset=utf-8", "A.JS": "text/javascript; charset=utf-8", "x/y.mjs": "text/javascript; charset=utf-8",
		"f.woff2": "font/woff2", "m.wasm": "application/wasm", "i.avif": "image/avif", "site.webmanifest": "application/manifest+json",
		"noending": "application/octet-stream", "a.unknown": "application/octet-stream", ".css": "text/css; charset=utf-8",
	} {
		t.Run(name, func(t *testing.T) { NewWithT(t).Expect(ContentType(name)).To(Equal(want)) })
	}
}
