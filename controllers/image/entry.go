package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

var errSpool = errors.New("keeping an asset")

// entry looks at one entry of the layer being read.
func (c *collector) entry(header *tar.Header, content io.Reader) error {
	name, err := entryPath(header.Name)
	if err != nil {
		return refuse(ErrAssets, "the entry %q is not safe to unpack: %v", bounded(header.Name), err)
	}
	if strings.HasPrefix(path.Base(name), whiteoutPrefix) {
		return c.whiteout(name)
	}
	folder := header.Typeflag == tar.TypeDir
	switch {
	case c.overlay.below(name):
		return c.below(name, header, content)
	case !c.overlay.onTheWay(name) || c.hides(name, folder):
		return nil
	case header.Typeflag == tar.TypeSymlink:
		return refuse(ErrAssets, "/%s is a symbolic link to %q; name the real folder", bounded(name),
			bounded(header.Linkname))
	}
	return c.note(name, folder)
}

// hides reports whether a layer above hides an entry of this one. What this layer shows then depends on those above it.
// A file that a folder above took the place of had itself taken the place of a folder below, so that one stays hidden.
func (c *collector) hides(name string, folder bool) bool {
	if !c.overlay.hidden(name, folder) {
		return false
	}
	c.hid = true
	if !folder && c.overlay.folders[name] {
		c.overlay.conceal(name)
	}
	return true
}

// note tells the overlay of an entry.
func (c *collector) note(name string, folder bool) error {
	if err := c.bound(); err != nil {
		return err
	}
	c.overlay.saw(name, folder)
	return nil
}

// bound counts what the overlay keeps.
func (c *collector) bound() error {
	if c.noted++; c.noted > 4*c.limits.Files {
		return overLimit(ErrAssets, "there are more than %d files, folders and removed files", 4*c.limits.Files)
	}
	return nil
}

func (c *collector) whiteout(name string) error {
	base := path.Base(name)
	folder := parent(name)
	var target string
	switch {
	case base == opaqueMarker:
		target = folder
	case strings.HasPrefix(base, whiteoutMeta):
		return nil
	default:
		target = path.Join(folder, strings.TrimPrefix(base, whiteoutPrefix))
		if removed := strings.TrimPrefix(base, whiteoutPrefix); removed == "" || removed == "." || removed == ".." {
			return refuse(ErrAssets, "the entry %q removes nothing that has a name", bounded(name))
		}
	}
	if !c.overlay.below(target) && !c.overlay.onTheWay(target) {
		return nil
	}
	if err := c.bound(); err != nil {
		return err
	}
	if base == opaqueMarker {
		c.overlay.conceal(target)
		return nil
	}
	c.overlay.remove(target)
	return nil
}

// below takes an entry below the root: a folder, a file to keep, or something to refuse. What a layer above hides is
// not judged, for nobody will ever see it.
func (c *collector) below(name string, header *tar.Header, content io.Reader) error {
	folder := header.Typeflag == tar.TypeDir
	if c.hides(name, folder) {
		return nil
	}
	relative := strings.TrimPrefix(strings.TrimPrefix(name, c.overlay.root), "/")
	if err := c.acceptable(relative, header); err != nil {
		return err
	}
	if err := c.note(name, folder); err != nil || folder {
		return err
	}
	if c.inLayer[name] {
		return refuse(ErrAssets, "%q is there twice; build the image again", bounded(relative))
	}
	c.inLayer[name] = true
	return c.keep(relative, header.Size, content)
}

func (c *collector) acceptable(relative string, header *tar.Header) error {
	if err := checkName(relative); err != nil {
		return refuse(ErrAssets, "the name %q cannot be published: %v; rename it", bounded(relative), err)
	}
	if len(relative) > c.limits.PathBytes {
		return overLimit(ErrAssets, "the path %q is longer than %d bytes", bounded(relative), c.limits.PathBytes)
	}
	if relative == function.AssetsMarker {
		return refuse(ErrAssets, "the name %q is reserved; rename it", relative)
	}
	switch header.Typeflag {
	case tar.TypeReg, tar.TypeDir:
		return nil
	case tar.TypeSymlink:
		return refuse(ErrAssets, "%q is a symbolic link to %q; put the file itself there", bounded(relative),
			bounded(header.Linkname))
	case tar.TypeLink:
		return refuse(ErrAssets, "%q is a hard link to %q; put a copy there", bounded(relative), bounded(header.Linkname))
	}
	return refuse(ErrAssets, "%q is a device, a pipe or something else that is no file", bounded(relative))
}

// keep copies a file to the temporary file and notes it.
func (c *collector) keep(relative string, size int64, content io.Reader) error {
	if len(c.files) >= c.limits.Files {
		return overLimit(ErrAssets, "there are more than %d files", c.limits.Files)
	}
	if size > c.limits.FileBytes {
		return overLimit(ErrAssets, "%q is larger than %d bytes", bounded(relative), c.limits.FileBytes)
	}
	if c.bytes+size > c.limits.TotalBytes {
		return overLimit(ErrAssets, "the files are together larger than %d bytes", c.limits.TotalBytes)
	}
	sum := sha256.New()
	written := &spoolWriter{c.content}
	copied, err := io.Copy(io.MultiWriter(written, sum), content)
	if err != nil {
		return err
	}
	c.files = append(c.files, Asset{
		Path: relative, Size: copied, SHA256: hex.EncodeToString(sum.Sum(nil)), ContentType: ContentType(relative),
		offset: c.bytes,
	})
	c.bytes += copied
	return nil
}

// spoolWriter marks the errors of the temporary file, a full disk for instance, which are no fault of the image.
type spoolWriter struct{ io.Writer }

func (w *spoolWriter) Write(content []byte) (int, error) {
	n, err := w.Writer.Write(content)
	if err != nil {
		return n, fmt.Errorf("%w: %w", errSpool, err)
	}
	return n, nil
}
