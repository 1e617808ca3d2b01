package rootfs

import (
	"archive/tar"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

const (
	whiteout = ".wh."
	opaque   = ".wh..wh..opq"
)

// A whiteout hides only what lower layers left, so names that a layer wrote are remembered while it is applied, and
// survive an opaque whiteout that comes after them.

// count adds up what an image or a layer holds.
type count struct {
	bytes   int64
	entries int
}

func (c *count) add(header *tar.Header) error {
	c.entries++
	c.bytes += header.Size
	if c.entries > MaxEntries {
		return fmt.Errorf("the image has more than %d entries", MaxEntries)
	}
	if c.bytes > MaxBytes {
		return fmt.Errorf("the image holds more than %d bytes", int64(MaxBytes))
	}
	return nil
}

func (t *Tree) entry(e entry, written map[string]bool) error {
	header := e.header
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
	return t.write(e, target)
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
func (t *Tree) write(e entry, target string) error {
	header := e.header
	switch header.Typeflag {
	case tar.TypeDir:
		return t.writeDir(header, target, header.FileInfo().Mode().Perm())
	case tar.TypeReg:
		return t.writeFile(e.content, target)
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

// writeFile links the layer's file. The parents of target are folders of the image: they were resolved.
func (t *Tree) writeFile(content, target string) error {
	// A hard link to the old file must keep the old content, so the name is made anew.
	if err := t.root.RemoveAll(target); err != nil {
		return err
	}
	return os.Link(content, filepath.Join(t.dir, filepath.FromSlash(target)))
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
