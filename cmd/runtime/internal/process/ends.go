package process

import (
	"fmt"
	"io"
	"strings"
	"sync"
)

// Ends keeps the beginning and the end of what is written to it: programs say what is wrong at either. It is safe for
// concurrent use.
type Ends struct {
	mu    sync.Mutex
	first []byte
	limit int
	last  *Tail
	total int
}

// NewEnds keeps at most first bytes of the beginning and last bytes of the end.
func NewEnds(first, last int) *Ends { return &Ends{limit: first, last: NewTail(last)} }

// Write never fails.
func (e *Ends) Write(p []byte) (int, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept := min(len(p), e.limit-len(e.first))
	e.first = append(e.first, p[:kept]...)
	_, _ = e.last.Write(p[kept:])
	e.total += len(p)
	return len(p), nil
}

// String is the beginning and the end, with a line between them where something is left out.
func (e *Ends) String() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	last, _ := e.last.Bytes()
	var out strings.Builder
	out.Write(e.first)
	if left := e.total - len(e.first) - len(last); left > 0 {
		_, _ = fmt.Fprintf(&out, "\n[%d bytes left out]\n", left)
	}
	out.Write(last)
	return strings.ToValidUTF8(out.String(), "?")
}

var _ io.Writer = (*Ends)(nil)
