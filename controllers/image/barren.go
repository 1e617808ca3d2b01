package image

import "sync"

// maxBarren bounds what is remembered of layers; an entry is about 300 bytes.
const maxBarren = 4096

// barrenLayers remembers which layers hold nothing at or below a path but folders on the way to it. An application's
// base layers stay the same from release to release, and need not be read again to find nothing.
type barrenLayers struct {
	mu    sync.Mutex
	known map[barrenKey][]string
}

type barrenKey struct{ digest, root string }

func newBarrenLayers() *barrenLayers { return &barrenLayers{known: map[barrenKey][]string{}} }

// folders returns the folders on the way to root that a barren layer holds.
func (b *barrenLayers) folders(digest, root string) (folders []string, barren bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	folders, barren = b.known[barrenKey{digest, root}]
	return folders, barren
}

func (b *barrenLayers) add(digest, root string, folders []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.known) >= maxBarren {
		clear(b.known)
	}
	b.known[barrenKey{digest, root}] = folders
}
