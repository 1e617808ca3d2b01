package image

import (
	"bufio"
	"fmt"
	"io"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Progress counts what goes over the wire. It may be read while an image is sent.
type Progress struct {
	// Layers that were begun, of how many that the image has.
	Layers, Of atomic.Int64
	// Bytes that were sent, configuration included, of how many that the layers have.
	Bytes, BytesOf atomic.Int64
}

// sentLayer counts a layer's bytes while it is sent and looks at its first ones. It also hides from the registry
// library which repository a layer came from, which else would be told to the target.
type sentLayer struct {
	v1.Layer
	// number counts layers from 1; 0 is the configuration, which is JSON.
	number int
	counts *Progress
	// seen reads the layer too, as it passes; nil where nobody does.
	seen   func(io.ReadCloser) io.ReadCloser
	opened atomic.Bool
}

// Compressed opens the layer to be sent.
func (l *sentLayer) Compressed() (io.ReadCloser, error) {
	content, err := l.Layer.Compressed()
	if err != nil {
		return nil, fmt.Errorf("%w: reading layer %d: %w", ErrSource, l.number, err)
	}
	buffered := bufio.NewReaderSize(content, 32<<10)
	if l.number > 0 {
		if err := gzipMagic(buffered, l.number); err != nil {
			content.Close()
			return nil, err
		}
		if l.opened.CompareAndSwap(false, true) {
			l.counts.Layers.Add(1)
		}
	}
	var body io.ReadCloser = &sentBody{Reader: buffered, Closer: content, counts: l.counts}
	if l.seen != nil {
		body = l.seen(body)
	}
	return body, nil
}

// gzipMagic refuses what is called gzip and is not: Lambda takes such an image and fails it later, as InvalidImage.
func gzipMagic(content *bufio.Reader, number int) error {
	magic, err := content.Peek(2)
	if err != nil && err != io.EOF {
		return fmt.Errorf("%w: reading layer %d: %w", ErrSource, number, err)
	}
	if len(magic) < 2 || magic[0] != 0x1f || magic[1] != 0x8b {
		return refuse(ErrUnsupported,
			"layer %d is not compressed with gzip, though its media type says so; build the image again with gzip", number)
	}
	return nil
}

type sentBody struct {
	io.Reader
	io.Closer
	counts *Progress
}

func (b *sentBody) Read(into []byte) (int, error) {
	n, err := b.Reader.Read(into)
	b.counts.Bytes.Add(int64(n))
	if err != nil && err != io.EOF {
		err = fmt.Errorf("%w: %w", ErrSource, err)
	}
	return n, err
}
