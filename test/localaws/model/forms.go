package model

import (
	"slices"
	"strconv"
	"strings"
)

// items brings JSON's lists and those of forms and XML into one shape.
func (c *checker) items(shape *Shape, value any) []any {
	if list, ok := value.([]any); ok {
		return list
	}
	if !c.text {
		return nil
	}
	if members, ok := value.(map[string]any); ok && !shape.Flat {
		value = members[shape.Item.on("member")]
		if value == nil {
			value = members
		}
		if list, ok := value.([]any); ok {
			return list
		}
	}
	if numbered, ok := value.(map[string]any); ok && len(numbered) > 0 {
		if list := numberedItems(numbered); list != nil {
			return list
		}
	}
	if text, ok := value.(string); ok && strings.TrimSpace(text) == "" && !shape.Flat {
		return nil
	}
	return []any{value}
}

func numberedItems(members map[string]any) []any {
	numbers := make([]int, 0, len(members))
	for name := range members {
		n, err := strconv.Atoi(name)
		if err != nil {
			return nil
		}
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	list := make([]any, len(numbers))
	for i, n := range numbers {
		list[i] = members[strconv.Itoa(n)]
	}
	return list
}

// entries reads a map; a form writes it as numbered pairs.
func (c *checker) entries(value any) map[string]any {
	members, _ := value.(map[string]any)
	pairs, ok := members["entry"].(map[string]any)
	if !c.text || !ok {
		return members
	}
	out := map[string]any{}
	for _, pair := range numberedItems(pairs) {
		entry, _ := pair.(map[string]any)
		if key, ok := entry["key"].(string); ok {
			out[key] = entry["value"]
		}
	}
	return out
}
