package process

import "sync"

// Tail keeps the end of what is written to it. It is safe for concurrent use.
type Tail struct {
	mu    sync.Mutex
	limit int
	held  []byte
	total int64
}

// NewTail keeps at most limit bytes.
func NewTail(limit int) *Tail { return &Tail{limit: limit} }

// Write never fails.
func (t *Tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.total += int64(len(p))
	t.held = append(t.held, p...)
	// Cutting only at twice the limit makes the copying rare.
	if len(t.held) > 2*t.limit {
		t.held = append(t.held[:0], t.held[len(t.held)-t.limit:]...)
	}
	return len(p), nil
}

// Bytes returns a copy of the end, and whether something before it was left out.
func (t *Tail) Bytes() (end []byte, truncated bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	kept := t.held[max(0, len(t.held)-t.limit):]
	return append([]byte{}, kept...), t.total > int64(len(kept))
}
