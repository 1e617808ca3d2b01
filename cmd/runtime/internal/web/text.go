package web

import (
	"strings"
	"unicode/utf8"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

// isText says that a body can travel as a JSON string unharmed and is shorter so than as base64: a text type, not
// compressed, valid UTF-8.
func isText(response upstream.Response) bool {
	if coding := response.Header.Get("Content-Encoding"); coding != "" && coding != "identity" {
		return false
	}
	return textType(response.Header.Get("Content-Type")) && utf8.Valid(response.Body)
}

func textType(contentType string) bool {
	media, _, _ := strings.Cut(contentType, ";")
	media = strings.ToLower(strings.TrimSpace(media))
	if strings.HasPrefix(media, "text/") || strings.HasSuffix(media, "+json") || strings.HasSuffix(media, "+xml") {
		return true
	}
	switch media {
	case "application/json", "application/xml", "application/javascript", "application/x-www-form-urlencoded",
		"application/x-ndjson":
		return true
	}
	return false
}

// appendEscaped writes valid UTF-8 as the inside of a JSON string. The standard encoder would also escape <, > and &,
// which every page is full of, and needs another copy.
func appendEscaped(dst, text []byte) []byte {
	start := 0
	for i, b := range text {
		if b >= ' ' && b != '"' && b != '\\' {
			continue
		}
		dst = append(dst, text[start:i]...)
		start = i + 1
		switch b {
		case '"', '\\':
			dst = append(dst, '\\', b)
		case '\n':
			dst = append(dst, '\\', 'n')
		case '\r':
			dst = append(dst, '\\', 'r')
		case '\t':
			dst = append(dst, '\\', 't')
		default:
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[b>>4], hexDigits[b&15])
		}
	}
	return append(dst, text[start:]...)
}
