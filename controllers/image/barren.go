package image

import "sync"

// maxBarren bounds what is remembered of layers; an entry is about 200 bytes.
const maxBarren = 4096

// barrenLayers remembers which layers hold nothing at all at or below a path, by digest: an application's base layers
// stay the same from release to release and need not be read again to find nothing.
type barrenLayers struct {
	mu    sync.Mutex
	known map[string]bool
}

func newBarrenLayers() *barrenLayers { return &barrenLayers{known: map[string]bool{}} }

func (b *barrenLayers) has(digest, path string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.known[digest+path]
}

func (b *barrenLayers) add(digest, path string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.known) >= maxBarren {
		clear(b.known)
	}
	b.known[digest+path] = true
}
