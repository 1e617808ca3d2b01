package s3

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func (s *service) getObject(_ context.Context, call *wire.Call) (*wire.Response, error) {
	return s.read(call)
}

func (s *service) headObject(_ context.Context, call *wire.Call) (*wire.Response, error) {
	return s.read(call)
}

func (s *service) read(call *wire.Call) (*wire.Response, error) {
	r := call.HTTP
	if err := known(r, "versionId"); err != nil {
		return nil, err
	}
	o, err := s.readable(call, r.URL.Query().Get("versionId"))
	if err != nil {
		return nil, err
	}
	if err := readConditions(r.Header, o); err != nil {
		return nil, err
	}
	out := &wire.Response{Header: http.Header{}}
	ranged := r.Header.Get("Range")
	o.describe(out.Header, ranged == "" && strings.EqualFold(r.Header.Get("X-Amz-Checksum-Mode"), "ENABLED"))
	from, to, partial, err := span(ranged, len(o.content))
	if err != nil {
		return nil, err
	}
	if partial {
		out.Status = http.StatusPartialContent
		out.Header.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, to-1, len(o.content)))
		out.Header.Set("Content-Length", strconv.Itoa(to-from))
	}
	if r.Method != http.MethodHead {
		out.Body = bytes.NewReader(o.content[from:to])
	}
	return out, nil
}

// readable is the version that the call may read. Objects do not change once stored, so that they
// are sent without the lock.
func (s *service) readable(call *wire.Call, version string) (*object, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	action := "s3:GetObject"
	if version != "" {
		action = "s3:GetObjectVersion"
	}
	b, key, err := s.request(call, action)
	if err != nil {
		return nil, err
	}
	o, err := b.version(key, version)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return nil, b.absent(call, key)
	}
	if o.deleteMarker {
		e := wire.Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed",
			"The specified method is not allowed against this resource.")
		e.Header = http.Header{"X-Amz-Delete-Marker": {"true"}, "Allow": {"DELETE"},
			"Last-Modified": {o.modified.UTC().Format(http.TimeFormat)}}
		return nil, e
	}
	return o, nil
}

func readConditions(h http.Header, o *object) error {
	if match := h.Get("If-Match"); match != "" && match != "*" && unquote(match) != o.etag {
		return preconditionFailed("If-Match")
	}
	until, err := http.ParseTime(h.Get("If-Unmodified-Since"))
	if err == nil && h.Get("If-Match") == "" && o.modified.Truncate(1e9).After(until) {
		return preconditionFailed("If-Unmodified-Since")
	}
	none := h.Get("If-None-Match")
	unchanged := none == "*" || none != "" && unquote(none) == o.etag
	if since, err := http.ParseTime(h.Get("If-Modified-Since")); err == nil && none == "" {
		unchanged = !o.modified.Truncate(1e9).After(since)
	}
	if !unchanged {
		return nil
	}
	e := wire.Errorf(http.StatusNotModified, "NotModified", "Not Modified")
	e.Header = http.Header{"Etag": {quote(o.etag)}}
	return e
}

// span reads a single byte range; what is not one means the whole object.
func span(header string, size int) (from, to int, partial bool, err error) {
	spec, ok := strings.CutPrefix(header, "bytes=")
	first, last, dashed := strings.Cut(spec, "-")
	if !ok || !dashed || strings.Contains(spec, ",") {
		return 0, size, false, nil
	}
	if first == "" {
		return suffix(header, last, size)
	}
	if from, err = strconv.Atoi(first); err != nil || from >= size {
		return 0, 0, false, invalidRange(header, size)
	}
	end := size - 1
	if last != "" {
		if end, err = strconv.Atoi(last); err != nil || end < from {
			return 0, size, false, nil
		}
	}
	return from, min(size, end+1), true, nil
}

// suffix is the last n bytes.
func suffix(header, count string, size int) (from, to int, partial bool, err error) {
	n, err := strconv.Atoi(count)
	if err != nil || n == 0 || size == 0 {
		return 0, 0, false, invalidRange(header, size)
	}
	return max(0, size-n), size, true, nil
}

func invalidRange(header string, size int) error {
	return wire.Errorf(http.StatusRequestedRangeNotSatisfiable, "InvalidRange", "The requested range is not satisfiable").
		With("ActualObjectSize", strconv.Itoa(size)).With("RangeRequested", header)
}
