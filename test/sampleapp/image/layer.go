package image

import (
	"archive/tar"
	"bytes"
	"io"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// entry is a file of a layer, or a folder when its mode says so.
type entry struct {
	path    string
	content []byte
	mode    os.FileMode
}

// systemEntries is the little that a static program expects of its system.
func systemEntries() []entry {
	entries := []entry{
		{path: "/tmp", mode: os.ModeDir | os.ModeSticky | 0o777},
		{path: "/etc/passwd", content: []byte("root:x:0:0:root:/root:/sbin/nologin\napp:x:65532:65532:app:/:/sbin/nologin\n"),
			mode: 0o644},
		{path: "/etc/group", content: []byte("root:x:0:\napp:x:65532:\n"), mode: 0o644},
		{path: "/etc/nsswitch.conf", content: []byte("hosts: files dns\n"), mode: 0o644},
	}
	const certificates = "/etc/ssl/certs/ca-certificates.crt"
	if content, err := os.ReadFile(certificates); err == nil {
		entries = append(entries, entry{path: certificates, content: content, mode: 0o644})
	}
	return entries
}

// layer packs entries, sorted by path and preceded by their folders, with fixed times and root as their owner.
func layer(entries []entry) (v1.Layer, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.path, b.path) })
	folders := map[string]bool{"/": true}
	for _, e := range entries {
		if err := addFolders(archive, folders, path.Dir(e.path)); err != nil {
			return nil, err
		}
		if err := add(archive, e); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(packed.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

func addFolders(archive *tar.Writer, known map[string]bool, folder string) error {
	if known[folder] {
		return nil
	}
	if err := addFolders(archive, known, path.Dir(folder)); err != nil {
		return err
	}
	known[folder] = true
	return add(archive, entry{path: folder, mode: os.ModeDir | 0o755})
}

func add(archive *tar.Writer, e entry) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(e.path, "/"), Size: int64(len(e.content)),
		Mode: int64(e.mode.Perm()), ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	}
	if e.mode.IsDir() {
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	}
	if e.mode&os.ModeSticky != 0 {
		header.Mode |= 0o1000
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(e.content)
	return err
}
