package cloudfront

import (
	"bytes"
	"compress/gzip"
	"mime"
	"net/http"
	"strconv"
	"strings"
)

// The sizes between which CloudFront compresses, in bytes. AWS: "Serve compressed files".
const (
	compressFrom = 1000
	compressTo   = 10_000_000
)

// compressible are the media types that CloudFront compresses, as far as a web application serves
// them.
var compressible = map[string]bool{
	"application/dart": true, "application/eot": true, "application/font": true, "application/font-sfnt": true,
	"application/javascript": true, "application/json": true, "application/opentype": true, "application/otf": true,
	"application/pdf": true, "application/pkcs7-mime": true, "application/protobuf": true, "application/rss+xml": true,
	"application/truetype": true, "application/ttf": true, "application/vnd.apple.mpegurl": true,
	"application/vnd.mapbox-vector-tile": true, "application/vnd.ms-fontobject": true, "application/wasm": true,
	"application/xhtml+xml": true, "application/xml": true, "application/x-font-opentype": true,
	"application/x-font-truetype": true, "application/x-font-ttf": true, "application/x-httpd-cgi": true,
	"application/x-javascript": true, "application/x-mpegurl": true, "application/x-opentype": true,
	"application/x-otf": true, "application/x-perl": true, "application/x-ttf": true, "font/eot": true,
	"font/opentype": true, "font/otf": true, "font/ttf": true, "image/svg+xml": true, "text/css": true,
	"text/csv": true, "text/html": true, "text/javascript": true, "text/js": true, "text/plain": true,
	"text/richtext": true, "text/tab-separated-values": true, "text/xml": true, "text/x-component": true,
	"text/x-java-source": true, "text/x-script": true, "vnd.apple.mpegurl": true,
}

// wantsGzip says whether the viewer and both settings allow compression. Brotli, which CloudFront
// prefers, is left out: the standard library has no encoder.
func wantsGzip(behavior *cacheBehavior, policy cachePolicy, acceptEncoding string) bool {
	if !isTrue(behavior.Compress) || !policy.encodings {
		return false
	}
	for part := range strings.SplitSeq(acceptEncoding, ",") {
		name, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(name), "gzip") {
			return strings.ReplaceAll(quality, " ", "") != "q=0"
		}
	}
	return false
}

// compressed returns the answer in gzip when it is one that CloudFront compresses. A strong ETag
// becomes weak, for the bytes are no longer the origin's.
func compressed(status int, header http.Header, body []byte) (http.Header, []byte) {
	if status != http.StatusOK || header.Get("Content-Encoding") != "" || header.Get("Content-Length") == "" ||
		len(body) < compressFrom || len(body) > compressTo {
		return header, body
	}
	media, _, err := mime.ParseMediaType(header.Get("Content-Type"))
	if err != nil || !compressible[media] {
		return header, body
	}
	var smaller bytes.Buffer
	writer := gzip.NewWriter(&smaller)
	_, _ = writer.Write(body) // a bytes.Buffer takes everything
	_ = writer.Close()
	header = header.Clone()
	header.Set("Content-Encoding", "gzip")
	header.Set("Content-Length", strconv.Itoa(smaller.Len()))
	header.Add("Vary", "Accept-Encoding")
	if etag := header.Get("Etag"); strings.HasPrefix(etag, `"`) {
		header.Set("Etag", "W/"+etag)
	}
	return header, smaller.Bytes()
}

func isTrue(b *bool) bool { return b != nil && *b }

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
