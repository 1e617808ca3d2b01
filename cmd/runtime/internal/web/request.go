package web

import (
	"net/http"
	"strconv"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// Headers that tell the application about its invocation.
const (
	// DeadlineHeader is when the request is cut off, in milliseconds since 1970.
	DeadlineHeader = "X-Aloft-Deadline-Ms"
	// RequestIDHeader is Lambda's request id, as the logs show it.
	RequestIDHeader = "X-Aloft-Request-Id"
	traceHeader     = "X-Amzn-Trace-Id"
)

// fields are header lines; what does not fit into a line is left out.
type fields []upstream.Field

func (f *fields) add(name, value string) {
	if line(value) {
		*f = append(*f, upstream.Field{Name: name, Value: value})
	}
}

// invocation adds what the application is told of its invocation.
func (f *fields) invocation(in lambdaapi.Invocation) {
	f.add(DeadlineHeader, strconv.FormatInt(in.Cut.UnixMilli(), 10))
	f.add(RequestIDHeader, in.RequestID)
}

// newRequest is the application's view of an event that was admitted.
func newRequest(e *Event, v viewer, in lambdaapi.Invocation) (upstream.Request, error) {
	body, err := e.body()
	if err != nil {
		return upstream.Request{}, err
	}
	list := make(fields, 0, len(e.Headers)+len(e.MultiValueHeaders)+8)
	e.eachHeader(list.add)
	if cookies := e.cookies(); cookies != "" {
		list.add("Cookie", cookies)
	}
	v.introduce(list.add)
	list.invocation(in)
	if in.TraceID != "" && e.header("x-amzn-trace-id") == "" {
		list.add(traceHeader, in.TraceID)
	}
	return upstream.Request{Method: e.method(), Target: e.target(v.path), Host: v.host, Fields: list, Body: body}, nil
}

// Job is a request of the runtime's own that has a body: it reaches the application as a viewer's POST does, for the
// public name and over HTTPS, so that what an application asks of every request it finds in this one too.
func (h *Handler) Job(target string, own []upstream.Field, body []byte, in lambdaapi.Invocation) upstream.Request {
	list := make(fields, 0, len(own)+8)
	for _, field := range own {
		list.add(field.Name, field.Value)
	}
	v := h.edge.own()
	v.introduce(list.add)
	list.invocation(in)
	if in.TraceID != "" {
		list.add(traceHeader, in.TraceID)
	}
	return upstream.Request{Method: http.MethodPost, Target: target, Host: v.host, Fields: list, Body: body}
}

// warming is the request that lets an application prepare what it prepares at its first one.
func (h *Handler) warming(in lambdaapi.Invocation) upstream.Request {
	request := h.Job(WarmPath, []upstream.Field{
		{Name: "User-Agent", Value: "aloft-warmer"}, {Name: "Accept", Value: "*/*"},
	}, nil, in)
	request.Method = http.MethodGet
	return request
}
