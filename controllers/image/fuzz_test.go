package image

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"io"
	"path"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/static"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// safe is what must hold of every path that is published, said independently of the code that checks it.
func safe(name string) bool {
	return name != "" && len(name) <= 900 && utf8.ValidString(name) && !path.IsAbs(name) && path.Clean(name) == name &&
		name != "." && name != ".." && !strings.HasPrefix(name, "../") && !strings.ContainsFunc(name, unicode.IsControl) &&
		!strings.Contains(name, `\`)
}

func FuzzEntryNames(f *testing.F) {
	for _, seed := range []string{"www/a.css", "./www/a", "/www/a", "www/../../etc/passwd", "www/a\x00b", "www/.wh.a",
		"www/.wh..wh..opq", "www//a", "www/a/.", "www/\xff", "..", "www/..", "www/.wh...", "www/.wh.", `www\..\a`,
		"www/\u202e", strings.Repeat("www/", 100), "www/.env"} {
		f.Add(seed, byte(tar.TypeReg))
	}
	f.Add("www", byte(tar.TypeSymlink))
	f.Add("www/a", byte(tar.TypeLink))
	f.Add("www/a", byte(tar.TypeDir))
	f.Fuzz(func(t *testing.T, name string, kind byte) {
		client := NewClient(Options{TempDir: t.TempDir()})
		run := client.Collect(Folder{Path: "/www"}, DefaultLimits())
		read := &reading{of: run, byName: map[string]*entry{}, index: layerIndex{spool: run.newSpool()}}
		defer read.index.spool.close()
		if read.entry(&tar.Header{Name: name, Typeflag: kind}, strings.NewReader("")) != nil {
			return
		}
		run.overlay.layer = 1
		if run.merge(t.Context(), &read.index) != nil {
			return
		}
		assets, err := run.publish()
		if err != nil {
			return
		}
		run.overlay = overlay{root: run.root, layer: 1}
		for _, e := range read.index.entries {
			run.overlay.take(e)
		}
		run.overlay.layer++
		for _, file := range assets.Files {
			if !safe(file.Path) || kind != tar.TypeReg {
				t.Errorf("the entry %q of kind %q became the asset %q", name, kind, file.Path)
			}
			if !run.overlay.hidden("www/"+file.Path, false) {
				t.Errorf("the asset %q does not hide the same file of a lower layer", file.Path)
			}
		}
	})
}

// FuzzLayers is given tar files without their compression, which would only hide them from the fuzzer.
func FuzzLayers(f *testing.F) {
	plain := func(files ...file) []byte {
		reader, err := gzip.NewReader(bytes.NewReader(pack(f, files...)))
		if err != nil {
			f.Fatal(err)
		}
		content, err := io.ReadAll(reader)
		if err != nil {
			f.Fatal(err)
		}
		return content
	}
	f.Add(plain(regular("www/a", "1"), folder("www/b"), regular("www/b/c", "2")),
		plain(regular("www/.wh.a", ""), regular("www/d", "3")))
	f.Add(plain(file{
		name: "www/a", kind: tar.TypeSymlink, link: "/etc",
	}), plain(regular("www/.wh..wh..opq", ""), regular("www/"+strings.Repeat("long/", 30)+"a", "4")))
	f.Add([]byte("no tar"), []byte{})
	limits := Limits{Files: 20, Entries: 100, FileBytes: 1 << 16, TotalBytes: 1 << 18, DecompressedBytes: 1 << 20,
		Ratio: 200, PathBytes: 900, IndexBytes: 1 << 20}
	f.Fuzz(func(t *testing.T, lower, upper []byte) {
		run := NewClient(Options{TempDir: t.TempDir()}).Collect(Folder{Path: "/www"}, limits)
		run.Passed()
		var layers []v1.Layer
		for _, plain := range [][]byte{lower, upper} {
			layers = append(layers, &fixedDiffID{static.NewLayer(stored(t, plain), types.OCILayer)})
		}
		assets, err := run.Assets(t.Context(), imageOf(t, layers...))
		if err != nil {
			return
		}
		defer assets.Close()
		var total int64
		for _, file := range assets.Files {
			total += file.Size
			if !safe(file.Path) || file.Size > limits.FileBytes {
				t.Errorf("the asset %q of %d bytes is not safe", file.Path, file.Size)
			}
		}
		if total > limits.TotalBytes || len(assets.Files) > limits.Files {
			t.Errorf("%d files of %d bytes pass the limits", len(assets.Files), total)
		}
	})
}

// stored wraps content in gzip without compressing it.
func stored(t *testing.T, content []byte) []byte {
	t.Helper()
	var packed bytes.Buffer
	writer, err := gzip.NewWriterLevel(&packed, gzip.NoCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := writer.Write(content); err != nil {
		t.Fatal(err)
	}
	if err := writer.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes()
}
