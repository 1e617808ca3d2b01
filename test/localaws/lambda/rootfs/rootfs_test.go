package rootfs

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

type file struct {
	name, link, body string
	kind             byte
}

func layer(t *testing.T, files ...file) ([]byte, string) {
	t.Helper()
	var plain bytes.Buffer
	archive := tar.NewWriter(&plain)
	for _, f := range files {
		if f.kind == 0 {
			f.kind = tar.TypeReg
		}
		mode := int64(0o644)
		if f.kind == tar.TypeDir {
			mode = 0o755
		}
		header := &tar.Header{Name: f.name, Linkname: f.link, Typeflag: f.kind, Mode: mode, Size: int64(len(f.body))}
		if err := archive.WriteHeader(header); err != nil {
			t.Fatal(err)
		}
		if _, err := archive.Write([]byte(f.body)); err != nil {
			t.Fatal(err)
		}
	}
	if err := archive.Close(); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(plain.Bytes())
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	if _, err := zip.Write(plain.Bytes()); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	return packed.Bytes(), "sha256:" + hex.EncodeToString(sum[:])
}

func unpack(t *testing.T, layers ...[]file) (string, error) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "root")
	tree, err := Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range layers {
		packed, diffID := layer(t, files...)
		unpacked, err := Unpack(filepath.Join(t.TempDir(), "layer"), bytes.NewReader(packed), diffID)
		if err != nil {
			return dir, err
		}
		if err := tree.Apply(unpacked); err != nil {
			return dir, err
		}
	}
	return dir, tree.Finish()
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	got := map[string]string{}
	err := filepath.WalkDir(dir, func(name string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		relative, _ := filepath.Rel(dir, name)
		if relative == "etc/resolv.conf" {
			return nil
		}
		body, err := os.ReadFile(name)
		got[relative] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func TestLayersAreAppliedAsTheImageSpecificationSays(t *testing.T) {
	for name, tc := range map[string]struct {
		reason string
		layers [][]file
		want   map[string]string
	}{
		"upper wins": {
			reason: "a later layer replaces a file",
			layers: [][]file{{{name: "a", body: "1"}}, {{name: "a", body: "2"}}},
			want:   map[string]string{"a": "2"},
		},
		"whiteout": {
			reason: "a whiteout hides a name of a lower layer",
			layers: [][]file{{{name: "d/a", body: "1"}, {name: "d/b", body: "2"}}, {{name: "d/.wh.a"}}},
			want:   map[string]string{"d/b": "2"},
		},
		"whiteout of a folder": {
			reason: "a whiteout hides the whole folder",
			layers: [][]file{{{name: "d/e/a", body: "1"}}, {{name: ".wh.d"}}},
			want:   map[string]string{},
		},
		"opaque after its siblings": {
			reason: "an opaque whiteout hides lower layers only, wherever it stands in its own layer",
			layers: [][]file{{{name: "d/a", body: "1"}}, {{name: "d/b", body: "2"}, {name: "d/.wh..wh..opq"}}},
			want:   map[string]string{"d/b": "2"},
		},
		"hard link": {
			reason: "a hard link names a file of the image",
			layers: [][]file{{{name: "a", body: "1"}, {name: "b", link: "a", kind: tar.TypeLink}}},
			want:   map[string]string{"a": "1", "b": "1"},
		},
		"replacing one name of a hard link": {
			reason: "the other name keeps its content",
			layers: [][]file{{{name: "a", body: "1"}, {name: "b", link: "a", kind: tar.TypeLink}}, {{name: "a", body: "2"}}},
			want:   map[string]string{"a": "2", "b": "1"},
		},
		"absolute symbolic link to a folder": {
			reason: "an absolute link starts at the image's root, not at the host's",
			layers: [][]file{{{name: "run", kind: tar.TypeDir}, {name: "var/run", link: "/run", kind: tar.TypeSymlink}},
				{{name: "var/run/x", body: "1"}}},
			want: map[string]string{"run/x": "1"},
		},
		"file becomes folder": {
			reason: "a later layer wins over the kind too",
			layers: [][]file{{{name: "a", body: "1"}}, {{name: "a", kind: tar.TypeDir}, {name: "a/b", body: "2"}}},
			want:   map[string]string{"a/b": "2"},
		},
		"leading slash and dot": {
			reason: "archives name entries in several ways",
			layers: [][]file{{{name: "./a", body: "1"}, {name: "/b", body: "2"}}},
			want:   map[string]string{"a": "1", "b": "2"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, err := unpack(t, tc.layers...)
			if err != nil {
				t.Fatalf("%s: %v", tc.reason, err)
			}
			if diff := cmp.Diff(tc.want, contents(t, dir)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.reason, diff)
			}
		})
	}
}

func TestNothingIsWrittenOutsideTheImage(t *testing.T) {
	outside := t.TempDir()
	for name, files := range map[string][]file{
		"parent in the name":       {{name: "../evil", body: "x"}},
		"parent in a hard link":    {{name: "b", link: "../../etc/passwd", kind: tar.TypeLink}},
		"through an absolute link": {{name: "out", link: outside, kind: tar.TypeSymlink}, {name: "out/evil", body: "x"}},
		"through a climbing link": {{name: "up", link: "../../../../../../../" + outside, kind: tar.TypeSymlink},
			{name: "up/evil", body: "x"}},
		"hard link through a link": {{name: "out", link: outside, kind: tar.TypeSymlink},
			{name: "h", link: "out/secret", kind: tar.TypeLink}},
		"whiteout through a link":    {{name: "out", link: outside, kind: tar.TypeSymlink}, {name: "out/.wh.secret"}},
		"whiteout of the parent":     {{name: "d/.wh..."}},
		"opaque whiteout via a link": {{name: "out", link: outside, kind: tar.TypeSymlink}, {name: "out/.wh..wh..opq"}},
	} {
		t.Run(name, func(t *testing.T) {
			secret := filepath.Join(outside, "secret")
			if err := os.WriteFile(secret, []byte("kept"), 0o600); err != nil {
				t.Fatal(err)
			}
			dir, _ := unpack(t, files)
			entries, err := os.ReadDir(outside)
			if err != nil || len(entries) != 1 {
				t.Errorf("the folder outside holds %v (%v), want the one secret", entries, err)
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(dir), "evil")); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("a file was written beside the image: %v", err)
			}
		})
	}
}

func TestALayerThatIsNotWhatItShouldBeIsRefusedAndLeavesNothing(t *testing.T) {
	packed, _ := layer(t, file{name: "a", body: "1"})
	for why, row := range map[string]struct {
		content []byte
		want    error
	}{
		"compressed by zstd": {[]byte{0x28, 0xb5, 0x2f, 0xfd, 0}, ErrUnsupportedLayer},
		"another diff_id":    {packed, ErrDiffID},
	} {
		dir := filepath.Join(t.TempDir(), "layer")
		if _, err := Unpack(dir, bytes.NewReader(row.content), "sha256:other"); !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", why, err, row.want)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the layer's folder is left: %v", why, err)
		}
	}
}

func TestImagesShareTheFilesOfALayer(t *testing.T) {
	packed, diffID := layer(t, file{name: "base", body: "base"}, file{name: "changed", body: "old"})
	base, err := Unpack(filepath.Join(t.TempDir(), "layer"), bytes.NewReader(packed), diffID)
	if err != nil {
		t.Fatal(err)
	}
	packed, diffID = layer(t, file{name: "changed", body: "new"}, file{name: "link", link: "base", kind: tar.TypeLink})
	top, err := Unpack(filepath.Join(t.TempDir(), "layer"), bytes.NewReader(packed), diffID)
	if err != nil {
		t.Fatal(err)
	}
	var images [2]string
	for i, layers := range [][]*Layer{{base}, {base, top}} {
		images[i] = filepath.Join(t.TempDir(), "root")
		tree, err := Create(images[i])
		if err != nil {
			t.Fatal(err)
		}
		for _, l := range layers {
			if err := tree.Apply(l); err != nil {
				t.Fatal(err)
			}
		}
		if err := tree.Finish(); err != nil {
			t.Fatal(err)
		}
	}
	want := map[string]string{"base": "base", "changed": "old"}
	if diff := cmp.Diff(want, contents(t, images[0])); diff != "" {
		t.Errorf("the image of the layer alone (-want +got):\n%s", diff)
	}
	want = map[string]string{"base": "base", "changed": "new", "link": "base"}
	if diff := cmp.Diff(want, contents(t, images[1])); diff != "" {
		t.Errorf("the image with a layer above (-want +got):\n%s", diff)
	}
	one, err := os.Stat(filepath.Join(images[0], "base"))
	if err != nil {
		t.Fatal(err)
	}
	other, err := os.Stat(filepath.Join(images[1], "base"))
	if err != nil || !os.SameFile(one, other) {
		t.Errorf("the file is there twice: %v", err)
	}
}
