// Package model holds what AWS's service models say of an operation's input: which members are required, and which
// lengths, values, patterns and enumerations they have. The local AWS holds every request to it before the operation
// sees it, as the services do.
//
// constraints.json is distilled from the models by generate, which says where they come from; nothing in it is
// written by hand.
package model

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
)

//go:generate go run ./generate -o constraints.json

// Table is the constraints of all services, by the name that the local AWS has for them.
type Table map[string]*Service

// Service is the constraints of one service.
type Service struct {
	// Operations names the shape of each operation's input; it is empty for an input without constraints.
	Operations map[string]string `json:"operations"`
	Shapes     map[string]*Shape `json:"shapes"`
}

// Shape is one type of the model, as far as it constrains anything.
type Shape struct {
	// Type is structure, list, map, string, blob or number.
	Type string `json:"type"`
	// Min and Max bound the length of strings in characters, of blobs in bytes and of lists and maps in members, and the
	// value of numbers.
	Min *float64 `json:"min,omitempty"`
	Max *float64 `json:"max,omitempty"`
	// Pattern is what a whole string matches, as Java and the model write it.
	Pattern string   `json:"pattern,omitempty"`
	Enum    []string `json:"enum,omitempty"`
	// Sensitive values are not repeated in errors.
	Sensitive bool `json:"sensitive,omitempty"`
	// Flat lists have no element around them.
	Flat     bool              `json:"flat,omitempty"`
	Required []string          `json:"required,omitempty"`
	Members  map[string]Member `json:"members,omitempty"`
	// Payload names the member that is the whole body.
	Payload string `json:"payload,omitempty"`
	// Item is a list's member, Key and Value are a map's.
	Item  *Member `json:"item,omitempty"`
	Key   *Member `json:"key,omitempty"`
	Value *Member `json:"value,omitempty"`

	pattern, not *regexp.Regexp
}

// Member is a shape in its place.
type Member struct {
	// Shape is empty where only the member's presence matters.
	Shape string `json:"shape,omitempty"`
	// Name is the member's name on the wire, where it has another one there.
	Name string `json:"name,omitempty"`
	// In is uri, querystring, header or headers; empty for the body.
	In string `json:"in,omitempty"`
}

//go:embed constraints.json
var constraints []byte

var table = sync.OnceValues(func() (Table, error) {
	t := Table{}
	if err := json.Unmarshal(constraints, &t); err != nil {
		return nil, fmt.Errorf("reading the service models: %w", err)
	}
	for name, service := range t {
		for shape, s := range service.Shapes {
			if err := s.compile(); err != nil {
				return nil, fmt.Errorf("reading the pattern of %s in the model of %s: %w", shape, name, err)
			}
		}
	}
	return t, nil
})

// Constraints is the table, read once.
func Constraints() (Table, error) { return table() }

var (
	// javaEscape is a character as Java's patterns and the models write it, beyond the sixteen bits too.
	javaEscape = regexp.MustCompile(`\\u(10FFFF|10000|[0-9A-Fa-f]{4})`)
	// lookahead at the beginning says what a string must not match.
	lookahead = regexp.MustCompile(`^\(\?!(\^[^()]*\$)\)`)
)

func (s *Shape) compile() (err error) {
	text := javaEscape.ReplaceAllString(s.Pattern, `\x{$1}`)
	if not := lookahead.FindStringSubmatch(text); not != nil {
		text = text[len(not[0]):]
		if s.not, err = regexp.Compile(not[1]); err != nil {
			return err
		}
	}
	if text != "" {
		s.pattern, err = regexp.Compile(`^(?s:` + text + `)$`)
	}
	return err
}

// Readable says whether a pattern of a model is one that this package can hold strings to.
func Readable(pattern string) bool { return (&Shape{Pattern: pattern}).compile() == nil }
