package wire

import (
	"context"
	"io"
	"net"
	"net/http"
	"syscall"
)

// Transport is an http.RoundTripper that hands requests to a handler in this process. Bodies stream in both directions,
// the request's context ends the wait, and a dropped connection is the same *net.OpError (ECONNRESET) as on a socket.
type Transport struct{ Handler http.Handler }

// RoundTrip runs the handler in a goroutine of its own and returns as soon as it has written its header.
func (t Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx := r.Context()
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := r.Clone(ctx)
	in.RequestURI = r.URL.RequestURI()
	in.RemoteAddr = "127.0.0.1:1"
	if in.Host == "" {
		in.Host = r.URL.Host
	}
	if in.Body == nil {
		in.Body = http.NoBody
	}
	reader, writer := io.Pipe()
	conn := &localConn{header: http.Header{}, answer: make(chan *http.Response, 1), failed: make(chan error, 1),
		body: writer, request: r}
	go conn.serve(t.Handler, in)
	select {
	case resp := <-conn.answer:
		resp.Body = &localBody{PipeReader: reader, ctx: ctx, stop: closeOnCancel(ctx, writer)}
		return resp, nil
	case err := <-conn.failed:
		return nil, err
	case <-ctx.Done():
		reader.CloseWithError(ctx.Err())
		return nil, ctx.Err()
	}
}

// closeOnCancel ends the body with the context's error when the context ends first.
func closeOnCancel(ctx context.Context, writer *io.PipeWriter) (stop func()) {
	cancel := context.AfterFunc(ctx, func() { writer.CloseWithError(ctx.Err()) })
	return func() { cancel() }
}

// localBody is a response body whose end stops the watch on the context.
type localBody struct {
	*io.PipeReader
	ctx  context.Context
	stop func()
}

func (b *localBody) Read(p []byte) (int, error) {
	n, err := b.PipeReader.Read(p)
	if err != nil {
		b.stop()
		// A handler that gives up because the caller did must not look like the end of the body.
		if gone := b.ctx.Err(); gone != nil {
			err = gone
		}
	}
	return n, err
}

func (b *localBody) Close() error {
	b.stop()
	return b.PipeReader.Close()
}

// localConn is the handler's side: an http.ResponseWriter.
type localConn struct {
	header  http.Header
	wrote   bool
	dropped bool
	answer  chan *http.Response
	failed  chan error
	body    *io.PipeWriter
	request *http.Request
}

func (c *localConn) serve(h http.Handler, in *http.Request) {
	defer in.Body.Close()
	defer func() {
		if p := recover(); p != nil {
			c.reset()
			if p != http.ErrAbortHandler {
				panic(p)
			}
		}
	}()
	h.ServeHTTP(c, in)
	if c.dropped {
		return
	}
	c.WriteHeader(http.StatusOK)
	_ = c.body.Close()
}

// Header is the response's header.
func (c *localConn) Header() http.Header { return c.header }

// WriteHeader sends status and header to the caller; later calls do nothing.
func (c *localConn) WriteHeader(status int) {
	// What only informs, as 100 Continue, is nothing that a RoundTripper gives.
	if c.wrote || status < http.StatusOK {
		return
	}
	c.wrote = true
	c.answer <- &http.Response{
		Status: http.StatusText(status), StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: c.header.Clone(), ContentLength: contentLength(c.header), Request: c.request,
	}
}

// Write sends a piece of the body.
func (c *localConn) Write(p []byte) (int, error) {
	c.WriteHeader(http.StatusOK)
	return c.body.Write(p)
}

// Flush does nothing: a pipe holds nothing back.
func (c *localConn) Flush() {}

func (c *localConn) reset() {
	c.dropped = true
	err := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	c.body.CloseWithError(err)
	if !c.wrote {
		c.failed <- err
	}
}

func contentLength(h http.Header) int64 {
	n, ok := parseInt(h.Get("Content-Length"))
	if !ok {
		return -1
	}
	return n
}
