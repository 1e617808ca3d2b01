// Package rootfs turns the layers of a container image into a folder that a function environment uses as its root.
//
// It encodes what an image unpacker must hold to (OCI image specification, "Applying Changesets"): whiteouts
// hide what lower layers left, opaque whiteouts hide whole folders, hard links point inside the image, symbolic
// links are followed inside the image only, and nothing is ever written outside the folder.
package rootfs

import (
	"errors"
	"fmt"
	"os"
	"path"
)

// Limits of one image; Lambda accepts at most 10 GB uncompressed (AWS Lambda Developer Guide, images-create).
const (
	// MaxBytes is the most that all files of an image may hold, in bytes.
	MaxBytes = 10 << 30
	// MaxEntries is the most entries that all layers together may hold.
	MaxEntries = 2_000_000
)

// ErrUnsupportedLayer says that a layer is not a gzip-compressed tar archive, the only form Lambda takes.
var ErrUnsupportedLayer = errors.New("ImageLayerFailure: UnsupportedImageLayerDetected")

// ErrDiffID says that the uncompressed layer is not what the image's configuration names.
var ErrDiffID = errors.New("ImageLayerFailure: the layer differs from its diff_id")

// Tree is a folder that layers are applied to, lowest first.
type Tree struct {
	dir    string
	root   *os.Root
	modes  map[string]os.FileMode
	size   count
	asRoot bool
}

// Create makes the folder and opens it for layers. Close it with Finish.
func Create(dir string) (*Tree, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("making the image's folder: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the image's folder: %w", err)
	}
	return &Tree{dir: dir, root: root, modes: map[string]os.FileMode{}, asRoot: os.Geteuid() == 0}, nil
}

// Apply puts a layer over what is there. Its files are links to the layer's own.
func (t *Tree) Apply(layer *Layer) error {
	written := map[string]bool{}
	for _, e := range layer.entries {
		if err := t.size.add(e.header); err != nil {
			return err
		}
		if err := t.entry(e, written); err != nil {
			return fmt.Errorf("unpacking %q: %w", e.header.Name, err)
		}
	}
	return nil
}

// mountPoints are what an environment mounts over; the read-only image must already have them.
var mountPoints = []string{"dev", "proc", "tmp"}

// Finish adds the mount points, sets the folders' final modes and closes the tree.
func (t *Tree) Finish() error {
	defer t.root.Close()
	for _, name := range mountPoints {
		if err := t.ensureDir(name); err != nil {
			return err
		}
	}
	if err := t.ensureFile("etc/resolv.conf"); err != nil {
		return err
	}
	return t.setModes()
}

// ensureFile makes an empty file that the host's own is bound over.
func (t *Tree) ensureFile(name string) error {
	resolved, err := t.resolve(name)
	if err != nil {
		return err
	}
	if err := t.parents(resolved); err != nil {
		return err
	}
	if _, err := t.root.Lstat(resolved); err == nil {
		return nil
	}
	file, err := t.root.OpenFile(resolved, os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("making %s: %w", name, err)
	}
	return file.Close()
}

// setModes gives folders their own mode last: an unprivileged unpacker could not write into a read-only one.
func (t *Tree) setModes() error {
	for name, mode := range t.modes {
		info, err := t.root.Lstat(name)
		if err != nil || !info.IsDir() {
			continue
		}
		if err := t.root.Chmod(name, mode); err != nil {
			return fmt.Errorf("setting the mode of %s: %w", path.Base(name), err)
		}
	}
	return nil
}
