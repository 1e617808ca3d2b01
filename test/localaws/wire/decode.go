package wire

import (
	"encoding/json"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
)

// tree is a request before it has types: map[string]any, []any, string, json.Number, bool or nil.
// Forms and XML have strings only.
type tree = any

// strict fills typed values from a tree and refuses what it does not know.
type strict struct {
	naming func(string) string
	// text says that all leaves are strings (forms, XML, query strings) and lists are maps of "member" or "1", "2".
	text bool
}

type refusal struct{ message string }

func (r refusal) Error() string { return r.message }

func refuse(format string, args ...any) error { return refusal{fmt.Sprintf(format, args...)} }

var (
	timeType = reflect.TypeFor[time.Time]()
	rawType  = reflect.TypeFor[json.RawMessage]()
	anyType  = reflect.TypeFor[any]()
)

// object fills the body members of a struct.
func (s strict) object(v reflect.Value, in map[string]any, path string) error {
	known := map[string]field{}
	for _, f := range fieldsOf(v.Type(), s.naming) {
		if f.place == "" {
			known[f.name] = f
		}
	}
	for _, name := range sortedKeys(in) {
		f, ok := known[name]
		if !ok {
			return refuse("Unknown parameter: %s", join(path, name))
		}
		if in[name] == nil {
			continue
		}
		if err := s.value(v.FieldByIndex(f.index), in[name], join(path, name), f); err != nil {
			return err
		}
	}
	return nil
}

// missing checks the required members of all places, after everything was filled.
func (s strict) missing(v reflect.Value, path string) error {
	for _, f := range fieldsOf(v.Type(), s.naming) {
		fv := v.FieldByIndex(f.index)
		if f.required && fv.IsZero() {
			return refuse("Missing required parameter: %s", join(path, f.name))
		}
		if f.place != "" && f.place != "payload" {
			continue
		}
		if err := s.missingInside(fv, join(path, f.name)); err != nil {
			return err
		}
	}
	return nil
}

func (s strict) missingInside(v reflect.Value, path string) error {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			return s.missingInside(v.Elem(), path)
		}
	case reflect.Struct:
		if v.Type() != timeType {
			return s.missing(v, path)
		}
	case reflect.Slice:
		for i := range v.Len() {
			if err := s.missingInside(v.Index(i), fmt.Sprintf("%s[%d]", path, i)); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s strict) value(v reflect.Value, in tree, path string, f field) error {
	switch {
	case v.Type() == timeType:
		return s.time(v, in, path)
	case v.Type() == rawType:
		raw, err := json.Marshal(in)
		v.SetBytes(raw)
		return err
	case v.Type() == anyType:
		v.Set(reflect.ValueOf(in))
		return nil
	}
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		return s.value(v.Elem(), in, path, f)
	case reflect.Struct:
		return s.nested(v, in, path)
	case reflect.Slice:
		return s.list(v, in, path, f)
	case reflect.Map:
		return s.mapping(v, in, path, f)
	}
	return s.scalar(v, in, path)
}

func (s strict) nested(v reflect.Value, in tree, path string) error {
	if text, ok := in.(string); ok && s.text && strings.TrimSpace(text) == "" {
		return nil
	}
	members, ok := in.(map[string]any)
	if !ok {
		return refuse("Invalid type for parameter %s: expected a structure", path)
	}
	return s.object(v, members, path)
}

func (s strict) list(v reflect.Value, in tree, path string, f field) error {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		return s.blob(v, in, path)
	}
	items, err := s.items(in, path, f)
	if err != nil {
		return err
	}
	out := reflect.MakeSlice(v.Type(), len(items), len(items))
	for i, item := range items {
		if item == nil {
			return refuse("Invalid value for parameter %s[%d]: null", path, i)
		}
		if err := s.value(out.Index(i), item, fmt.Sprintf("%s[%d]", path, i), field{item: "member"}); err != nil {
			return err
		}
	}
	v.Set(out)
	return nil
}

func (s strict) mapping(v reflect.Value, in tree, path string, f field) error {
	members, ok := in.(map[string]any)
	if !ok {
		return refuse("Invalid type for parameter %s: expected a map", path)
	}
	if s.text {
		var err error
		if members, err = entries(members, path); err != nil {
			return err
		}
	}
	out := reflect.MakeMapWithSize(v.Type(), len(members))
	for _, name := range sortedKeys(members) {
		if members[name] == nil {
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		if err := s.value(item, members[name], join(path, name), f); err != nil {
			return err
		}
		out.SetMapIndex(reflect.ValueOf(name).Convert(v.Type().Key()), item)
	}
	v.Set(out)
	return nil
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}
