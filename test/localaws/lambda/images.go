package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/lambda/rootfs"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxConfig is the largest image configuration that is read, in bytes.
const maxConfig = 4 << 20

// images unpacks each layer once, and joins the layers of each image once per digest; environments only mount the
// folder.
type images struct {
	env *wire.Env
	dir string

	layers once[*rootfs.Layer]
	joined once[*unpackedImage]

	// pause is between two looks whether a pool is gone.
	pause time.Duration

	mu sync.Mutex
	// held counts who uses the folder of an image, by its digest: who prepares it, and pools of environments.
	held map[string]int
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

func newImages(env *wire.Env, dir string) *images {
	return &images{env: env, dir: dir, held: map[string]int{}, pause: 10 * time.Second}
}

// prepare returns the unpacked image, which the caller lets go of by drop when nothing runs in it any more. After an
// error there is nothing to let go of.
func (s *images) prepare(ctx context.Context, functionARN string, image *sourceImage) (*unpackedImage, error) {
	s.mu.Lock()
	s.held[image.digest]++
	s.mu.Unlock()
	u, err := s.joined.get(ctx, image.digest, func() (*unpackedImage, error) { return s.join(ctx, functionARN, image) })
	if err != nil {
		s.drop(image.digest, nil)
	}
	return u, err
}

// dropAfter lets go of an image when its user is gone at two looks: an invocation that began before the first one has
// started its environment by the second.
func (s *images) dropAfter(ctx context.Context, gone func() bool, digest string, u *unpackedImage) {
	for seen := 0; seen < 2; {
		select {
		case <-time.After(s.pause):
		case <-ctx.Done():
			return
		}
		if gone() {
			seen++
		} else {
			seen = 0
		}
	}
	s.drop(digest, u)
}

// drop removes the folder of an image that nobody holds any more; the layers stay for the next one.
func (s *images) drop(digest string, u *unpackedImage) {
	s.mu.Lock()
	s.held[digest]--
	last := s.held[digest] == 0
	if last {
		delete(s.held, digest)
		s.joined.forget(digest)
	}
	s.mu.Unlock()
	if last && u != nil {
		_ = os.RemoveAll(filepath.Dir(u.root)) // what is left goes with the work folder
	}
}

func (s *images) join(ctx context.Context, functionARN string, image *sourceImage) (*unpackedImage, error) {
	u := &unpackedImage{}
	if err := s.configure(ctx, functionARN, image, u); err != nil {
		return nil, err
	}
	dir, err := s.folder("image-")
	if err != nil {
		return nil, err
	}
	u.root = filepath.Join(dir, "root")
	if err := s.apply(ctx, functionARN, image, u); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return u, nil
}

func (s *images) apply(ctx context.Context, functionARN string, image *sourceImage, u *unpackedImage) error {
	tree, err := rootfs.Create(u.root)
	if err != nil {
		return err
	}
	for i, described := range image.manifest.Layers {
		layer, err := s.layer(ctx, functionARN, image, described.Digest, u.RootFS.DiffIDs[i])
		if err == nil {
			err = tree.Apply(layer)
		}
		if err != nil {
			return fmt.Errorf("unpacking layer %d: %w", i, err)
		}
	}
	return tree.Finish()
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
		dir, err := s.folder("layer-")
		if err != nil {
			return nil, err
		}
		return rootfs.Unpack(dir, content, diffID)
	})
}

// folder makes a new one that the users of functions may pass through.
func (s *images) folder(kind string) (string, error) {
	if err := os.MkdirAll(s.dir, 0o755); err != nil {
		return "", fmt.Errorf("making the folder of images: %w", err)
	}
	dir, err := os.MkdirTemp(s.dir, kind)
	if err != nil {
		return "", fmt.Errorf("making a folder of images: %w", err)
	}
	return dir, os.Chmod(dir, 0o755)
}
