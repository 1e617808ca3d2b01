package image

import (
	"io"
)

// Limits bound what the layers of an image may ask of the operator.
type Limits struct {
	// Files is the number of assets; Entries the number of all entries of all layers, the unwanted included.
	Files, Entries int
	// FileBytes bounds one asset, TotalBytes all of them, DecompressedBytes all layers that are read.
	FileBytes, TotalBytes, DecompressedBytes int64
	// Ratio bounds how many times larger than compressed a layer may become, beyond its first 64 MiB.
	Ratio int64
	// PathBytes bounds the path of an asset; S3's 1,024 bytes must hold the prefix of the build too.
	PathBytes int
}

// DefaultLimits fit any web application that Lambda could run.
func DefaultLimits() Limits {
	return Limits{
		Files: 20_000, Entries: 1_000_000,
		FileBytes: 512 << 20, TotalBytes: 4 << 30, DecompressedBytes: maxImageBytes,
		Ratio: 200, PathBytes: 900,
	}
}

const freeOfRatio = 64 << 20

// meter counts the bytes that a layer becomes and stops it beyond the limits.
type meter struct {
	inner  io.Reader
	layer  int64
	most   int64
	total  *int64
	limits Limits
}

func newMeter(inner io.Reader, compressed int64, total *int64, limits Limits) *meter {
	return &meter{inner: inner, most: max(freeOfRatio, compressed*limits.Ratio), total: total, limits: limits}
}

func (m *meter) Read(into []byte) (int, error) {
	n, err := m.inner.Read(into)
	m.layer += int64(n)
	*m.total += int64(n)
	if m.layer > m.most {
		return 0, overLimit(ErrAssets, "it becomes more than %d times larger when it is decompressed", m.limits.Ratio)
	}
	if *m.total > m.limits.DecompressedBytes {
		return 0, overLimit(ErrAssets, "the layers become larger than %d bytes when they are decompressed",
			m.limits.DecompressedBytes)
	}
	return n, err
}
