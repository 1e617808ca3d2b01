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

// Entry is a file of a layer, a folder when its mode says so, or a symbolic link when it has a target.
type Entry struct {
	Path    string
	Content []byte
	Mode    os.FileMode
	Link    string
}

// systemEntries is the little that a static program expects of its system.
func systemEntries() []Entry {
	entries := []Entry{
		{Path: "/tmp", Mode: os.ModeDir | os.ModeSticky | 0o777},
		{Path: "/etc/passwd", Content: []byte("root:x:0:0:root:/root:/sbin/nologin\napp:x:65532:65532:app:/:/sbin/nologin\n"),
			Mode: 0o644},
		{Path: "/etc/group", Content: []byte("root:x:0:\napp:x:65532:\n"), Mode: 0o644},
		{Path: "/etc/nsswitch.conf", Content: []byte("hosts: files dns\n"), Mode: 0o644},
	}
	const certificates = "/etc/ssl/certs/ca-certificates.crt"
	if content, err := os.ReadFile(certificates); err == nil {
		entries = append(entries, Entry{Path: certificates, Content: content, Mode: 0o644})
	}
	return entries
}

// Layer packs entries, sorted by path and preceded by their folders, with fixed times and root as their owner.
func Layer(entries []Entry) (v1.Layer, error) {
	var packed bytes.Buffer
	archive := tar.NewWriter(&packed)
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Path, b.Path) })
	folders := map[string]bool{"/": true}
	for _, e := range entries {
		if err := addFolders(archive, folders, path.Dir(e.Path)); err != nil {
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
	return add(archive, Entry{Path: folder, Mode: os.ModeDir | 0o755})
}

func add(archive *tar.Writer, e Entry) error {
	header := &tar.Header{
		Typeflag: tar.TypeReg, Name: strings.TrimPrefix(e.Path, "/"), Size: int64(len(e.Content)),
		Mode: int64(e.Mode.Perm()), ModTime: time.Unix(0, 0), Format: tar.FormatPAX,
	}
	switch {
	case e.Link != "":
		header.Typeflag, header.Linkname, header.Mode = tar.TypeSymlink, e.Link, 0o777
	case e.Mode.IsDir():
		header.Typeflag, header.Name = tar.TypeDir, header.Name+"/"
	}
	if e.Mode&os.ModeSticky != 0 {
		header.Mode |= 0o1000
	}
	if err := archive.WriteHeader(header); err != nil {
		return err
	}
	_, err := archive.Write(e.Content)
	return err
}
