package rootfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// apply reads a whole layer. A whiteout hides only what lower layers left, so names that this layer wrote are
// remembered and survive an opaque whiteout that comes after them.
func (t *Tree) apply(layer io.Reader) error {
	archive := tar.NewReader(layer)
	written := map[string]bool{}
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the layer's archive: %w", err)
		}
		if err := t.count(header); err != nil {
			return err
		}
		if err := t.entry(header, archive, written); err != nil {
			return fmt.Errorf("unpacking %q: %w", header.Name, err)
		}
	}
}

func (t *Tree) count(header *tar.Header) error {
	t.entries++
	t.bytes += header.Size
	if t.entries > MaxEntries {
		return fmt.Errorf("the image has more than %d entries", MaxEntries)
	}
	if t.bytes > MaxBytes {
		return fmt.Errorf("the image holds more than %d bytes", int64(MaxBytes))
	}
	return nil
}

func (t *Tree) entry(header *tar.Header, content io.Reader, written map[string]bool) error {
	name, err := clean(header.Name)
	if err != nil {
		return err
	}
	if name == "." {
		t.modes["."] = header.FileInfo().Mode().Perm()
		return nil
	}
	parent, err := t.resolve(path.Dir(name))
	if err != nil {
		return err
	}
	base := path.Base(name)
	if base == opaque {
		return t.hideAll(parent, written)
	}
	if hidden, ok := strings.CutPrefix(base, whiteout); ok {
		return t.hide(parent, hidden)
	}
	if err := t.parents(path.Join(parent, base)); err != nil {
		return err
	}
	target := path.Join(parent, base)
	remember(written, target)
	return t.write(header, content, target)
}

func remember(written map[string]bool, name string) {
	for ; name != "." && !written[name]; name = path.Dir(name) {
		written[name] = true
	}
}

// hide removes one name that a lower layer left.
func (t *Tree) hide(parent, name string) error {
	if name == "" || name == "." || name == ".." {
		return fmt.Errorf("a whiteout of %q", name)
	}
	if err := t.root.RemoveAll(path.Join(parent, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// hideAll removes whatever lower layers left in a folder.
func (t *Tree) hideAll(dir string, written map[string]bool) error {
	folder, err := t.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	names, err := folder.Readdirnames(-1)
	_ = folder.Close()
	if err != nil {
		return err
	}
	for _, name := range names {
		full := path.Join(dir, name)
		if !written[full] {
			if err := t.root.RemoveAll(full); err != nil {
				return err
			}
			continue
		}
		if info, err := t.root.Lstat(full); err == nil && info.IsDir() {
			if err := t.hideAll(full, written); err != nil {
				return err
			}
		}
	}
	return nil
}

// write makes one entry. Devices and pipes are left out: a function's /dev is not the image's.
func (t *Tree) write(header *tar.Header, content io.Reader, target string) error {
	mode := header.FileInfo().Mode().Perm()
	switch header.Typeflag {
	case tar.TypeDir:
		return t.writeDir(header, target, mode)
	case tar.TypeReg:
		return t.writeFile(header, content, target, mode)
	case tar.TypeSymlink:
		if err := t.root.RemoveAll(target); err != nil {
			return err
		}
		if err := t.root.Symlink(header.Linkname, target); err != nil {
			return err
		}
		return t.own(header, target)
	case tar.TypeLink:
		return t.writeLink(header, target)
	default:
		return nil
	}
}

func (t *Tree) writeDir(header *tar.Header, target string, mode os.FileMode) error {
	if info, err := t.root.Lstat(target); err == nil && !info.IsDir() {
		if err := t.root.RemoveAll(target); err != nil {
			return err
		}
	}
	if err := t.root.Mkdir(target, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	t.modes[target] = mode
	return t.own(header, target)
}

func (t *Tree) writeFile(header *tar.Header, content io.Reader, target string, mode os.FileMode) error {
	// A hard link to the old file must keep the old content, so the name is made anew.
	if err := t.root.RemoveAll(target); err != nil {
		return err
	}
	file, err := t.root.OpenFile(target, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := io.Copy(file, content); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Chmod(mode); err != nil {
		_ = file.Close()
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	return t.own(header, target)
}

func (t *Tree) writeLink(header *tar.Header, target string) error {
	source, err := clean(header.Linkname)
	if err != nil {
		return err
	}
	parent, err := t.resolve(path.Dir(source))
	if err != nil {
		return err
	}
	source = path.Join(parent, path.Base(source))
	if source == target {
		return nil
	}
	if err := t.root.RemoveAll(target); err != nil {
		return err
	}
	return t.root.Link(source, target)
}

// own gives the entry its owner where this process may.
func (t *Tree) own(header *tar.Header, target string) error {
	if !t.asRoot {
		return nil
	}
	return t.root.Lchown(target, header.Uid, header.Gid)
}
