package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"

	"github.com/aloft-dev/aloft/test/localaws/lambda/rootfs"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxConfig is the largest image configuration that is read, in bytes.
const maxConfig = 4 << 20

// images unpacks each image once per digest; environments only mount the folder.
type images struct {
	env *wire.Env
	dir string

	mu       sync.Mutex
	unpacked map[string]*unpackedImage
}

// unpackedImage is an image's folder and the part of its configuration that matters to a process.
type unpackedImage struct {
	done chan struct{}
	err  error
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
	return &images{env: env, dir: dir, unpacked: map[string]*unpackedImage{}}
}

// prepare returns the unpacked image, which whoever comes first unpacks. A failure is not kept: the
// next one tries again.
func (s *images) prepare(ctx context.Context, functionARN string, image *sourceImage) (*unpackedImage, error) {
	s.mu.Lock()
	u := s.unpacked[image.digest]
	if u == nil {
		u = &unpackedImage{done: make(chan struct{}), root: filepath.Join(s.dir, image.hex())}
		s.unpacked[image.digest] = u
		s.mu.Unlock()
		u.err = s.unpack(ctx, functionARN, image, u)
		if u.err != nil {
			s.mu.Lock()
			delete(s.unpacked, image.digest)
			s.mu.Unlock()
		}
		close(u.done)
		return u, u.err
	}
	s.mu.Unlock()
	select {
	case <-u.done:
		return u, u.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (s *images) unpack(ctx context.Context, functionARN string, image *sourceImage, u *unpackedImage) error {
	content, err := s.blob(ctx, functionARN, image, image.manifest.Config.Digest)
	if err != nil {
		return err
	}
	config, err := io.ReadAll(io.LimitReader(content, maxConfig))
	content.Close()
	if err != nil {
		return fmt.Errorf("reading the image's configuration: %w", err)
	}
	if err := json.Unmarshal(config, u); err != nil {
		return fmt.Errorf("reading the image's configuration: %w", err)
	}
	if len(u.RootFS.DiffIDs) != len(image.manifest.Layers) {
		return fmt.Errorf("%w: %d layers but %d diff_ids", rootfs.ErrDiffID, len(image.manifest.Layers),
			len(u.RootFS.DiffIDs))
	}
	if err := os.RemoveAll(u.root); err != nil {
		return err
	}
	tree, err := rootfs.Create(u.root)
	if err != nil {
		return err
	}
	for i, layer := range image.manifest.Layers {
		content, err := s.blob(ctx, functionARN, image, layer.Digest)
		if err != nil {
			return err
		}
		err = tree.Apply(content, u.RootFS.DiffIDs[i])
		content.Close()
		if err != nil {
			return fmt.Errorf("unpacking layer %d: %w", i, err)
		}
	}
	return tree.Finish()
}
