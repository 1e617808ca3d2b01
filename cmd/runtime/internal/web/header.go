package web

import "strings"

// dropped are the headers that concern one connection (RFC 9110, 7.6.1), those that are computed anew, and Proxy, which
// a CGI program would read as the variable HTTP_PROXY.
var dropped = named(
	"connection", "proxy-connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade",
	"content-length", "host", "expect", "cookie", "proxy",
)

// claimed are headers by which frameworks and servers believe who the client is and what it asked for. Whoever stands
// in front of an application may say so, a client may not.
var claimed = named(
	"forwarded", "x-real-ip", "x-client-ip", "x-cluster-client-ip", "x-remote-ip", "x-remote-addr", "x-originating-ip",
	"remote-addr", "client-ip", "true-client-ip", "cf-connecting-ip", "cf-connecting-ipv6", "fastly-client-ip",
	"x-envoy-external-address", "x-host", "x-http-host-override", "x-scheme", "x-url-scheme", "front-end-https",
	"x-original-url", "x-original-uri", "x-original-host", "x-rewrite-url",
)

// The beginnings of names that only Aloft, a proxy, or CloudFront may say.
var reserved = []string{"x-aloft-", "x-forwarded-", "cloudfront-"}

func named(names ...string) map[string]bool {
	set := make(map[string]bool, len(names))
	for _, name := range names {
		set[name] = true
	}
	return set
}

// spelling is what a name comes to where names become variables: CGI, FastCGI, WSGI and Rack read a dash, an underscore
// and, some of them, every other sign as the same.
func spelling(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r - 'A' + 'a'
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return '-'
	}, name)
}

// passes says that a client's header is the application's business. It goes on as it is spelt.
func passes(name string, connection map[string]bool) bool {
	spelt := spelling(name)
	if !token(name) || dropped[spelt] || claimed[spelt] || connection[strings.ToLower(name)] {
		return false
	}
	for _, beginning := range reserved {
		if strings.HasPrefix(spelt, beginning) {
			return false
		}
	}
	return true
}

// eachHeader gives the client's headers that go on to the application.
func (e *Event) eachHeader(add func(name, value string)) {
	connection := connectionNames(e.header("connection"))
	for name, value := range e.Headers {
		if !e.multiValued() && passes(name, connection) {
			add(name, value)
		}
	}
	for name, values := range e.MultiValueHeaders {
		if !passes(name, connection) {
			continue
		}
		for _, value := range values {
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

func (e *Event) cookies() string {
	if len(e.Cookies) > 0 {
		return strings.Join(e.Cookies, "; ")
	}
	if values := e.MultiValueHeaders["cookie"]; len(values) > 0 {
		return strings.Join(values, "; ")
	}
	return e.header("cookie")
}
