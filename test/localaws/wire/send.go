package wire

import (
	"bytes"
	"io"
	"maps"
	"net/http"
	"strconv"
)

func closeBody(r *Response) {
	if r == nil {
		return
	}
	if c, ok := r.Body.(io.Closer); ok {
		c.Close()
	}
}

func send(w http.ResponseWriter, r *http.Request, call *Call, resp *Response) {
	defer closeBody(resp)
	h := w.Header()
	maps.Copy(h, resp.Header)
	h.Set("X-Amzn-Requestid", call.RequestID)
	h.Set("X-Amz-Request-Id", call.RequestID)
	h.Set("Date", call.Time.UTC().Format(http.TimeFormat))
	if b, ok := resp.Body.(*bytes.Reader); ok {
		resp.Length = int64(b.Len())
	}
	_, whole := resp.Body.(*bytes.Reader)
	if (whole || resp.Length > 0) && h.Get("Content-Length") == "" {
		h.Set("Content-Length", strconv.FormatInt(resp.Length, 10))
	}
	w.WriteHeader(resp.Status)
	if resp.Body != nil && r.Method != http.MethodHead {
		_, _ = io.Copy(w, resp.Body)
	}
}
