package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"net"
	"net/netip"
	"net/url"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

// Edge is what stands between the viewers and the function.
type Edge struct {
	// Digest is the value of function.VariableOriginDigest: the SHA-256 of the secret that the distribution's origin
	// sends. Empty, nothing stands in front but the gateway that sends the events.
	Digest string
	// Host is the stage's own name, by which viewers reach it.
	Host string
}

// admits says that an event came the way that events shall come.
func (e Edge) admits(event *Event) bool {
	if e.Digest == "" {
		return true
	}
	sum := sha256.Sum256([]byte(event.header(function.EdgeSecret)))
	return subtle.ConstantTimeCompare([]byte(hex.EncodeToString(sum[:])), []byte(e.Digest)) == 1
}

// viewer is who asks, by what name and how, as far as it was said by someone who knows. What a client says of itself
// counts for nothing.
type viewer struct {
	host, address, scheme string
	// path is as the viewer sent it, or empty where only the gateway's decoded one is known.
	path string
}

// viewer of an event that was admitted.
func (e Edge) viewer(event *Event) viewer {
	v := viewer{scheme: "https"}
	switch {
	case e.Digest != "":
		v.host, v.address = event.header(function.EdgeHost), event.header(function.EdgeAddress)
		v.path = undecoded(event.header(function.EdgePath), event.RawPath)
	case event.balanced():
		v.host, v.scheme = event.header("host"), scheme(event.header("x-forwarded-proto"))
		// The load balancer adds the address that it sees to what the client sent.
		chain := event.header("x-forwarded-for")
		v.address = strings.TrimSpace(chain[strings.LastIndexByte(chain, ',')+1:])
	default:
		v.host, v.address = event.RequestContext.DomainName, event.RequestContext.HTTP.SourceIP
	}
	if !authority(v.host) {
		v.host = e.own().host
	}
	if _, err := netip.ParseAddr(v.address); err != nil {
		v.address = e.own().address
	}
	return v
}

// own is the viewer of requests that the runtime itself makes: someone on this machine who uses the public name.
func (e Edge) own() viewer {
	v := viewer{host: "localhost", address: "127.0.0.1", scheme: "https"}
	if authority(e.Host) {
		v.host = e.Host
	}
	return v
}

// scheme of a load balancer's listener.
func scheme(text string) string {
	if text == "http" {
		return text
	}
	return "https"
}

// authority says that text can be the value of a Host header.
func authority(text string) bool {
	return text != "" && !strings.ContainsFunc(text, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"#%/<>?@\^{|}`+"`", r)
	})
}

// introduce adds the headers by which applications behind a proxy know their viewer.
func (v viewer) introduce(add func(name, value string)) {
	port := map[string]string{"http": "80", "https": "443"}[v.scheme]
	if _, named, err := net.SplitHostPort(v.host); err == nil {
		port = named
	}
	add("X-Forwarded-For", v.address)
	add("X-Forwarded-Host", v.host)
	add("X-Forwarded-Proto", v.scheme)
	add("X-Forwarded-Port", port)
}

// undecoded gives the path that the edge saw where it is the one that the gateway decoded, else nothing. The gateway
// cuts a path at a question mark that was encoded, and an event has U+FFFD in place of what is not UTF-8.
func undecoded(path, decoded string) string {
	once, err := url.PathUnescape(path)
	if err != nil || path == "" {
		return ""
	}
	once = string([]rune(once))
	cut, _, _ := strings.Cut(once, "?")
	if decoded != once && decoded != cut {
		return ""
	}
	return path
}
