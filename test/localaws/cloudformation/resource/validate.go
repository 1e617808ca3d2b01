package resource

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// Opaque marks values that are not known before the deployment; the schema accepts them unseen.
type Opaque interface{ OpaqueValue() }

// Conform checks properties against the schema and converts scalars to the declared kinds.
// Problems are worded as the resource provider framework words them, one per line.
func (s Schema) Conform(properties map[string]any) (map[string]any, []string) {
	return s.object(properties, "#")
}

func (s Schema) object(properties map[string]any, path string) (map[string]any, []string) {
	var problems []string
	conformed := make(map[string]any, len(properties))
	for _, key := range sorted(properties) {
		property, ok := s[key]
		if !ok {
			problems = append(problems, fmt.Sprintf("%s: extraneous key [%s] is not permitted", path, key))
			continue
		}
		value, found := property.conform(properties[key], path+"/"+key)
		problems = append(problems, found...)
		conformed[key] = value
	}
	for _, key := range sorted(s) {
		if _, given := properties[key]; s[key].Required && !given {
			problems = append(problems, fmt.Sprintf("%s: required key [%s] not found", path, key))
		}
	}
	return conformed, problems
}

func (p Property) conform(value any, path string) (any, []string) {
	if _, ok := value.(Opaque); ok {
		return value, nil
	}
	switch p.Kind {
	case JSON:
		return value, nil
	case List:
		return p.list(value, path)
	case Object, Map:
		return p.fields(value, path)
	}
	return p.scalar(value, path)
}

func (p Property) list(value any, path string) (any, []string) {
	list, ok := value.([]any)
	if !ok {
		return nil, wrongType(List, value, path)
	}
	problems := p.Limits.list(len(list), path)
	conformed := make([]any, 0, len(list))
	for i, entry := range list {
		item, found := p.Items.conform(entry, path+"/"+strconv.Itoa(i))
		problems = append(problems, found...)
		conformed = append(conformed, item)
	}
	return conformed, problems
}

func (p Property) fields(value any, path string) (any, []string) {
	object, ok := value.(map[string]any)
	if !ok {
		return nil, wrongType(Object, value, path)
	}
	if p.Kind == Object {
		return p.Fields.object(object, path)
	}
	var problems []string
	conformed := make(map[string]any, len(object))
	for _, key := range sorted(object) {
		item, found := p.Items.conform(object[key], path+"/"+key)
		problems = append(problems, found...)
		conformed[key] = item
	}
	return conformed, problems
}

func (p Property) scalar(value any, path string) (any, []string) {
	var text string
	switch v := value.(type) {
	case string:
		text = v
	case bool, int, int32, int64, float64:
		text = fmt.Sprint(v)
	case json.Number:
		text = v.String()
	default:
		return nil, wrongType(p.Kind, value, path)
	}
	converted, err := p.convert(text)
	if err != nil {
		return nil, wrongType(p.Kind, value, path)
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, text) {
		return nil, []string{fmt.Sprintf("%s: %s is not a valid enum value", path, text)}
	}
	switch v := converted.(type) {
	case int64:
		return converted, p.Limits.number(float64(v), path)
	case float64:
		return converted, p.Limits.number(v, path)
	case string:
		return converted, p.Limits.text(v, path)
	}
	return converted, nil
}

func (p Property) convert(text string) (any, error) {
	switch p.Kind {
	case Integer:
		return strconv.ParseInt(text, 10, 64)
	case Number:
		return strconv.ParseFloat(text, 64)
	case Boolean:
		return strconv.ParseBool(strings.ToLower(text))
	}
	return text, nil
}

func wrongType(want Kind, value any, path string) []string {
	if want == Map {
		want = Object
	}
	return []string{fmt.Sprintf("%s: expected type: %s, found: %s", path, want, kindOf(value))}
}

func kindOf(value any) Kind {
	switch value.(type) {
	case string:
		return String
	case bool:
		return Boolean
	case []any:
		return List
	case map[string]any:
		return Object
	case nil:
		return "Null"
	}
	return Number
}

func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
