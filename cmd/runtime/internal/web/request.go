package web

import (
	"strconv"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// Headers that tell the application about its invocation.
const (
	// DeadlineHeader is when the request is cut off, in milliseconds since 1970.
	DeadlineHeader = "X-Aloft-Deadline-Ms"
	// RequestIDHeader is Lambda's request id, as the logs show it.
	RequestIDHeader = "X-Aloft-Request-Id"
)

// dropped are the headers that concern one connection (RFC 9110, 7.6.1), and those that are computed anew.
var dropped = map[string]bool{
	"connection": true, "proxy-connection": true, "keep-alive": true, "te": true, "trailer": true,
	"transfer-encoding": true, "upgrade": true,
	"content-length": true, "host": true, "expect": true, "cookie": true,
}

// newRequest is the application's view of the event.
func newRequest(e *Event, requestID string, cut time.Time) (upstream.Request, error) {
	body, err := e.body()
	if err != nil {
		return upstream.Request{}, err
	}
	request := upstream.Request{Method: e.method(), Target: e.target(), Host: e.host(), Body: body}
	fields := make([]upstream.Field, 0, len(e.Headers)+len(e.MultiValueHeaders)+6)
	add := func(name, value string) {
		if value != "" && line(value) {
			fields = append(fields, upstream.Field{Name: name, Value: value})
		}
	}
	e.eachHeader(add)
	add("Cookie", e.cookies())
	e.addForwarded(add)
	add(DeadlineHeader, strconv.FormatInt(cut.UnixMilli(), 10))
	add(RequestIDHeader, requestID)
	request.Fields = fields
	return request, nil
}

// host is the name that the client used: behind a distribution the gateway only sees its own.
func (e *Event) host() string {
	forwarded, _, _ := strings.Cut(e.header("x-forwarded-host"), ",")
	for _, host := range []string{strings.TrimSpace(forwarded), e.header("host"), e.RequestContext.DomainName} {
		if host != "" && !strings.ContainsAny(host, " \t\r\n\x00/@") {
			return host
		}
	}
	return "localhost"
}

func (e *Event) cookies() string {
	if len(e.Cookies) > 0 {
		return strings.Join(e.Cookies, "; ")
	}
	if values := e.MultiValueHeaders["cookie"]; len(values) > 0 {
		return strings.Join(values, "; ")
	}
	return e.header("cookie")
}

// eachHeader passes on what the client sent, apart from what concerns the connection and what only the runtime may say.
func (e *Event) eachHeader(add func(name, value string)) {
	named := connectionNames(e.header("connection"))
	keep := func(name string) bool {
		lower := strings.ToLower(name)
		return token(name) && !dropped[lower] && !named[lower] && !strings.HasPrefix(lower, "x-aloft-")
	}
	if e.multiValued() {
		for name, values := range e.MultiValueHeaders {
			if !keep(name) {
				continue
			}
			for _, value := range values {
				add(name, value)
			}
		}
		return
	}
	for name, value := range e.Headers {
		if keep(name) {
			add(name, value)
		}
	}
}

// connectionNames are the headers that a Connection header declares as its own.
func connectionNames(value string) map[string]bool {
	if value == "" {
		return nil
	}
	names := map[string]bool{}
	for name := range strings.SplitSeq(value, ",") {
		names[strings.ToLower(strings.TrimSpace(name))] = true
	}
	return names
}

// addForwarded says who the client is where the gateway's headers do not.
func (e *Event) addForwarded(add func(name, value string)) {
	if e.header("x-forwarded-for") == "" {
		add("X-Forwarded-For", e.RequestContext.HTTP.SourceIP)
	}
	if e.header("x-forwarded-proto") == "" {
		add("X-Forwarded-Proto", "https")
	}
	if e.header("x-forwarded-port") == "" {
		add("X-Forwarded-Port", "443")
	}
}
