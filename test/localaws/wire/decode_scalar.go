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
	if s.setScalar(v, in) {
		return nil
	}
	return refuse("Invalid value for parameter %s: expected a %s", path, v.Kind())
}

// setScalar sets a text, flag or number; where all leaves are texts, they are read as what the field wants.
func (s strict) setScalar(v reflect.Value, in tree) bool {
	switch leaf := in.(type) {
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(leaf)
			return true
		}
	case json.Number:
		return setNumber(v, leaf.String())
	case string:
		if v.Kind() == reflect.String {
			v.SetString(leaf)
			return true
		}
		return s.text && (setFlag(v, leaf) || setNumber(v, leaf))
	}
	return false
}

func setFlag(v reflect.Value, text string) bool {
	flag, err := strconv.ParseBool(text)
	if err != nil || v.Kind() != reflect.Bool {
		return false
	}
	v.SetBool(flag)
	return true
}

func setNumber(v reflect.Value, text string) bool {
	switch v.Kind() {
	case reflect.Int, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return err == nil
	case reflect.Float64:
		n, err := strconv.ParseFloat(text, 64)
		v.SetFloat(n)
		return err == nil
	}
	return false
}
