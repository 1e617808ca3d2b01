package image

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// A registry that sends a byte now and then would hold a worker for hours, and none of the usual timeouts ends it.
const (
	stallAfter     = 30 * time.Second
	paceAfter      = 60 * time.Second
	minBytesPerSec = 64 << 10
)

var errStalled = errors.New("the registry stopped sending")

// bodyWatch ends a request whose body stalls. Only the time spent waiting for the registry counts: the reader may be
// slow itself, because it sends on what it reads.
type bodyWatch struct {
	ctx    context.Context
	cancel context.CancelCauseFunc
}

func watchBody(request *http.Request) (*bodyWatch, *http.Request) {
	ctx, cancel := context.WithCancelCause(request.Context())
	return &bodyWatch{ctx: ctx, cancel: cancel}, request.WithContext(ctx)
}

// cause returns why the request was ended, if this watch did it, and ends it otherwise.
func (w *bodyWatch) cause(err error) error {
	if errors.Is(context.Cause(w.ctx), errStalled) {
		return errStalled
	}
	w.cancel(nil)
	return err
}

func (w *bodyWatch) around(body io.ReadCloser) io.ReadCloser {
	return &pacedBody{ReadCloser: body, watch: w}
}

type pacedBody struct {
	io.ReadCloser
	watch  *bodyWatch
	waited time.Duration
	got    int64
}

func (b *pacedBody) Read(into []byte) (int, error) {
	timer := time.AfterFunc(stallAfter, func() { b.watch.cancel(errStalled) })
	begun := time.Now()
	n, err := b.ReadCloser.Read(into)
	timer.Stop()
	b.waited += time.Since(begun)
	b.got += int64(n)
	if err == nil && tooSlow(b.got, b.waited) {
		return 0, errStalled
	}
	if err != nil && err != io.EOF && errors.Is(context.Cause(b.watch.ctx), errStalled) {
		return n, errStalled
	}
	return n, err
}

func (b *pacedBody) Close() error {
	err := b.ReadCloser.Close()
	b.watch.cancel(nil)
	return err
}

func tooSlow(got int64, waited time.Duration) bool {
	return waited > paceAfter && float64(got) < minBytesPerSec*waited.Seconds()
}
