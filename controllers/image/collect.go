package image

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// collector is one run of Assets.
type collector struct {
	limits  Limits
	overlay *overlay
	barren  *barrenLayers
	content *os.File

	files   []Asset
	inLayer map[string]bool
	// hid says that a layer above hid something of the layer being read.
	hid          bool
	noted        int
	entries      int
	bytes        int64
	decompressed int64
}

func (c *collector) collect(ctx context.Context, layers []v1.Layer) error {
	for i := len(layers) - 1; i >= 0 && !c.overlay.covered(); i-- {
		if err := c.layer(ctx, layers[i]); err != nil {
			return inLayer(i+1, err)
		}
	}
	return c.finish()
}

// inLayer adds the number of the layer to a message, and keeps its kind.
func inLayer(number int, err error) error {
	if known, ok := errors.AsType[*failure](err); ok {
		return &failure{kinds: known.kinds, message: fmt.Sprintf("layer %d: %s", number, known.message)}
	}
	return fmt.Errorf("reading layer %d: %w", number, err)
}

func (c *collector) layer(ctx context.Context, layer v1.Layer) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	folders, barren := c.barren.folders(digest.String(), c.overlay.root)
	for _, folder := range folders {
		c.overlay.saw(folder, true)
	}
	if !barren {
		c.hid = false
		if err := c.read(ctx, layer); err != nil {
			return err
		}
		if folders, only := c.overlay.pendingFolders(); only && !c.hid && len(folders) <= maxPathDepth {
			c.barren.add(digest.String(), c.overlay.root, folders)
		}
	}
	c.overlay.endLayer()
	return nil
}

func (c *collector) read(ctx context.Context, layer v1.Layer) error {
	size, err := layer.Size()
	if err != nil {
		return err
	}
	compressed, err := layer.Compressed()
	if err != nil {
		return err
	}
	defer compressed.Close()
	source := &remembering{Reader: compressed}
	plain, err := gzip.NewReader(bufio.NewReaderSize(source, 64<<10))
	if err == nil {
		metered := newMeter(plain, size, &c.decompressed, c.limits)
		if err = c.archive(ctx, tar.NewReader(metered)); err == nil {
			// The layer's digest is only verified once its last byte was read.
			_, err = io.Copy(io.Discard, metered)
		}
	}
	return source.blame(err)
}

// remembering tells a registry that failed from a layer that is broken.
type remembering struct {
	io.Reader
	failed error
}

func (r *remembering) Read(into []byte) (int, error) {
	n, err := r.Reader.Read(into)
	if err != nil && err != io.EOF {
		r.failed = err
	}
	return n, err
}

func (r *remembering) blame(err error) error {
	var known *failure
	switch {
	case err == nil || errors.As(err, &known):
		return err
	case r.failed != nil:
		return r.failed
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded), errors.Is(err, errSpool):
		return err
	}
	return refuse(ErrUnsupported, "it is not a tar file compressed with gzip: %s", bounded(err.Error()))
}

func (c *collector) archive(ctx context.Context, archive *tar.Reader) error {
	c.inLayer = map[string]bool{}
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if c.entries++; c.entries > c.limits.Entries {
			return overLimit(ErrAssets, "the layers have more than %d entries", c.limits.Entries)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := c.entry(header, archive); err != nil {
			return err
		}
	}
}
