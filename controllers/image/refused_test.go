package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/types"
	. "github.com/onsi/gomega"
)

func TestFilesThatCannotBePublishedAreNamed(t *testing.T) {
	in := func(name string) file { return regular("www/"+name, "x") }
	deep := strings.Repeat("d/", maxPathDepth)
	for _, row := range []struct {
		reason, message string
		files           []file
	}{
		{"a link on the way", "/www is a symbolic link", []file{symlink("www", "srv/www")}},
		{"a hard link to nothing", `"b" is a hard link to "www/c"`,
			[]file{in("a"), {name: "www/b", kind: tar.TypeLink, link: "www/c"}}},
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
		{"decompressed bytes, also those that are not wanted", func(l *Limits) { l.DecompressedBytes = 10_000 },
			append(two, regular("c", strings.Repeat("x", 20_000)))},
		{"how far a layer unfolds", func(l *Limits) { l.Ratio = 1 },
			append(two, regular("c", noise(1<<20)+strings.Repeat("\x00", freeOfRatio)))},
		{"the memory for names", func(l *Limits) { l.IndexBytes = 1000 }, append(two, folder("www/1"), folder("www/2"))},
		{"the memory for names of removed files", func(l *Limits) { l.IndexBytes = 5000 },
			append(two, regular("www/.wh."+strings.Repeat("c", 4000), ""))},
		{"the memory for folders on the way to a file", func(l *Limits) { l.IndexBytes = 5000 },
			append(two, regular("www/"+strings.Repeat("d/", 40)+"c", ""))},
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
	compressed, err := gzip.NewWriterLevel(&packed, gzip.BestSpeed)
	g.Expect(err).NotTo(HaveOccurred())
	archive := tar.NewWriter(compressed)
	const size = 1 << 30
	g.Expect(archive.WriteHeader(&tar.Header{Name: "bomb", Typeflag: tar.TypeReg, Size: size})).To(Succeed())
	_, err = io.CopyN(archive, zeros{}, size)
	g.Expect(err).NotTo(HaveOccurred())
	g.Expect(archive.Close()).To(Succeed())
	g.Expect(compressed.Close()).To(Succeed())
	g.Expect(packed.Len()).To(BeNumerically("<", 8<<20))

	run := &reading{of: newLocalClient(t).Collect(Folder{Path: "/www"}, DefaultLimits())}
	_, err = run.read(t.Context(), &packed, int64(packed.Len()))
	g.Expect(err).To(MatchError(ErrLimit))
	g.Expect(run.index.spent.decompressed).To(BeNumerically("<", size/2))
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
			_, err = client.Assets(t.Context(), opened, Folder{Path: "/www"}, DefaultLimits())
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
