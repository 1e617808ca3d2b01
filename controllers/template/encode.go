package template

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"unicode/utf16"
	"unicode/utf8"
)

// encode writes a value of plain types as JSON that is the same each time: keys are sorted, nothing is escaped for
// HTML, and all is ASCII, for CloudFormation gives other characters of a template back as question marks.
func encode(value any) []byte {
	var buffer bytes.Buffer
	encoder := json.NewEncoder(&buffer)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		panic("encoding a value of plain types: " + err.Error())
	}
	return ascii(bytes.TrimSuffix(buffer.Bytes(), []byte("\n")))
}

func ascii(encoded []byte) []byte {
	out := make([]byte, 0, len(encoded))
	for len(encoded) > 0 {
		r, size := utf8.DecodeRune(encoded)
		encoded = encoded[size:]
		switch high, low := utf16.EncodeRune(r); {
		case r < utf8.RuneSelf:
			out = append(out, byte(r))
		case high != utf8.RuneError:
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		default:
			out = fmt.Appendf(out, `\u%04x`, r)
		}
	}
	return out
}

// plain gives a typed value the form that it has after Parse.
func plain(value any) any {
	decoder := json.NewDecoder(bytes.NewReader(encode(value)))
	decoder.UseNumber()
	var decoded any
	if err := decoder.Decode(&decoded); err != nil {
		panic("decoding what was just encoded: " + err.Error())
	}
	return decoded
}

func plainObject(value any) map[string]any {
	object, _ := plain(value).(map[string]any)
	return object
}

// same compares values of the form that Parse gives.
func same(a, b any) bool { return reflect.DeepEqual(a, b) }
