package image

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"
)

// Asset is a file of an image below the assets path.
type Asset struct {
	// Path is relative to the assets path, with slashes: "css/site.css".
	Path string
	// Size is in bytes.
	Size int64
	// SHA256 is of the content, in hexadecimal.
	SHA256 string
	// ContentType follows from the ending of the path.
	ContentType string

	content content
}

// Assets are the files of an image below a path. Their content lies in temporary files that have no name any more, so
// that memory stays small.
type Assets struct {
	// Files are in the order of their paths.
	Files []Asset
	// LeftOut says of what lies in the folder and is not published why not, a sentence each.
	LeftOut []string

	of *Collection
}

// Open returns the content of an asset. It may be read by several at once, and again, until Close.
func (a *Assets) Open(asset Asset) *io.SectionReader {
	return io.NewSectionReader(asset.content.spool.file, asset.content.offset, asset.Size)
}

// Digest identifies the paths and contents together, "sha256:...".
func (a *Assets) Digest() string {
	sum := sha256.New()
	for _, file := range a.Files {
		fmt.Fprintf(sum, "%s %d %s\n", file.SHA256, file.Size, file.Path)
	}
	return "sha256:" + hex.EncodeToString(sum.Sum(nil))
}

// Close gives memory and disk back.
func (a *Assets) Close() error { return a.of.close() }

// Has says that a path is among the assets.
func (a *Assets) Has(path string) bool {
	_, found := slices.BinarySearchFunc(a.Files, path, func(file Asset, path string) int {
		return strings.Compare(file.Path, path)
	})
	return found
}
