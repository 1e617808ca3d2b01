package logs

import "strings"

// pattern is a filter pattern over terms.
//
// AWS: "Filter pattern syntax", unstructured log events. Terms are case sensitive and all must
// occur; "?term" makes one of several enough; "-term" must not occur; quotes hold a phrase
// together. When optional terms stand beside required ones, AWS ignores the optional ones.
type pattern struct {
	required, optional, excluded []string
}

// parsePattern reads a filter pattern. Patterns over JSON fields, columns and regular expressions
// are AWS features that the local AWS does not have, so they are refused instead of ignored.
func parsePattern(text string) (pattern, error) {
	var p pattern
	rest := strings.TrimSpace(text)
	if rest != "" && strings.ContainsAny(rest[:1], "{[%") {
		return p, invalid("Invalid filter pattern: only terms and phrases are supported here")
	}
	for rest != "" {
		kind, term, left, ok := nextTerm(rest)
		if !ok || term == "" {
			return p, invalid("Invalid filter pattern")
		}
		switch kind {
		case '?':
			p.optional = append(p.optional, term)
		case '-':
			p.excluded = append(p.excluded, term)
		default:
			p.required = append(p.required, term)
		}
		rest = strings.TrimSpace(left)
	}
	return p, nil
}

// nextTerm takes one term off the text; its kind is '?', '-' or 0. Characters other than letters,
// digits and underscores must be quoted on AWS, which is what makes an unquoted "[INFO]" fail there.
func nextTerm(text string) (kind byte, term, rest string, ok bool) {
	if text[0] == '?' || text[0] == '-' {
		kind, text = text[0], text[1:]
	}
	if quoted, found := strings.CutPrefix(text, `"`); found {
		term, rest, ok = strings.Cut(quoted, `"`)
		return kind, term, rest, ok
	}
	term, rest, _ = strings.Cut(text, " ")
	return kind, term, rest, !strings.ContainsFunc(term, needsQuotes)
}

func needsQuotes(r rune) bool {
	letter := 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
	return !letter && r != '_' && r < 0x80
}

func (p pattern) matches(message string) bool {
	for _, term := range p.excluded {
		if strings.Contains(message, term) {
			return false
		}
	}
	for _, term := range p.required {
		if !strings.Contains(message, term) {
			return false
		}
	}
	if len(p.required) > 0 || len(p.optional) == 0 {
		return true
	}
	for _, term := range p.optional {
		if strings.Contains(message, term) {
			return true
		}
	}
	return false
}
