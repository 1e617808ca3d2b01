package web

import "strings"

const hexDigits = "0123456789ABCDEF"

// pathBytes are those that a path may hold beside letters and digits (RFC 3986, 3.3): servers refuse others.
const pathBytes = "/-._~!$&'()*+,;=:@"

// encodePath encodes a path that was decoded once, so that each of its bytes stands for itself.
func encodePath(decoded string) string {
	return escape(decoded, func(at int) bool { return inPath(decoded[at]) })
}

// mendPath makes a path fit for a request line and leaves it as it came otherwise.
func mendPath(sent string) string {
	return escape(sent, func(at int) bool {
		if sent[at] == '%' {
			return at+2 < len(sent) && isHex(sent[at+1]) && isHex(sent[at+2])
		}
		return inPath(sent[at])
	})
}

// mendQuery makes a query fit for a request line and leaves it as it came otherwise: what its signs mean is between the
// client and the application.
func mendQuery(sent string) string {
	return escape(sent, func(at int) bool { return ' ' < sent[at] && sent[at] < 0x7f && sent[at] != '#' })
}

func inPath(b byte) bool {
	return 'a' <= b && b <= 'z' || 'A' <= b && b <= 'Z' || '0' <= b && b <= '9' || strings.IndexByte(pathBytes, b) >= 0
}

// escape percent-encodes every byte that may not stay.
func escape(text string, stays func(at int) bool) string {
	clean := true
	for i := 0; i < len(text) && clean; i++ {
		clean = stays(i)
	}
	if clean {
		return text
	}
	var out strings.Builder
	for i := range len(text) {
		if stays(i) {
			out.WriteByte(text[i])
			continue
		}
		out.WriteByte('%')
		out.WriteByte(hexDigits[text[i]>>4])
		out.WriteByte(hexDigits[text[i]&15])
	}
	return out.String()
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
