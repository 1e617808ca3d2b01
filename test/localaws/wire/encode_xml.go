package wire

import (
	"bytes"
	"encoding/base64"
	"encoding/xml"
	"fmt"
	"reflect"
	"sort"
	"strings"
	"time"
)

// xmlWriter writes typed values as AWS's XML: lists with their wrapping element and "member" items
// unless the tag differs.
type xmlWriter struct {
	bytes.Buffer
	naming func(string) string
}

func (x *xmlWriter) open(name, attributes string) { fmt.Fprintf(x, "<%s%s>", name, attributes) }

func (x *xmlWriter) close(name string) { fmt.Fprintf(x, "</%s>", name) }

func (x *xmlWriter) text(name, text string) {
	x.open(name, "")
	_ = xml.EscapeText(x, []byte(text))
	x.close(name)
}

// members writes the body members of a struct, without an element around them.
func (x *xmlWriter) members(v reflect.Value) {
	for _, f := range fieldsOf(v.Type(), x.naming) {
		fv := v.FieldByIndex(f.index)
		if f.place != "" || f.attr || absent(fv, f) {
			continue
		}
		x.element(f.name, fv, f)
	}
}

func (x *xmlWriter) attributes(v reflect.Value) string {
	var out strings.Builder
	for _, f := range fieldsOf(v.Type(), x.naming) {
		fv := v.FieldByIndex(f.index)
		if !f.attr || fv.Kind() != reflect.String || fv.String() == "" {
			continue
		}
		var quoted bytes.Buffer
		_ = xml.EscapeText(&quoted, []byte(fv.String()))
		fmt.Fprintf(&out, ` %s="%s"`, f.name, quoted.String())
	}
	return out.String()
}

func (x *xmlWriter) element(name string, v reflect.Value, f field) {
	if v.Type() == timeType {
		x.text(name, v.Interface().(time.Time).UTC().Format("2006-01-02T15:04:05.000Z"))
		return
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			x.element(name, v.Elem(), f)
		}
	case reflect.Struct:
		x.open(name, x.attributes(v))
		x.members(v)
		x.close(name)
	case reflect.Slice:
		x.list(name, v, f)
	case reflect.Map:
		x.mapping(name, v, f)
	default:
		x.text(name, fmt.Sprint(v.Interface()))
	}
}

func (x *xmlWriter) list(name string, v reflect.Value, f field) {
	if v.Type().Elem().Kind() == reflect.Uint8 {
		x.text(name, base64.StdEncoding.EncodeToString(v.Bytes()))
		return
	}
	item := name
	if !f.flat {
		item = f.item
		x.open(name, "")
	}
	for i := range v.Len() {
		x.element(item, v.Index(i), field{item: "member"})
	}
	if !f.flat {
		x.close(name)
	}
}

func (x *xmlWriter) mapping(name string, v reflect.Value, f field) {
	keys := v.MapKeys()
	sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
	x.open(name, "")
	for _, key := range keys {
		x.open("entry", "")
		x.text("key", key.String())
		x.element("value", v.MapIndex(key), f)
		x.close("entry")
	}
	x.close(name)
}
