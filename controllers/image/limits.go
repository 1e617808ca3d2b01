package image

import (
	"fmt"
	"io"
)

// Limits bound what the layers of an image may ask of the operator.
type Limits struct {
	// Files is the number of assets; Entries the number of all entries of all layers, the unwanted included.
	Files, Entries int
	// FileBytes bounds one asset, TotalBytes all of them, DecompressedBytes all layers that are read.
	FileBytes, TotalBytes, DecompressedBytes int64
	// IndexBytes bounds the memory for the names of files, folders and removed files, of all layers.
	IndexBytes int64
	// Ratio bounds how many times larger than compressed a layer may become, beyond its first 64 MiB.
	Ratio int64
	// PathBytes bounds the path of an asset; S3's 1,024 bytes must hold the prefix of the build too.
	PathBytes int
}

// DefaultLimits fit any web application that Lambda could run.
func DefaultLimits() Limits {
	return Limits{
		Files: 100_000, Entries: 1_000_000,
		FileBytes: 512 << 20, TotalBytes: 4 << 30, DecompressedBytes: maxImageBytes,
		IndexBytes: 96 << 20, Ratio: 200, PathBytes: 900,
	}
}

const freeOfRatio = 64 << 20

// fit refuses more files, or bytes of files together, than an image may bring.
func (l Limits) fit(files int, bytes int64) error {
	switch {
	case files > l.Files:
		return &failure{kinds: []error{ErrAssets, ErrLimit, ErrQuota},
			message: fmt.Sprintf("there are more than %d files", l.Files)}
	case bytes > l.TotalBytes:
		return &failure{kinds: []error{ErrAssets, ErrLimit, ErrQuota},
			message: fmt.Sprintf("the files are together larger than %d bytes", l.TotalBytes)}
	default:
		return nil
	}
}

func tooManyNames(l Limits) error {
	return overLimit(ErrAssets, "the names of files, folders and removed files are too many: they take more than %d "+
		"bytes of memory", l.IndexBytes)
}

// spent is what the layers that were taken have come to: entries, decompressed bytes and memory of all of them, and
// the visible files with their bytes.
type spent struct {
	entries, files             int
	decompressed, index, bytes int64
}

// meter counts the bytes that a layer becomes, beside those of the layers before it, and stops it beyond the limits.
type meter struct {
	inner  io.Reader
	most   int64
	before int64
	layer  int64
	limits Limits
}

func newMeter(inner io.Reader, compressed, before int64, limits Limits) *meter {
	return &meter{inner: inner, most: max(freeOfRatio, compressed*limits.Ratio), before: before, limits: limits}
}

func (m *meter) Read(into []byte) (int, error) {
	n, err := m.inner.Read(into)
	m.layer += int64(n)
	if m.layer > m.most {
		return 0, overLimit(ErrAssets, "it becomes more than %d times larger when it is decompressed", m.limits.Ratio)
	}
	if m.before+m.layer > m.limits.DecompressedBytes {
		return 0, overLimit(ErrAssets, "the layers become larger than %d bytes when they are decompressed",
			m.limits.DecompressedBytes)
	}
	return n, err
}
