package wire

import (
	"encoding/base64"
	"encoding/json"
	"reflect"
	"time"
)

// jsonTree makes plain JSON values of typed ones: wire names, epoch seconds, base64 blobs, nothing for what is absent.
func jsonTree(v reflect.Value, naming func(string) string, f field) any {
	switch {
	case v.Type() == timeType:
		return jsonTime(v.Interface().(time.Time), f)
	case v.Type() == rawType:
		return v.Interface()
	}
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if v.IsNil() {
			return nil
		}
		return jsonTree(v.Elem(), naming, f)
	case reflect.Struct:
		return jsonObject(v, naming)
	case reflect.Map:
		return jsonMap(v, naming, f)
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			return base64.StdEncoding.EncodeToString(v.Bytes())
		}
		list := make([]any, v.Len())
		for i := range list {
			list[i] = jsonTree(v.Index(i), naming, f)
		}
		return list
	}
	return v.Interface()
}

func jsonMap(v reflect.Value, naming func(string) string, f field) map[string]any {
	out := make(map[string]any, v.Len())
	for _, key := range v.MapKeys() {
		out[key.String()] = jsonTree(v.MapIndex(key), naming, f)
	}
	return out
}

func jsonTime(t time.Time, f field) any {
	if f.iso8601 {
		return t.UTC().Format("2006-01-02T15:04:05Z")
	}
	return float64(t.UnixMilli()) / 1000
}

func jsonObject(v reflect.Value, naming func(string) string) map[string]any {
	out := map[string]any{}
	for _, f := range fieldsOf(v.Type(), naming) {
		fv := v.FieldByIndex(f.index)
		if f.place != "" || absent(fv, f) {
			continue
		}
		out[f.name] = jsonTree(fv, naming, f)
	}
	return out
}

func absent(v reflect.Value, f field) bool {
	switch v.Kind() {
	case reflect.Slice, reflect.Map:
		return v.IsNil() && !f.required
	case reflect.Pointer, reflect.Interface:
		return v.IsNil()
	}
	return v.IsZero() && !f.required
}

func encodeJSON(v any, naming func(string) string) ([]byte, error) {
	return json.Marshal(jsonTree(reflect.ValueOf(v), naming, field{}))
}
