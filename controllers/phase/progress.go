package phase

import (
	"fmt"
	"sync/atomic"

	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/controllers/image"
)

// Progress counts what a step that takes long has done so far. It may be read while the step goes on.
type Progress struct {
	Image image.Progress
	// Assets that are in their place, of how many.
	Assets, AssetsOf atomic.Int64
	// AssetsFrom is how many bytes of compressed layers the assets are read from, AssetBytes how many they have
	// themselves.
	AssetsFrom, AssetBytes atomic.Int64
}

// Bytes is how many an upload moves, as far as that is known. A layer that is sent is read for the assets meanwhile.
func (p *Progress) Bytes() int64 {
	return max(p.Image.BytesOf.Load(), p.AssetsFrom.Load()) + p.AssetBytes.Load()
}

// String tells in one sentence how far an upload has come; empty before anything is known.
func (p *Progress) String() string {
	text := ""
	if of := p.Image.Of.Load(); of > 0 {
		const mebibyte = 1 << 20
		text = fmt.Sprintf("%d of %d layers and %d of %d MiB of the image are sent", p.Image.Layers.Load(), of,
			p.Image.Bytes.Load()/mebibyte, p.Image.BytesOf.Load()/mebibyte)
	}
	if of := p.AssetsOf.Load(); of > 0 {
		if text != "" {
			text += ", "
		}
		text += fmt.Sprintf("%d of %d assets are in place", p.Assets.Load(), of)
	}
	return text
}

func (s Subject) imageProgress() *image.Progress {
	if s.Progress == nil {
		return nil
	}
	return &s.Progress.Image
}

// assetsFrom tells of the image whose layers the assets are read from.
func (s Subject) assetsFrom(source v1.Image) {
	if s.Progress == nil {
		return
	}
	if bytes, err := image.Bytes(source); err == nil { // what cannot be read is told by whoever reads it
		s.Progress.AssetsFrom.Store(bytes)
	}
}

func (s Subject) assetsBegin(files []image.Asset) {
	if s.Progress == nil {
		return
	}
	s.Progress.AssetsOf.Store(int64(len(files)))
	for _, file := range files {
		s.Progress.AssetBytes.Add(file.Size)
	}
}

func (s Subject) assetDone() {
	if s.Progress != nil {
		s.Progress.Assets.Add(1)
	}
}
