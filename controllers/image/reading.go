package image

import (
	"archive/tar"
	"bufio"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// layerIndex is what one layer says of the paths that concern a root, in the order of its archive.
type layerIndex struct {
	entries []*entry
	spool   *spool
	spent   spent
}

// reading reads one layer from its beginning to its end.
type reading struct {
	of *Collection
	// before is what the layers above have come to.
	before spent
	// hidden says that a path need not be kept, for a layer above hides it; nil keeps all.
	hidden func(name string, folder bool) bool
	// wanted, where it is set, are hard links by the name of the file whose content they lack. Nothing else is kept.
	wanted map[string][]*entry

	index  layerIndex
	byName map[string]*entry
}

// What the memory for an entry is, beside its name, and for a node of the tree, both with their places in maps and
// lists.
const (
	entryBytes = 320
	nodeBytes  = 160
)

// read makes the index of a layer from its compressed content. What it took is given back when it fails or panics.
func (r *reading) read(ctx context.Context, compressed io.Reader, size int64) (index *layerIndex, err error) {
	r.index.spool = r.of.newSpool()
	defer func() {
		if index == nil {
			err = errors.Join(err, r.index.spool.close())
		}
	}()
	r.byName = map[string]*entry{}
	source := &remembering{Reader: compressed}
	plain, err := gzip.NewReader(bufio.NewReaderSize(source, 64<<10))
	if err == nil {
		metered := newMeter(plain, size, r.before.decompressed, r.of.limits)
		if err = r.archive(ctx, tar.NewReader(metered)); err == nil {
			// The layer's digest is only verified once its last byte was read.
			_, err = io.Copy(io.Discard, metered)
		}
		r.index.spent.decompressed = metered.layer
	}
	if err = source.blame(err); err != nil {
		return nil, err
	}
	return &r.index, nil
}

func (r *reading) archive(ctx context.Context, archive *tar.Reader) error {
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
		r.index.spent.entries++
		if r.before.entries+r.index.spent.entries > r.of.limits.Entries {
			return overLimit(ErrAssets, "the layers have more than %d entries", r.of.limits.Entries)
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			continue
		}
		if err := r.entry(header, archive); err != nil {
			return err
		}
	}
}

func (r *reading) entry(header *tar.Header, content io.Reader) error {
	if r.wanted != nil {
		return r.supply(header, content)
	}
	e, err := entryOf(header, r.of.root)
	if e == nil || err != nil {
		return err
	}
	if err := r.note(e); err != nil {
		return err
	}
	if e.kind < isRemoved && r.hidden != nil && r.hidden(e.name, e.kind == isFolder) {
		return nil
	}
	switch {
	case e.kind == isHardLink:
		r.follow(e)
	case e.kind == isFile && r.of.root.below(e.name) && r.of.objection(r.of.root.relative(e.name)) == nil:
		return r.keep(e, content)
	}
	return nil
}

// note takes memory for an entry and puts it into the index.
func (r *reading) note(e *entry) error {
	cost := int64(len(e.name)+len(e.link)) + entryBytes
	r.index.spent.index += cost
	if r.before.index+r.index.spent.index > r.of.limits.IndexBytes {
		return tooManyNames(r.of.limits)
	}
	if err := r.index.spool.share.take(cost, 0); err != nil {
		return err
	}
	r.index.entries = append(r.index.entries, e)
	return nil
}

// keep copies a file to the spool.
func (r *reading) keep(e *entry, content io.Reader) (err error) {
	r.index.spent.files++
	r.index.spent.bytes += e.size
	if e.size > r.of.limits.FileBytes {
		return overLimit(ErrAssets, "%q is larger than %d bytes", bounded(r.of.root.relative(e.name)), r.of.limits.FileBytes)
	}
	if err := r.of.limits.fit(r.before.files+r.index.spent.files, r.before.bytes+r.index.spent.bytes); err != nil {
		return err
	}
	sum := sha256.New()
	if e.offset, err = r.index.spool.keep(content, e.size, sum); err != nil {
		return err
	}
	e.spool = r.index.spool
	sum.Sum(e.sum[:0])
	r.byName[e.name] = e
	return nil
}

// supply gives hard links the content of a file that they are another name of.
func (r *reading) supply(header *tar.Header, content io.Reader) error {
	name, err := entryPath(header.Name)
	links := r.wanted[name]
	if err != nil || len(links) == 0 || kindOf(header) != isFile {
		return err
	}
	kept := &entry{name: name}
	kept.size = header.Size
	if err := r.keep(kept, content); err != nil {
		return err
	}
	for _, link := range links {
		link.content = kept.content
	}
	return nil
}

// follow gives a hard link the content of the file that it is another name of, which comes before it in the same layer
// (OCI image layer specification, "Hardlinks"). Where that lies elsewhere its content has gone by.
func (r *reading) follow(e *entry) {
	target, err := entryPath(e.link)
	if err != nil {
		return
	}
	e.link = target
	if to := r.byName[target]; to != nil {
		e.content = to.content
		r.byName[e.name] = e
	}
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

// inLayer adds the number of the layer, counted from the bottom, to a message, and keeps its kind.
func inLayer(number int, err error) error {
	if known, ok := errors.AsType[*failure](err); ok {
		return &failure{kinds: known.kinds, message: fmt.Sprintf("layer %d: %s", number, known.message)}
	}
	return fmt.Errorf("reading layer %d: %w", number, err)
}

// open starts to read a layer.
func (r *reading) open(ctx context.Context, layer v1.Layer) (*layerIndex, error) {
	size, err := layer.Size()
	if err != nil {
		return nil, err
	}
	compressed, err := layer.Compressed()
	if err != nil {
		return nil, err
	}
	defer compressed.Close()
	return r.read(ctx, compressed, size)
}
