package web

import "strings"

const hexDigits = "0123456789ABCDEF"

// escape makes text fit for a request line and changes nothing that fits already: percent-encoded text stays as it is,
// and what a gateway has decoded (spaces, letters beyond ASCII, a lone percent sign) is encoded again. The bytes in
// also are encoded too.
func escape(text, also string) string {
	clean := true
	for i := 0; i < len(text) && clean; i++ {
		clean = !mustEscape(text, i, also)
	}
	if clean {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		if !mustEscape(text, i, also) {
			out.WriteByte(text[i])
			continue
		}
		out.WriteByte('%')
		out.WriteByte(hexDigits[text[i]>>4])
		out.WriteByte(hexDigits[text[i]&15])
	}
	return out.String()
}

func mustEscape(text string, at int, also string) bool {
	b := text[at]
	if b == '%' {
		return at+2 >= len(text) || !isHex(text[at+1]) || !isHex(text[at+2])
	}
	return b <= ' ' || b >= 0x7f || strings.IndexByte(also, b) >= 0
}

func isHex(b byte) bool {
	return '0' <= b && b <= '9' || 'a' <= b && b <= 'f' || 'A' <= b && b <= 'F'
}

// token says that text is a method or header name (RFC 9110, 5.6.2).
func token(text string) bool {
	for i := range len(text) {
		b := text[i]
		if b <= ' ' || b >= 0x7f || strings.IndexByte(`"(),/:;<=>?@[\]{}`, b) >= 0 {
			return false
		}
	}
	return text != ""
}

// line says that a value fits into one header line.
func line(value string) bool {
	return !strings.ContainsAny(value, "\r\n\x00")
}
