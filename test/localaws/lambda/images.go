package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/aloft-dev/aloft/test/localaws/lambda/rootfs"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxConfig is the largest image configuration that is read, in bytes.
const maxConfig = 4 << 20

// images unpacks each layer once, and joins the layers of each image once per digest; environments only mount the folder.
type images struct {
	env *wire.Env
	dir string

	layers once[*rootfs.Layer]
	joined once[*unpackedImage]
}

// unpackedImage is an image's folder and the part of its configuration that matters to a process.
type unpackedImage struct {
	root string

	Architecture string `json:"architecture"`
	Config       struct {
		Entrypoint []string `json:"Entrypoint"`
		Cmd        []string `json:"Cmd"`
		Env        []string `json:"Env"`
		WorkingDir string   `json:"WorkingDir"`
	} `json:"config"`
	RootFS struct {
		DiffIDs []string `json:"diff_ids"`
	} `json:"rootfs"`
}

func newImages(env *wire.Env, dir string) *images { return &images{env: env, dir: dir} }

// prepare returns the unpacked image.
func (s *images) prepare(ctx context.Context, functionARN string, image *sourceImage) (*unpackedImage, error) {
	return s.joined.get(ctx, image.digest, func() (*unpackedImage, error) { return s.join(ctx, functionARN, image) })
}

func (s *images) join(ctx context.Context, functionARN string, image *sourceImage) (*unpackedImage, error) {
	u := &unpackedImage{root: filepath.Join(s.dir, "images", image.hex())}
	if err := s.configure(ctx, functionARN, image, u); err != nil {
		return nil, err
	}
	if err := os.RemoveAll(u.root); err != nil {
		return nil, err
	}
	tree, err := rootfs.Create(u.root)
	if err != nil {
		return nil, err
	}
	for i, described := range image.manifest.Layers {
		layer, err := s.layer(ctx, functionARN, image, described.Digest, u.RootFS.DiffIDs[i])
		if err == nil {
			err = tree.Apply(layer)
		}
		if err != nil {
			return nil, fmt.Errorf("unpacking layer %d: %w", i, err)
		}
	}
	return u, tree.Finish()
}

func (s *images) configure(ctx context.Context, functionARN string, image *sourceImage, u *unpackedImage) error {
	content, err := s.blob(ctx, functionARN, image, image.manifest.Config.Digest)
	if err != nil {
		return err
	}
	config, err := io.ReadAll(io.LimitReader(content, maxConfig))
	content.Close()
	if err == nil {
		err = json.Unmarshal(config, u)
	}
	if err != nil {
		return fmt.Errorf("reading the image's configuration: %w", err)
	}
	if len(u.RootFS.DiffIDs) != len(image.manifest.Layers) {
		return fmt.Errorf("%w: %d layers but %d diff_ids", rootfs.ErrDiffID, len(image.manifest.Layers),
			len(u.RootFS.DiffIDs))
	}
	return nil
}

// layer returns a layer that was unpacked, under what the manifest and what the configuration say of it.
func (s *images) layer(
	ctx context.Context, functionARN string, image *sourceImage, digest, diffID string,
) (*rootfs.Layer, error) {
	return s.layers.get(ctx, digest+" "+diffID, func() (*rootfs.Layer, error) {
		content, err := s.blob(ctx, functionARN, image, digest)
		if err != nil {
			return nil, err
		}
		defer content.Close()
		if err := os.MkdirAll(s.dir, 0o755); err != nil {
			return nil, fmt.Errorf("making the folder of images: %w", err)
		}
		dir, err := os.MkdirTemp(s.dir, "layer-")
		if err != nil {
			return nil, fmt.Errorf("making the layer's folder: %w", err)
		}
		return rootfs.Unpack(dir, content, diffID)
	})
}
