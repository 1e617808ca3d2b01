package image

import "sync"

// maxBarren bounds what is remembered of layers; an entry is about 500 bytes at most.
const maxBarren = 4096

// barrenLayers remembers which layers hold nothing at or below a path but folders on the way to it. An application's
// base layers stay the same from release to release, and need not be read again to find nothing.
type barrenLayers struct {
	mu    sync.Mutex
	known map[barrenKey]string
}

type barrenKey struct{ digest, root string }

func newBarrenLayers() *barrenLayers { return &barrenLayers{known: map[barrenKey]string{}} }

// deepest returns the deepest folder on the way to root that a barren layer holds, "" for none.
func (b *barrenLayers) deepest(digest, root string) (folder string, barren bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	folder, barren = b.known[barrenKey{digest, root}]
	return folder, barren
}

func (b *barrenLayers) add(digest, root, deepest string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.known) >= maxBarren {
		clear(b.known)
	}
	b.known[barrenKey{digest, root}] = root[:len(deepest)]
}
