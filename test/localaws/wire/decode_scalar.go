package wire

import (
	"encoding/base64"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"
)

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
