// Package redact hides secret values in what an application has printed, before it is stored or shown.
//
// The rule is the same for the function's runtime, which stores the output, and for the operator, which shows it. Of
// each value these pieces are hidden: the whole value, with and without the space around it; each of its lines without
// the space around it; and of each line that is a URL the user, the password and the host, as they are written and
// decoded. Each piece is hidden as it is and as JSON, URLs and base64 write it, and all but the lines also as
// hexadecimal digits, and in base64 that has lines or holds more than the piece. Where pieces overlap or follow each
// other they are hidden as one, from the beginning of the first to the end of the last. What is left is plain text: see
// Plain.
//
// What says nothing stays, for the sake of what people must be able to read: pieces of fewer than four bytes, which are
// parts of ordinary words; the words "true", "false", "null", "none", "undefined" and "localhost", and the addresses of
// the machine itself, such as 127.0.0.1; hosts of one label, such as "db"; and users that products come with, such as
// "root". A password is hidden whatever it is, those few words apart.
//
// It is a net for accidents, and no wall: a program can print a secret in forms that nobody foresees.
package redact

import (
	"slices"
	"sort"
	"strings"
)

// Replacement is what stands in place of a secret.
const Replacement = "[redacted]"

// least is how many bytes a piece must have, and by how many the index finds a form.
const least = 4

// Redactor hides the secrets that it was made for. It is safe for concurrent use, and the zero value hides nothing.
type Redactor struct {
	// forms are all texts to be hidden in the order of their bytes, so that those with the same beginning are together.
	forms []string
	// shorter has, for each form, the longest other one that it begins with; -1 where there is none.
	shorter []int
	// index has the places of the forms with the same beginning.
	index map[[least]byte]places
	// longest is how long the longest form is.
	longest int
}

// places are those from first to before end.
type places struct{ first, end int }

// New makes a redactor for secret values.
func New(values ...string) Redactor {
	var forms []string
	for _, value := range values {
		secrets, lines := pieces(value)
		for _, piece := range secrets {
			forms = appendWindows(forms, formsOf(piece), buriedForms(piece))
		}
		for _, piece := range lines {
			forms = appendWindows(forms, formsOf(piece))
		}
	}
	slices.Sort(forms)
	r := Redactor{forms: slices.Compact(forms), index: map[[least]byte]places{}}
	r.shorter = make([]int, len(r.forms))
	before := -1
	for at, form := range r.forms {
		for before >= 0 && !strings.HasPrefix(form, r.forms[before]) {
			before = r.shorter[before]
		}
		r.shorter[at], before = before, at
		beginning := [least]byte([]byte(form[:least]))
		same, known := r.index[beginning]
		if !known {
			same.first = at
		}
		r.index[beginning] = places{same.first, at + 1}
		r.longest = max(r.longest, len(form))
	}
	return r
}

func appendWindows(forms []string, more ...[]string) []string {
	for _, list := range more {
		for _, form := range list {
			forms = append(forms, windows(form)...)
		}
	}
	return forms
}

// Text gives the text, plain, without the secrets.
func (r Redactor) Text(text string) string {
	var s state
	hidden, _ := r.hide(&s, nil, []byte(Plain(text)), true)
	return string(hidden)
}

// state is where hiding stands in a text.
type state struct {
	// covered is how many bytes from here on belong to a secret that was found already.
	covered int
	// hiding says that the byte before here is hidden.
	hiding bool
}

// hide appends to out what of the text is decided, and says how many bytes those were: where the text goes on, which
// last denies, its end may be the beginning of a secret.
func (r Redactor) hide(s *state, out, text []byte, last bool) (_ []byte, decided int) {
	for at := range text {
		rest := text[at:]
		if !last && r.mayBecome(rest) {
			return out, at
		}
		s.covered = max(s.covered, r.begins(rest))
		switch {
		case s.covered == 0:
			out = append(out, text[at])
			s.hiding = false
			continue
		case !s.hiding:
			out = append(out, Replacement...)
			s.hiding = true
		}
		s.covered--
	}
	return out, len(text)
}

// begins gives the length of the longest form that the text begins with, or 0.
func (r Redactor) begins(text []byte) int {
	if len(text) < least {
		return 0
	}
	same, found := r.index[[least]byte(text[:least])]
	if !found {
		return 0
	}
	// No form after the text in order begins it, and of those before it, all that do begin the last one of them too.
	at := same.first + after(r.forms[same.first:same.end], text) - 1
	for ; at >= same.first; at = r.shorter[at] {
		if form := r.forms[at]; len(form) <= len(text) && string(text[:len(form)]) == form {
			return len(form)
		}
	}
	return 0
}

// mayBecome says that the whole text is the beginning of a form that is longer.
func (r Redactor) mayBecome(text []byte) bool {
	if len(text) >= r.longest {
		return false
	}
	next := after(r.forms, text)
	return next < len(r.forms) && len(r.forms[next]) > len(text) && r.forms[next][:len(text)] == string(text)
}

// after is the place of the first form that comes after the text in order.
func after(forms []string, text []byte) int {
	return sort.Search(len(forms), func(i int) bool { return forms[i] > string(text) })
}
