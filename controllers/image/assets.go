package image

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Asset is a regular file of an image below the assets path.
type Asset struct {
	// Path is relative to the assets path, with slashes: "css/site.css".
	Path string
	// Size is in bytes.
	Size int64
	// SHA256 is of the content, in hexadecimal.
	SHA256 string
	// ContentType follows from the ending of the path.
	ContentType string

	offset int64
}

// Assets are the files of an image below a path. Their content lies in a temporary file that has no name any more, so
// that memory stays small and every layer is downloaded once.
type Assets struct {
	// Files are in the order of their paths.
	Files []Asset

	content *os.File
}

// Open returns the content of an asset. It may be read by several at once, and again, until Close.
func (a *Assets) Open(asset Asset) *io.SectionReader {
	return io.NewSectionReader(a.content, asset.offset, asset.Size)
}

// Digest identifies the paths and contents together, "sha256:...".
func (a *Assets) Digest() string {
	sum := sha256.New()
	for _, file := range a.Files {
		fmt.Fprintf(sum, "%s %d %s\n", file.SHA256, file.Size, file.Path)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// Close gives the temporary file back.
func (a *Assets) Close() error { return a.content.Close() }

// Assets collects the regular files that an image shows below an absolute path, as a container of it would see them:
// upper layers first, whiteouts and opaque folders respected. Layers that cannot contribute are not downloaded. The
// caller closes what it gets.
//
// Errors: ErrAssets, and with it ErrLimit where a bound was passed, for names and kinds of files that cannot be
// published; ErrUnsupported for a layer that is no gzip tar; those of Resolve; any other is transient.
func (c *Client) Assets(ctx context.Context, image v1.Image, path string, limits Limits) (*Assets, error) {
	assets, err := c.assets(ctx, image, path, limits)
	return assets, classify(err, "collecting the assets in "+bounded(path))
}

func (c *Client) assets(ctx context.Context, image v1.Image, path string, limits Limits) (*Assets, error) {
	root, err := rootOf(path)
	if err != nil {
		return nil, err
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, fmt.Errorf("reading the layers: %w", err)
	}
	content, err := spool(c.options.TempDir)
	if err != nil {
		return nil, err
	}
	run := &collector{limits: limits, overlay: newOverlay(root), barren: c.barren, content: content}
	if err := run.collect(ctx, layers); err != nil {
		return nil, errors.Join(err, content.Close())
	}
	return &Assets{Files: run.files, content: content}, nil
}

// spool makes a temporary file that disappears with its last handle, even when the process is killed.
func spool(dir string) (*os.File, error) {
	file, err := os.CreateTemp(dir, "aloft-assets-")
	if err != nil {
		return nil, fmt.Errorf("making room for the assets: %w", err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return nil, errors.Join(fmt.Errorf("making room for the assets: %w", err), file.Close())
	}
	return file, nil
}

// finish puts the files in order and refuses those that are one file where case does not count, and a file that is a
// folder too.
func (c *collector) finish() error {
	if len(c.files) == 0 {
		return refuse(ErrAssets, "the image has no files there; is it the folder that the build puts the assets in?")
	}
	slices.SortFunc(c.files, func(a, b Asset) int { return strings.Compare(a.Path, b.Path) })
	seen := make(map[string]string, len(c.files))
	for _, file := range c.files {
		folded := fold(file.Path)
		if other, taken := seen[folded]; taken {
			return refuse(ErrAssets, "%q and %q differ by case alone; rename one", bounded(other), bounded(file.Path))
		}
		seen[folded] = file.Path
	}
	for _, file := range c.files {
		for folder := parent(file.Path); folder != ""; folder = parent(folder) {
			if _, taken := seen[fold(folder)]; taken {
				return refuse(ErrAssets, "%q is a file and a folder; rename one", bounded(folder))
			}
		}
	}
	return nil
}
