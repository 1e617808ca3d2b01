package redact

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
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

// pieces are the parts of a value that are hidden: what is a secret by itself, and the lines of several, which are
// many.
func pieces(value string) (secrets, lines []string) {
	whole := strings.TrimSpace(value)
	// What is hidden in is plain text.
	secrets = []string{value, Plain(value), whole}
	several := strings.Contains(whole, "\n")
	for line := range strings.Lines(whole) {
		line = strings.TrimSpace(line)
		if several {
			lines = append(lines, line, Plain(line))
		}
		secrets = append(secrets, partsOfURL(line)...)
	}
	return distinct(secrets), distinct(lines)
}

// distinct are the pieces worth hiding, each of them once.
func distinct(pieces []string) []string {
	slices.Sort(pieces)
	return slices.DeleteFunc(slices.Compact(pieces), ordinary)
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

// buriedForms are the ways in which a piece is a part of something longer or is cut into lines.
func buriedForms(piece string) []string {
	if len(piece) > maxBuried {
		return nil
	}
	return slices.Concat(hexForms(piece), base64Parts(piece))
}

// maxBuried is the longest piece with those forms, in bytes: larger than any key, and small enough for a function's
// memory.
const maxBuried = 16 << 10

func hexForms(piece string) []string {
	digits := hex.EncodeToString([]byte(piece))
	return []string{digits, strings.ToUpper(digits)}
}

// base64Lines are how long the lines of PEM, openssl and MIME are, in characters.
var base64Lines = []int{64, 76}

// base64Parts are the piece in base64, in lines and as a part of something longer, such as user:password.
func base64Parts(piece string) []string {
	raw := []byte(piece)
	var parts []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		whole := encoding.EncodeToString(raw)
		for _, length := range base64Lines {
			for at := 0; at < len(whole) && len(whole) > length; at += length {
				parts = append(parts, whole[at:min(at+length, len(whole))])
			}
		}
		for before := range 3 {
			parts = append(parts, within(encoding, before, raw))
		}
	}
	return slices.DeleteFunc(parts, func(part string) bool { return len(part) < leastPart })
}

// leastPart is how long a part of a form must be that stands for a piece: a shorter one may be a part of a word.
const leastPart = 8

// within are the characters that tell of nothing but the bytes, where others stand before and after them.
func within(encoding *base64.Encoding, before int, raw []byte) string {
	whole := encoding.EncodeToString(slices.Concat(make([]byte, before), raw))
	first, end := (before*8+5)/6, (before+len(raw))*8/6
	return whole[first:end]
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
