package rootfs

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"io"
)

// decompress opens a gzip layer. Lambda takes no other compression: a zstd or plain layer passes CreateFunction
// and makes the function Failed with InvalidImage later (bazel-contrib/rules_oci#777).
func decompress(compressed io.Reader) (io.ReadCloser, error) {
	buffered := bufio.NewReaderSize(compressed, 64<<10)
	magic, err := buffered.Peek(2)
	if err != nil {
		return nil, fmt.Errorf("reading the layer: %w", err)
	}
	if magic[0] != 0x1f || magic[1] != 0x8b {
		return nil, ErrUnsupportedLayer
	}
	plain, err := gzip.NewReader(buffered)
	if err != nil {
		return nil, fmt.Errorf("opening the layer: %w", err)
	}
	return plain, nil
}
