package phase

import (
	"fmt"
	"sync/atomic"

	"github.com/aloft-dev/aloft/controllers/image"
)

// Progress counts what a step that takes long has done so far. It may be read while the step goes on.
type Progress struct {
	Image image.Progress
	// Assets that are in their place, of how many.
	Assets, AssetsOf atomic.Int64
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

func (s Subject) assetsBegin(of int) {
	if s.Progress != nil {
		s.Progress.AssetsOf.Store(int64(of))
	}
}

func (s Subject) assetDone() {
	if s.Progress != nil {
		s.Progress.Assets.Add(1)
	}
}
