package image

import (
	"path"
	"strings"
)

// contentTypes is a table of its own, for the system's differs from machine to machine, and what a
// stage serves must not.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".htm": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".mjs": "text/javascript; charset=utf-8",
	".cjs": "text/javascript; charset=utf-8",
	".txt": "text/plain; charset=utf-8", ".md": "text/markdown; charset=utf-8", ".csv": "text/csv; charset=utf-8",
	".vtt": "text/vtt; charset=utf-8", ".ics": "text/calendar; charset=utf-8",
	".json": "application/json", ".map": "application/json", ".jsonld": "application/ld+json",
	// CloudFront compresses what is called JSON, and GeoJSON is.
	".geojson": "application/json", ".webmanifest": "application/manifest+json", ".xml": "application/xml",
	".rss": "application/rss+xml", ".atom": "application/atom+xml",
	".wasm": "application/wasm", ".pdf": "application/pdf", ".zip": "application/zip", ".gz": "application/gzip",
	".svg": "image/svg+xml", ".png": "image/png", ".apng": "image/apng", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
	".gif": "image/gif", ".webp": "image/webp", ".avif": "image/avif", ".ico": "image/x-icon", ".bmp": "image/bmp",
	".tif": "image/tiff", ".tiff": "image/tiff", ".woff": "font/woff", ".woff2": "font/woff2", ".ttf": "font/ttf",
	".otf": "font/otf", ".eot": "application/vnd.ms-fontobject", ".mp3": "audio/mpeg", ".m4a": "audio/mp4",
	".aac": "audio/aac", ".oga": "audio/ogg", ".ogg": "audio/ogg", ".opus": "audio/ogg", ".wav": "audio/wav",
	".flac": "audio/flac",
	".mp4":  "video/mp4", ".m4v": "video/mp4", ".webm": "video/webm", ".ogv": "video/ogg", ".mov": "video/quicktime",
	".m3u8": "application/vnd.apple.mpegurl", ".ts": "video/mp2t",
	".glb": "model/gltf-binary", ".gltf": "model/gltf+json",
}

// ContentType returns the media type of a file by the ending of its name, application/octet-stream
// when it is not known.
func ContentType(name string) string {
	if known, ok := contentTypes[strings.ToLower(path.Ext(name))]; ok {
		return known
	}
	return "application/octet-stream"
}
