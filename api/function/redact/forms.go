package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// sayNothing are words that many applications take for "not set", or for a setting that is no secret.
var sayNothing = []string{"true", "false", "null", "none", "undefined", "localhost"}

// pieces are the parts of a value that are hidden.
func pieces(value string) []string {
	whole := strings.TrimSpace(value)
	all := []string{value, whole}
	for line := range strings.Lines(whole) {
		line = strings.TrimSpace(line)
		all = append(all, line)
		all = append(all, partsOfURL(line)...)
	}
	return slices.DeleteFunc(all, ordinary)
}

// ordinary says that hiding a piece would hide what has nothing to do with the secret.
func ordinary(piece string) bool {
	text := strings.TrimSpace(piece)
	return len(text) < least || ownAddress(text) ||
		slices.ContainsFunc(sayNothing, func(word string) bool { return strings.EqualFold(word, text) })
}

// ownAddress says that an address is the same on every machine.
func ownAddress(text string) bool {
	address, err := netip.ParseAddr(text)
	return err == nil && (address.IsLoopback() || address.IsUnspecified())
}

// formsOf are the ways in which a piece is written, some of them more than once.
func formsOf(piece string) []string {
	forms := []string{piece}
	if strings.ContainsFunc(piece, escaped) {
		forms = slices.Concat(forms, jsonForms(piece), urlForms(piece))
	}
	raw := []byte(piece)
	return append(forms, base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw))
}

// escaped says that JSON or URLs may write a character otherwise than it is. The others are the unreserved ones of
// RFC 3986, section 2.3, of which most values consist alone.
func escaped(r rune) bool {
	return !isAlphanumeric(r) && !strings.ContainsRune("-._~", r)
}

func isAlphanumeric(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// window is how many bytes of a form are looked for at once. Without a bound, a value of a million equal characters in
// an output of such ones would take minutes to hide, and a stream would hold back as much.
const window = 1 << 10

// windows are parts of a form that cover it: where all of it is, all of them are found.
func windows(form string) []string {
	var parts []string
	for len(form) > window {
		parts = append(parts, form[:window])
		form = form[min(window, len(form)-window):]
	}
	return append(parts, form)
}

// urlForms are the piece in a query, in a path, and as encodeURIComponent and its likes write it.
func urlForms(piece string) []string {
	query := url.QueryEscape(piece)
	return []string{query, url.PathEscape(piece), strings.ReplaceAll(query, "+", "%20")}
}

// jsonForms are the piece within a JSON string: as short as can be, with the characters of HTML escaped (Go), with all
// but ASCII escaped (Python), and with slashes escaped too (PHP), with and without the characters beyond ASCII.
func jsonForms(piece string) []string {
	plain := inJSON(piece, false)
	ascii := escapeBeyondASCII(plain)
	return []string{plain, inJSON(piece, true), ascii, escapeSlashes(ascii), escapeSlashes(plain)}
}

func inJSON(piece string, escapeHTML bool) string {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(escapeHTML)
	if encoder.Encode(piece) != nil {
		return piece
	}
	return strings.TrimSuffix(strings.TrimPrefix(out.String(), `"`), "\"\n")
}

func escapeSlashes(text string) string { return strings.ReplaceAll(text, "/", `\/`) }

func escapeBeyondASCII(text string) string {
	var out strings.Builder
	for _, r := range text {
		if r < utf8.RuneSelf {
			out.WriteByte(byte(r))
			continue
		}
		for _, unit := range utf16.AppendRune(nil, r) {
			fmt.Fprintf(&out, `\u%04x`, unit)
		}
	}
	return out.String()
}
