package wire

import (
	"reflect"
	"strings"
	"sync"
)

// field is one member of a structure as the wire tag describes it.
type field struct {
	index    []int
	name     string
	place    string // "", path, query, header, status, payload
	item     string
	required bool
	iso8601  bool
	flat     bool
	attr     bool
}

type fieldsKey struct {
	of     reflect.Type
	naming uintptr
}

var fieldsCache sync.Map

// fieldsOf lists the members of a struct type under a naming function.
func fieldsOf(t reflect.Type, naming func(string) string) []field {
	key := fieldsKey{t, reflect.ValueOf(naming).Pointer()}
	if known, ok := fieldsCache.Load(key); ok {
		return known.([]field)
	}
	list := readFields(t, naming, nil)
	fieldsCache.Store(key, list)
	return list
}

func readFields(t reflect.Type, naming func(string) string, prefix []int) []field {
	var list []field
	for i := range t.NumField() {
		f := t.Field(i)
		tag := f.Tag.Get("wire")
		index := append(append([]int(nil), prefix...), i)
		if f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct {
			list = append(list, readFields(f.Type, naming, index)...)
			continue
		}
		if tag == "-" || !f.IsExported() {
			continue
		}
		list = append(list, parseField(f.Name, tag, naming, index))
	}
	return list
}

func parseField(goName, tag string, naming func(string) string, index []int) field {
	parts := strings.Split(tag, ",")
	out := field{index: index, name: parts[0], item: "member"}
	if out.name == "" {
		out.name = naming(goName)
	}
	for _, option := range parts[1:] {
		switch {
		case option == "required":
			out.required = true
		case option == "iso8601":
			out.iso8601 = true
		case option == "flat":
			out.flat = true
		case option == "attr":
			out.attr = true
		case strings.HasPrefix(option, "item="):
			out.item = strings.TrimPrefix(option, "item=")
		case option == "":
		default:
			out.place = option
		}
	}
	return out
}
