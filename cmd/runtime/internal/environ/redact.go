package environ

import (
	"cmp"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
)

// minSecret is the length in bytes from which a value is unique enough to be recognized; hiding shorter ones would garble ordinary text.
const minSecret = 6

// Redactor hides the values of secrets in text that leaves the function: error messages and the ends of outputs.
type Redactor struct{ replace *strings.Replacer }

// NewRedactor knows the secrets of a bundle.
func NewRedactor(bundle function.Bundle) Redactor {
	var names []string
	for name, value := range bundle.Secrets {
		if len(strings.TrimSpace(value)) >= minSecret {
			names = append(names, name)
		}
	}
	// The longest first: a secret that begins another must not leave the other's end behind.
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(cmp.Compare(len(bundle.Secrets[b]), len(bundle.Secrets[a])), cmp.Compare(a, b))
	})
	var pairs []string
	for _, name := range names {
		pairs = append(pairs, strings.TrimSpace(bundle.Secrets[name]), "[secret "+name+"]")
	}
	return Redactor{replace: strings.NewReplacer(pairs...)}
}

// Hide returns the text without the secrets' values.
func (r Redactor) Hide(text string) string {
	if r.replace == nil {
		return text
	}
	return r.replace.Replace(text)
}
