package image

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

const (
	maxRedirects = 10
	// maxManifestBytes is the bound that registries have agreed on (OCI distribution specification, "Pushing Manifests").
	maxManifestBytes = 4 << 20
)

// newTransport connects to registries within private networks and outside: no proxy, which would hide the address from
// the rule, and no endless waits.
func newTransport(options Options, private []netip.Prefix) *http.Transport {
	rule := addressRule{allowLoopback: options.AllowInsecureLoopback, private: private}
	dialer := &net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second, Control: rule.control}
	return &http.Transport{
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: options.RootCAs},
		ForceAttemptHTTP2:     true,
		MaxIdleConns:          100,
		MaxIdleConnsPerHost:   8,
		IdleConnTimeout:       60 * time.Second,
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 60 * time.Second,
		ExpectContinueTimeout: time.Second,
	}
}

// guard stands between the registry library and the network, for the requests of one registry.
type guard struct {
	inner                 http.RoundTripper
	registry              string
	allowInsecureLoopback bool
}

// RoundTrip sends a request by https, or by http to loopback where that is allowed.
func (g *guard) RoundTrip(request *http.Request) (*http.Response, error) {
	if redirects(request) > maxRedirects {
		return nil, refuse(ErrAddressDenied, "the registry redirects more than %d times", maxRedirects)
	}
	request, err := g.secure(request)
	if err != nil {
		return nil, err
	}
	watch, request := watchBody(request)
	response, err := g.inner.RoundTrip(request)
	if err != nil {
		return nil, watch.cause(err)
	}
	response.Body = watch.around(response.Body)
	if request.Method == http.MethodGet && strings.Contains(request.URL.Path, "/manifests/") {
		response.Body = &boundedBody{ReadCloser: response.Body, left: maxManifestBytes}
	}
	return response, nil
}

// secure refuses plain http. The registry library guesses http for names that look internal, such as registry.local;
// for the registry itself that guess is corrected.
func (g *guard) secure(request *http.Request) (*http.Request, error) {
	loopback := g.allowInsecureLoopback && isLoopbackName(request.URL.Hostname())
	if request.URL.Scheme == "https" || (request.URL.Scheme == "http" && loopback) {
		return request, nil
	}
	if request.URL.Scheme != "http" || request.URL.Host != g.registry {
		return nil, refuse(ErrAddressDenied, "the registry leads to %s://%s; only https is spoken",
			bounded(request.URL.Scheme), bounded(request.URL.Host))
	}
	request = request.Clone(request.Context())
	request.URL.Scheme = "https"
	return request, nil
}

func redirects(request *http.Request) (count int) {
	for response := request.Response; response != nil && response.Request != nil; response = response.Request.Response {
		count++
	}
	return count
}

// boundedBody fails once more than left bytes were read.
type boundedBody struct {
	io.ReadCloser
	left int64
}

func (b *boundedBody) Read(into []byte) (int, error) {
	n, err := b.ReadCloser.Read(into)
	if b.left -= int64(n); b.left < 0 {
		return 0, overLimit(ErrUnsupported, "the manifest is larger than %d MiB", maxManifestBytes>>20)
	}
	return n, err
}
