// Package patience keeps a terminal from being silent: who waits sees that something goes on.
package patience

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// Silence is how long nothing is written before a sign of life is.
const Silence = 10 * time.Second

// Writer passes on what is written, and says that it goes on whenever nothing has been for a while.
type Writer struct {
	mu      sync.Mutex
	to      io.Writer
	silence time.Duration
	last    time.Time
	timer   *time.Timer
	stopped bool
}

// New begins at once; see Silence.
func New(to io.Writer, silence time.Duration) *Writer {
	w := &Writer{to: to, silence: silence, last: time.Now()}
	w.timer = time.AfterFunc(silence, w.live)
	return w
}

// Write passes on.
func (w *Writer) Write(text []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = time.Now()
	if !w.stopped {
		w.timer.Reset(w.silence)
	}
	return w.to.Write(text)
}

// Stop ends the signs of life; what is written is passed on all the same.
func (w *Writer) Stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stopped = true
	w.timer.Stop()
}

func (w *Writer) live() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return
	}
	_, _ = fmt.Fprintf(w.to, "  ... still at it, for %.0fs\n", time.Since(w.last).Seconds())
	w.timer.Reset(w.silence)
}
