package model

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Input is a request before it has types.
type Input struct {
	// Body holds the members of the body, or of the member that is the body: maps, lists, strings, json.Number and
	// booleans. It is nil where the body is not looked at.
	Body map[string]any
	// Text says that all leaves are strings, and lists are elements or numbered: forms and XML.
	Text   bool
	Path   map[string]string
	Query  url.Values
	Header http.Header
}

// Check gives everything that an operation's model refuses in its input; nothing for what the table does not have.
func (s *Service) Check(operation string, in Input) []Violation {
	if s == nil || s.Operations[operation] == "" {
		return nil
	}
	c := checker{shapes: s.Shapes, text: in.Text}
	shape := s.Shapes[s.Operations[operation]]
	for _, name := range slices.Sorted(maps.Keys(shape.Members)) {
		value, given := in.member(shape, name)
		before := len(c.found)
		c.member(shape, name, lower(name), value, given)
		for i := before; i < len(c.found); i++ {
			c.found[i].In = shape.Members[name].In
		}
	}
	return c.found
}

// member finds a member of an input in its place; of a body that is not looked at, all are taken for given.
func (in Input) member(shape *Shape, name string) (value any, given bool) {
	m := shape.Members[name]
	switch wire := m.on(name); m.In {
	case "uri":
		text, ok := in.Path[wire]
		return text, ok
	case "querystring":
		return several(in.Query[wire])
	case "header":
		return several(in.Header.Values(wire))
	case "headers":
		return nil, false
	default:
		switch {
		case in.Body == nil:
			return unseen{}, true
		case name == shape.Payload:
			return in.Body, true
		}
		value = in.Body[wire]
		return value, value != nil
	}
}

// unseen is a value that is there and not looked at.
type unseen struct{}

func several(values []string) (any, bool) {
	switch len(values) {
	case 0:
		return nil, false
	case 1:
		return values[0], true
	}
	list := make([]any, len(values))
	for i, v := range values {
		list[i] = v
	}
	return list, true
}

// on is the member's name in a request.
func (m Member) on(name string) string { return cmp.Or(m.Name, name) }

type checker struct {
	shapes map[string]*Shape
	text   bool
	found  []Violation
}

func (c *checker) member(of *Shape, name, path string, value any, given bool) {
	if !given {
		if slices.Contains(of.Required, name) {
			c.found = append(c.found, Violation{Path: path, Missing: true, Constraint: "Member must not be null"})
		}
		return
	}
	c.value(c.shapes[of.Members[name].Shape], path, value)
}

func (c *checker) value(shape *Shape, path string, value any) {
	if _, hidden := value.(unseen); hidden || shape == nil {
		return
	}
	switch shape.Type {
	case "structure":
		members, _ := value.(map[string]any)
		for _, name := range slices.Sorted(maps.Keys(shape.Members)) {
			inner := members[shape.Members[name].on(name)]
			c.member(shape, name, path+"."+lower(name), inner, inner != nil)
		}
	case "list":
		c.list(shape, path, c.items(shape, value))
	case "map":
		c.mapping(shape, path, c.entries(value))
	default:
		c.refuse(shape, path, fmt.Sprint(value), shape.leaf(value))
	}
}

func (c *checker) refuse(shape *Shape, path, value string, constraints []string) {
	for _, constraint := range constraints {
		c.found = append(c.found, Violation{Path: path, Value: value, Sensitive: shape.Sensitive, Constraint: constraint})
	}
}

func (c *checker) list(shape *Shape, path string, items []any) {
	c.refuse(shape, path, listed(items), shape.length(len(items)))
	item := c.shapes[shape.Item.Shape]
	if item == nil {
		return
	}
	if item.whole() {
		for i, inner := range items {
			c.value(item, path+"."+strconv.Itoa(i+1)+".member", inner)
		}
		return
	}
	if slices.ContainsFunc(items, func(inner any) bool { return len(item.leaf(inner)) > 0 }) {
		c.refuse(shape, path, listed(items), []string{"Member must satisfy constraint: [" + item.all() + "]"})
	}
}

func (c *checker) mapping(shape *Shape, path string, entries map[string]any) {
	c.refuse(shape, path, "{}", shape.length(len(entries)))
	key, value := c.shapes[shape.Key.Shape], c.shapes[shape.Value.Shape]
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		if key != nil && len(key.leaf(name)) > 0 {
			c.found = append(c.found, Violation{Path: path, Value: name, Sensitive: true,
				Constraint: "Map keys must satisfy constraint: [" + key.all() + "]"})
		}
		if value == nil {
			continue
		}
		if value.whole() {
			c.value(value, path+"."+name+".member", entries[name])
		} else if len(value.leaf(entries[name])) > 0 {
			c.found = append(c.found, Violation{Path: path, Sensitive: true,
				Constraint: "Map value must satisfy constraint: [" + value.all() + "]"})
		}
	}
}

// whole says that a shape has members.
func (s *Shape) whole() bool { return s.Type == "structure" || s.Type == "list" || s.Type == "map" }

// leaf gives the constraints that a string, a blob or a number does not hold to.
func (s *Shape) leaf(value any) []string {
	if s.Type == "number" {
		number, err := strconv.ParseFloat(fmt.Sprint(value), 64)
		if err != nil {
			return nil
		}
		return s.bounds("value", number)
	}
	var text string
	switch value := value.(type) {
	case string:
		text = value
	case json.Number:
		text = value.String()
	default:
		return nil
	}
	if s.Type == "blob" {
		return s.length(base64.StdEncoding.DecodedLen(len(text)) - strings.Count(text, "="))
	}
	broken := s.length(utf8.RuneCountInString(text))
	if s.pattern != nil && !s.pattern.MatchString(text) || s.not != nil && s.not.MatchString(text) {
		broken = append(broken, s.matching())
	}
	if s.Enum != nil && !slices.Contains(s.Enum, text) {
		broken = append(broken, s.oneOf())
	}
	return broken
}

func (s *Shape) length(n int) []string { return s.bounds("length", float64(n)) }

func (s *Shape) bounds(what string, n float64) []string {
	switch {
	case s.Max != nil && n > *s.Max:
		return []string{atMost(what, *s.Max)}
	case s.Min != nil && n < *s.Min:
		return []string{atLeast(what, *s.Min)}
	}
	return nil
}
