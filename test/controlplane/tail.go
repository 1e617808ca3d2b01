package controlplane

import (
	"io"
	"sync"
)

// tailSize is enough for the message of a server that cannot start, and for a stack trace's first frames.
const tailSize = 4 << 10

// tail passes everything on and keeps the end of it, for the message when the servers do not start.
type tail struct {
	next io.Writer

	mutex sync.Mutex
	kept  []byte
}

// Write never fails: a reader that went away must not stop a server.
func (t *tail) Write(text []byte) (int, error) {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	t.kept = append(t.kept, text...)
	if over := len(t.kept) - tailSize; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if t.next != nil {
		_, _ = t.next.Write(text)
	}
	return len(text), nil
}

func (t *tail) String() string {
	t.mutex.Lock()
	defer t.mutex.Unlock()
	return string(t.kept)
}
