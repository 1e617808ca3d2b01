package model

import (
	"fmt"
	"strconv"
	"strings"
)

// Violation is one constraint that a request does not hold to.
type Violation struct {
	// Path is the member as AWS names it in errors: "tags.1.member.key".
	Path string
	// In is where the member of the input that it is in stands: uri, querystring, header, or empty for the body.
	In string
	// Missing says that a required member is absent.
	Missing bool
	// Value is what was given; Sensitive says that it is not repeated.
	Value     string
	Sensitive bool
	// Constraint is AWS's sentence: "Member must have length less than or equal to 64".
	Constraint string
}

// Message is what most services answer: "1 validation error detected: Value 'x' at 'roleName' failed to satisfy
// constraint: Member must ...".
func Message(violations []Violation) string {
	texts := make([]string, len(violations))
	for i, v := range violations {
		texts[i] = v.String()
	}
	noun := "error"
	if len(violations) > 1 {
		noun = "errors"
	}
	return fmt.Sprintf("%d validation %s detected: %s", len(violations), noun, strings.Join(texts, "; "))
}

// String is one violation in the words of Message.
func (v Violation) String() string {
	value := " '" + v.Value + "'"
	switch {
	case v.Missing:
		value = " null"
	case v.Sensitive:
		value = ""
	}
	return "Value" + value + " at '" + v.Path + "' failed to satisfy constraint: " + v.Constraint
}

func atMost(what string, n float64) string {
	return "Member must have " + what + " less than or equal to " + number(n)
}

func atLeast(what string, n float64) string {
	return "Member must have " + what + " greater than or equal to " + number(n)
}

func number(n float64) string { return strconv.FormatFloat(n, 'f', -1, 64) }

func (s *Shape) matching() string {
	return "Member must satisfy regular expression pattern: " + s.Pattern
}

func (s *Shape) oneOf() string {
	return "Member must satisfy enum value set: [" + strings.Join(s.Enum, ", ") + "]"
}

// all lists every constraint of a shape, as AWS does for what stands in a list or a map.
func (s *Shape) all() string {
	var list []string
	what := "length"
	if s.Type == "number" {
		what = "value"
	}
	if s.Max != nil {
		list = append(list, atMost(what, *s.Max))
	}
	if s.Min != nil {
		list = append(list, atLeast(what, *s.Min))
	}
	if s.Pattern != "" {
		list = append(list, s.matching())
	}
	if s.Enum != nil {
		list = append(list, s.oneOf())
	}
	return strings.Join(list, ", ")
}

// lower is a member's name as errors write it.
func lower(name string) string {
	if name == "" {
		return name
	}
	return strings.ToLower(name[:1]) + name[1:]
}

func listed(items []any) string {
	texts := make([]string, len(items))
	for i, item := range items {
		texts[i] = fmt.Sprint(item)
	}
	return "[" + strings.Join(texts, ", ") + "]"
}
