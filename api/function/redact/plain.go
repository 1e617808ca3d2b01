package redact

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Plain gives a text without what steers a terminal or misleads a reader: escape sequences, control characters other
// than line feeds and tabs, and marks that turn the direction of writing. A carriage return ends a line, and a byte
// that is no UTF-8 becomes a question mark.
func Plain(text string) string {
	var p plain
	return string(p.pass(p.pass(nil, []byte(text), false), nil, true))
}

// plain is where a text stands in an escape sequence (ECMA-48, 5.4 and 8.3).
type plain struct {
	// held is the beginning of a character.
	held []byte
	in   sequence
	// returned says that the last character was a carriage return.
	returned bool
}

type sequence int

const (
	// none: outside of a sequence.
	none sequence = iota
	// escape: after ESC, until a final byte.
	escape
	// control: after ESC [, until a final byte.
	control
	// command: a string such as a window's title, until BEL or ESC \, or at the latest the end of the line.
	command
	// commandEnds: after an ESC within a command.
	commandEnds
)

// pass appends to out what of the text is plain; an unfinished character is held, unless the text is the last.
func (p *plain) pass(out, text []byte, last bool) []byte {
	text = append(p.held, text...)
	p.held = nil
	for len(text) > 0 {
		if !last && !utf8.FullRune(text) {
			p.held = text
			return out
		}
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			r = '?'
		}
		text = text[size:]
		if r, shown := p.next(r); shown {
			out = utf8.AppendRune(out, r)
		}
	}
	return out
}

// next says what of a character is shown.
func (p *plain) next(r rune) (rune, bool) {
	if r == '\n' || r == '\r' {
		p.in = none // no sequence goes on in the next line
	}
	if p.in != none {
		p.follow(r)
		return 0, false
	}
	afterReturn := p.returned
	p.returned = r == '\r'
	switch {
	case r == '\r', r == '\u2028', r == '\u2029':
		return '\n', true
	case r == '\n':
		return r, !afterReturn
	case r == '\t':
		return r, true
	case begins(r) != none:
		p.in = begins(r)
		return 0, false
	}
	return r, !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) && r != '\ufeff'
}

// begins is the sequence that a character begins, in one of its two forms.
func begins(r rune) sequence {
	switch r {
	case 0x1b:
		return escape
	case 0x9b:
		return control
	}
	if strings.ContainsRune("\u0090\u0098\u009d\u009e\u009f", r) {
		return command
	}
	return none
}

// follow goes on within a sequence.
func (p *plain) follow(r rune) {
	switch p.in {
	case escape:
		switch {
		case r == '[':
			p.in = control
		case strings.ContainsRune("PX]^_", r):
			p.in = command
		case r < 0x20 || r > 0x2f:
			p.in = none
		}
	case control:
		if r < 0x20 || r > 0x3f {
			p.in = none
		}
	case command:
		switch r {
		case 0x07, 0x9c:
			p.in = none
		case 0x1b:
			p.in = commandEnds
		}
	default:
		p.in = command
		if r == '\\' {
			p.in = none
		}
	}
}
