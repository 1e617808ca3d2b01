package wire

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"
)

// tree is a request before it has types: map[string]any, []any, string, json.Number, bool or nil. Forms and XML have strings only.
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

// items brings JSON's lists and the list forms of query and XML into one shape.
func (s strict) items(in tree, path string, f field) ([]any, error) {
	if items, ok := in.([]any); ok {
		return items, nil
	}
	if !s.text {
		return nil, refuse("Invalid type for parameter %s: expected a list", path)
	}
	if f.flat {
		if numbered, ok := numberedItems(in); ok {
			return numbered, nil
		}
		return []any{in}, nil
	}
	if text, ok := in.(string); ok && strings.TrimSpace(text) == "" {
		return []any{}, nil
	}
	members, ok := in.(map[string]any)
	if !ok {
		return nil, refuse("Invalid type for parameter %s: expected a list", path)
	}
	if inner, ok := members[f.item]; ok && len(members) == 1 {
		if items, ok := inner.([]any); ok {
			return items, nil
		}
		if numbered, ok := numberedItems(inner); ok {
			return numbered, nil
		}
		return []any{inner}, nil
	}
	if numbered, ok := numberedItems(members); ok {
		return numbered, nil
	}
	return nil, refuse("Unknown parameter: %s", join(path, sortedKeys(members)[0]))
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

func (s strict) blob(v reflect.Value, in tree, path string) error {
	text, ok := in.(string)
	if !ok {
		return refuse("Invalid type for parameter %s: expected a blob", path)
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return refuse("Invalid base64 in parameter %s", path)
	}
	v.SetBytes(raw)
	return nil
}

func (s strict) time(v reflect.Value, in tree, path string) error {
	switch t := in.(type) {
	case json.Number:
		seconds, err := t.Float64()
		if err != nil {
			return refuse("Invalid timestamp in parameter %s", path)
		}
		whole, part := math.Modf(seconds)
		v.Set(reflect.ValueOf(time.Unix(int64(whole), int64(part*1e9)).UTC()))
		return nil
	case string:
		at, err := time.Parse(time.RFC3339Nano, t)
		if err != nil {
			return refuse("Invalid timestamp in parameter %s", path)
		}
		v.Set(reflect.ValueOf(at.UTC()))
		return nil
	}
	return refuse("Invalid type for parameter %s: expected a timestamp", path)
}

func (s strict) scalar(v reflect.Value, in tree, path string) error {
	text, isText := in.(string)
	number, isNumber := in.(json.Number)
	if isNumber || s.text {
		text += string(number)
	}
	switch v.Kind() {
	case reflect.String:
		if isText {
			v.SetString(text)
			return nil
		}
	case reflect.Bool:
		if flag, ok := in.(bool); ok {
			v.SetBool(flag)
			return nil
		}
		if flag, err := strconv.ParseBool(text); err == nil && s.text {
			v.SetBool(flag)
			return nil
		}
	case reflect.Int, reflect.Int32, reflect.Int64:
		if n, err := strconv.ParseInt(text, 10, v.Type().Bits()); err == nil && (isNumber || s.text) {
			v.SetInt(n)
			return nil
		}
	case reflect.Float64:
		if n, err := strconv.ParseFloat(text, 64); err == nil && (isNumber || s.text) {
			v.SetFloat(n)
			return nil
		}
	}
	return refuse("Invalid value for parameter %s: expected a %s", path, v.Kind())
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
