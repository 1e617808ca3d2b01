package image

import (
	"context"
	"errors"
	"fmt"
	"path"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Folder is what of an image is published.
type Folder struct {
	// Path is absolute.
	Path string
	// Include names files that would not be published otherwise: a path below the folder, one that ends in "/" for all
	// that lies there, or "*.ending".
	Include []string
}

// Collection gathers the assets of one image. Layers that are pushed meanwhile are read as they pass, so that each is
// downloaded once. It is used for one image and by one caller of Assets.
type Collection struct {
	folder  Folder
	limits  Limits
	root    root
	refused error

	barren   *barrenLayers
	newSpool func() *spool
	passing  *passing

	overlay overlay
	spent   spent
	share   *share
	spools  []*spool
}

// Collect begins to gather the assets of an image. The caller says by Passed when no layer passes any more, and calls
// Assets, whose answer it closes.
func (c *Client) Collect(folder Folder, limits Limits) *Collection {
	in, err := rootOf(folder.Path)
	limits.TotalBytes = min(limits.TotalBytes, c.options.DiskBytes)
	limits.IndexBytes = min(limits.IndexBytes, c.options.MemoryBytes)
	return &Collection{
		folder: folder, limits: limits, root: root(in), refused: err, barren: c.barren,
		newSpool: func() *spool { return &spool{dir: c.options.TempDir, share: &share{of: c.budget}} },
		passing:  newPassing(), overlay: overlay{root: root(in)}, share: &share{of: c.budget},
	}
}

// Assets collects the regular files that an image shows below a path: Collect, where nothing is pushed.
func (c *Client) Assets(ctx context.Context, image v1.Image, folder Folder, limits Limits) (*Assets, error) {
	gathered := c.Collect(folder, limits)
	gathered.Passed()
	return gathered.Assets(ctx, image)
}

// Assets gives the regular files that an image shows below the folder, as a container of it would see them: upper
// layers first, whiteouts and opaque folders respected, links followed that stay inside. Layers that cannot contribute
// are not downloaded.
//
// Errors: ErrAssets, and with it ErrLimit where a bound was passed, for names and kinds of files that cannot be
// published; ErrUnsupported for a layer that is no gzip tar; ErrBusy; those of Resolve; any other is transient.
func (c *Collection) Assets(ctx context.Context, image v1.Image) (*Assets, error) {
	assets, err := c.assets(ctx, image)
	return assets, classify(err, "collecting the assets in "+bounded(c.folder.Path))
}

func (c *Collection) assets(ctx context.Context, image v1.Image) (assets *Assets, err error) {
	defer func() {
		c.passing.discard()
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	if c.refused != nil {
		return nil, c.refused
	}
	layers, err := image.Layers()
	if err != nil {
		return nil, fmt.Errorf("reading the layers: %w", err)
	}
	for i := len(layers) - 1; i >= 0 && !c.overlay.covered(); i-- {
		c.overlay.layer++
		if err := c.layer(ctx, layers[i]); err != nil {
			return nil, inLayer(i+1, err)
		}
	}
	return c.publish()
}

// layer takes one layer, which was read as it passed or is read now.
func (c *Collection) layer(ctx context.Context, layer v1.Layer) error {
	digest, err := layer.Digest()
	if err != nil {
		return err
	}
	if folder, barren := c.barren.deepest(digest.String(), string(c.root)); barren {
		c.overlay.take(&entry{name: folder, kind: isFolder})
		return nil
	}
	index, err := c.passing.wait(ctx, digest)
	if err != nil {
		return err
	}
	if index == nil || c.tooMuch(index) {
		again := &reading{of: c, before: c.spent, hidden: c.overlay.hidden}
		if index, err = again.open(ctx, layer); err != nil {
			return err
		}
	}
	c.spools = append(c.spools, index.spool)
	c.spent.entries += index.spent.entries
	c.spent.decompressed += index.spent.decompressed
	c.spent.index += index.spent.index
	if folder, barren := c.deepest(index); barren {
		c.barren.add(digest.String(), string(c.root), folder)
	}
	if err := c.merge(ctx, index); err != nil {
		return err
	}
	return c.findLinked(ctx, layer, index)
}

// tooMuch says that a layer that has passed goes beyond the limits, together with those above it. It is read again,
// which says beyond which.
func (c *Collection) tooMuch(index *layerIndex) bool {
	return c.spent.entries+index.spent.entries > c.limits.Entries ||
		c.spent.decompressed+index.spent.decompressed > c.limits.DecompressedBytes ||
		c.spent.index+index.spent.index > c.limits.IndexBytes
}

// deepest says that a layer has nothing but folders on the way to the root, and which is the deepest.
func (c *Collection) deepest(index *layerIndex) (folder string, barren bool) {
	for _, e := range index.entries {
		if e.kind != isFolder || !c.root.onTheWay(e.name) {
			return "", false
		}
		if len(e.name) > len(folder) {
			folder = e.name
		}
	}
	return folder, true
}

// merge lets the entries of a layer have their effect.
func (c *Collection) merge(ctx context.Context, index *layerIndex) error {
	for _, e := range index.entries {
		made := int64(c.overlay.take(e)) * nodeBytes
		if c.spent.index += made; c.spent.index > c.limits.IndexBytes {
			return tooManyNames(c.limits)
		}
		if err := c.share.take(made, 0); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if !e.visible {
			continue
		}
		if !c.root.below(e.name) {
			if e.kind == isSymlink {
				return refuse(ErrAssets, "/%s is a symbolic link to %q; name the real folder", bounded(e.name), bounded(e.link))
			}
			continue
		}
		if e.spool != nil {
			c.spent.files++
			c.spent.bytes += e.size
		}
	}
	return c.limits.fit(c.spent.files, c.spent.bytes)
}

// findLinked reads a layer once more where a file of it has the content of another one that lies outside of the root,
// or that is hidden, and so was not kept.
func (c *Collection) findLinked(ctx context.Context, layer v1.Layer, index *layerIndex) error {
	wanted := map[string][]*entry{}
	for _, e := range index.entries {
		if e.visible && e.kind == isHardLink && e.spool == nil && c.root.below(e.name) &&
			c.objection(c.root.relative(e.name)) == nil && c.linkedObjection(e) == nil {
			wanted[e.link] = append(wanted[e.link], e)
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	before := c.spent
	before.entries, before.decompressed = 0, 0 // they were counted when the layer was read first
	found, err := (&reading{of: c, before: before, wanted: wanted}).open(ctx, layer)
	if err != nil {
		return err
	}
	c.spools = append(c.spools, found.spool)
	c.spent.files += found.spent.files
	c.spent.bytes += found.spent.bytes
	return nil
}

// linkedObjection says why the content of a hard link cannot be published: by the name of the file that has it too.
func (c *Collection) linkedObjection(e *entry) *objection {
	if c.root.below(e.link) {
		return c.objection(c.root.relative(e.link))
	}
	return c.objection(path.Base(e.link))
}

// close gives everything back.
func (c *Collection) close() error {
	c.share.release()
	var failed error
	for _, s := range c.spools {
		failed = errors.Join(failed, s.close())
	}
	return failed
}
