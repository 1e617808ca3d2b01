package resource

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"sync"
	"unicode/utf8"
)

//go:generate go run ./generate limits.json

// Limits are what CloudFormation's schema of a type says of one property.
type Limits struct {
	// Min and Max bound the length of a string in characters, the members of a list, or a number.
	Min     *float64 `json:"min,omitempty"`
	Max     *float64 `json:"max,omitempty"`
	Pattern string   `json:"pattern,omitempty"`
	Enum    []string `json:"enum,omitempty"`
	// Required are the members that an object must have.
	Required []string `json:"required,omitempty"`

	pattern *regexp.Regexp
}

//go:embed limits.json
var limitsText []byte

// limits are those of all types, by the path of the property: "/Rules/*/Status", "" for the properties as a whole.
var limits = sync.OnceValues(func() (map[string]map[string]Limits, error) {
	table := map[string]map[string]Limits{}
	if err := json.Unmarshal(limitsText, &table); err != nil {
		return nil, fmt.Errorf("reading the limits of resource types: %w", err)
	}
	for name, properties := range table {
		for path, l := range properties {
			var err error
			if l.pattern, err = regexp.Compile(l.Pattern); err != nil {
				return nil, fmt.Errorf("reading the pattern of %s of %s: %w", path, name, err)
			}
			properties[path] = l
		}
	}
	return table, nil
})

// bounded gives every property the limits of its type's schema.
func (s Schema) bounded(limits map[string]Limits, path string) Schema {
	out := Schema{}
	for name, property := range s {
		property = property.bounded(limits, path+"/"+name)
		property.Required = property.Required || slices.Contains(limits[path].Required, name)
		out[name] = property
	}
	return out
}

func (p Property) bounded(limits map[string]Limits, path string) Property {
	p.Limits = limits[path]
	if p.Fields != nil {
		p.Fields = p.Fields.bounded(limits, path)
	}
	if p.Items != nil && p.Kind == List {
		item := p.Items.bounded(limits, path+"/*")
		p.Items = &item
	}
	return p
}

// text gives what a string does not hold to, in the words of the resource provider framework.
func (l Limits) text(value, path string) (problems []string) {
	n := float64(utf8.RuneCountInString(value))
	if l.Max != nil && n > *l.Max {
		problems = append(problems, fmt.Sprintf("%s: expected maxLength: %.0f, actual: %.0f", path, *l.Max, n))
	}
	if l.Min != nil && n < *l.Min {
		problems = append(problems, fmt.Sprintf("%s: expected minLength: %.0f, actual: %.0f", path, *l.Min, n))
	}
	if l.Pattern != "" && !l.pattern.MatchString(value) {
		problems = append(problems, fmt.Sprintf("%s: failed validation constraint for keyword [pattern]", path))
	}
	if l.Enum != nil && !slices.Contains(l.Enum, value) {
		problems = append(problems, fmt.Sprintf("%s: %s is not a valid enum value", path, value))
	}
	return problems
}

func (l Limits) number(value float64, path string) []string {
	switch {
	case l.Max != nil && value > *l.Max:
		return []string{fmt.Sprintf("%s: %v is not less or equal to %v", path, value, *l.Max)}
	case l.Min != nil && value < *l.Min:
		return []string{fmt.Sprintf("%s: %v is not greater or equal to %v", path, value, *l.Min)}
	}
	return nil
}

func (l Limits) list(n int, path string) []string {
	switch {
	case l.Max != nil && float64(n) > *l.Max:
		return []string{fmt.Sprintf("%s: expected maximum item count: %.0f, found: %d", path, *l.Max, n)}
	case l.Min != nil && float64(n) < *l.Min:
		return []string{fmt.Sprintf("%s: expected minimum item count: %.0f, found: %d", path, *l.Min, n)}
	}
	return nil
}
