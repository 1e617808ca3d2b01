package wire

import (
	"sort"
	"strconv"
	"strings"
)

// items brings JSON's lists and the list forms of query and XML into one shape.
func (s strict) items(in tree, path string, f field) ([]any, error) {
	if items, ok := in.([]any); ok {
		return items, nil
	}
	if !s.text {
		return nil, refuse("Invalid type for parameter %s: expected a list", path)
	}
	if f.flat {
		return oneOrMany(in), nil
	}
	if text, ok := in.(string); ok && strings.TrimSpace(text) == "" {
		return []any{}, nil
	}
	members, ok := in.(map[string]any)
	if !ok {
		return nil, refuse("Invalid type for parameter %s: expected a list", path)
	}
	if inner, ok := members[f.item]; ok && len(members) == 1 {
		return oneOrMany(inner), nil
	}
	if numbered, ok := numberedItems(members); ok {
		return numbered, nil
	}
	return nil, refuse("Unknown parameter: %s", join(path, sortedKeys(members)[0]))
}

// oneOrMany is a list of elements: repeated in XML, numbered in a form, or a single one.
func oneOrMany(in tree) []any {
	if items, ok := in.([]any); ok {
		return items
	}
	if numbered, ok := numberedItems(in); ok {
		return numbered
	}
	return []any{in}
}

// numberedItems reads {"1": .., "2": ..} as a form has lists.
func numberedItems(in tree) ([]any, bool) {
	members, ok := in.(map[string]any)
	if !ok || len(members) == 0 {
		return nil, false
	}
	numbers := make([]int, 0, len(members))
	for name := range members {
		n, err := strconv.Atoi(name)
		if err != nil {
			return nil, false
		}
		numbers = append(numbers, n)
	}
	sort.Ints(numbers)
	items := make([]any, len(numbers))
	for i, n := range numbers {
		items[i] = members[strconv.Itoa(n)]
	}
	return items, true
}

// entries reads a form's map: {"entry": {"1": {"key": .., "value": ..}}}.
func entries(in map[string]any, path string) (map[string]any, error) {
	items, ok := numberedItems(in["entry"])
	if !ok {
		return nil, refuse("Invalid type for parameter %s: expected a map", path)
	}
	out := map[string]any{}
	for _, item := range items {
		pair, _ := item.(map[string]any)
		key, ok := pair["key"].(string)
		if !ok {
			return nil, refuse("Invalid type for parameter %s: an entry without a key", path)
		}
		out[key] = pair["value"]
	}
	return out, nil
}
