package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/model"
)

// encode writes one shape a line, so that a change of the models can be read.
func encode(table map[string]*model.Service) []byte {
	var b bytes.Buffer
	line := func(key string, value any, last bool) {
		var text bytes.Buffer
		e := json.NewEncoder(&text)
		e.SetEscapeHTML(false)
		_ = e.Encode(value)
		comma := ","
		if last {
			comma = ""
		}
		fmt.Fprintf(&b, "%q: %s%s\n", key, bytes.TrimSpace(text.Bytes()), comma)
	}
	b.WriteString("{\n")
	for i, name := range slices.Sorted(maps.Keys(table)) {
		fmt.Fprintf(&b, "%q: {\"operations\": {\n", name)
		operations := slices.Sorted(maps.Keys(table[name].Operations))
		for j, operation := range operations {
			line(operation, table[name].Operations[operation], j == len(operations)-1)
		}
		b.WriteString("}, \"shapes\": {\n")
		shapes := slices.Sorted(maps.Keys(table[name].Shapes))
		for j, shape := range shapes {
			line(shape, table[name].Shapes[shape], j == len(shapes)-1)
		}
		b.WriteString("}}")
		if i < len(table)-1 {
			b.WriteString(",")
		}
		b.WriteString("\n")
	}
	b.WriteString("}\n")
	return b.Bytes()
}
