package wire

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/textproto"
	"net/url"
	"reflect"
	"strings"
	"time"
)

// findRoute is REST's way to an operation.
func findRoute(s *Service, call *Call, unknown func(r *http.Request, otherMethod bool) *Error) (*Operation, error) {
	route, values, otherMethod := s.match(call.HTTP)
	if route == nil {
		call.Operation = call.HTTP.Method + " " + call.HTTP.URL.Path
		return nil, unknown(call.HTTP, otherMethod)
	}
	call.Path = values
	return route.op, nil
}

// decodeREST fills the members that stand in path, query and header; it answers the payload member, if there is one.
func decodeREST(s *Service, op *Operation, call *Call, v reflect.Value) (payload *field, err error) {
	reader := strict{naming: s.Names, text: true}
	query := call.HTTP.URL.Query()
	for _, f := range fieldsOf(v.Type(), s.Names) {
		fv := v.FieldByIndex(f.index)
		switch f.place {
		case "path":
			err = reader.scalar(fv, call.Path[f.name], f.name)
		case "query":
			err = queryMember(reader, fv, query, f)
		case "header":
			err = headerMember(reader, fv, call.HTTP.Header, f)
		case "payload":
			payload = &f
		}
		if err != nil {
			return nil, s.Invalid(err.Error())
		}
	}
	for _, name := range sortedKeys(query) {
		if !routeDemands(op, name) && !strings.HasPrefix(name, "X-Amz-") && name != "x-id" {
			return nil, s.Invalid("Unknown parameter: " + name)
		}
	}
	return payload, nil
}

func routeDemands(op *Operation, name string) bool {
	_, query, _ := strings.Cut(strings.SplitN(op.Route, "#", 2)[0], "?")
	for demand := range strings.SplitSeq(query, "&") {
		demanded, _, _ := strings.Cut(demand, "=")
		if demanded == name {
			return true
		}
	}
	return false
}

// queryMember takes its parameter out of the query, so that what is left is unknown.
func queryMember(reader strict, v reflect.Value, query url.Values, f field) error {
	if v.Kind() == reflect.Map {
		rest := map[string]string{}
		for name, values := range query {
			rest[name] = values[0]
			delete(query, name)
		}
		v.Set(reflect.ValueOf(rest))
		return nil
	}
	values, ok := query[f.name]
	if !ok {
		return nil
	}
	delete(query, f.name)
	if v.Kind() == reflect.Slice {
		v.Set(reflect.ValueOf(values))
		return nil
	}
	return reader.value(v, values[0], f.name, f)
}

func headerMember(reader strict, v reflect.Value, header http.Header, f field) error {
	if v.Kind() == reflect.Map {
		found := map[string]string{}
		prefix := textproto.CanonicalMIMEHeaderKey(f.name)
		for name, values := range header {
			if strings.HasPrefix(name, prefix) {
				found[strings.ToLower(name[len(prefix):])] = values[0]
			}
		}
		v.Set(reflect.ValueOf(found))
		return nil
	}
	text := header.Get(f.name)
	if text == "" {
		return nil
	}
	return reader.value(v, text, f.name, f)
}

// resultREST makes status and header of an answer, and the payload when a member is one.
func resultREST(s *Service, op *Operation, v reflect.Value) (resp *Response, payload reflect.Value) {
	resp = &Response{Header: http.Header{}}
	for _, f := range fieldsOf(v.Type(), s.Names) {
		fv := v.FieldByIndex(f.index)
		switch f.place {
		case "status":
			resp.Status = int(fv.Int())
		case "header":
			setHeader(resp.Header, f.name, fv)
		case "payload":
			payload = fv
		}
	}
	if resp.Status == 0 {
		resp.Status = op.Success
	}
	return resp, payload
}

func setHeader(h http.Header, name string, v reflect.Value) {
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Map {
		for _, key := range v.MapKeys() {
			h.Set(name+key.String(), v.MapIndex(key).String())
		}
		return
	}
	if v.IsZero() {
		return
	}
	if at, ok := reflect.TypeAssert[time.Time](v); ok {
		h.Set(name, at.UTC().Format(http.TimeFormat))
		return
	}
	h.Set(name, fmt.Sprint(v.Interface()))
}

// bodyOf makes a payload member of bytes or a reader the body; false means that it is a structure.
func bodyOf(resp *Response, payload reflect.Value) bool {
	switch body := payload.Interface().(type) {
	case []byte:
		resp.Body = bytes.NewReader(body)
	case io.Reader:
		resp.Body, resp.Length = body, -1
	default:
		return false
	}
	if resp.Header.Get("Content-Type") == "" {
		resp.Header.Set("Content-Type", "application/octet-stream")
	}
	return true
}

// takePayload gives the request's body to a payload member of bytes; false means that it is a structure.
func takePayload(v reflect.Value, body []byte) bool {
	if v.Kind() != reflect.Slice || v.Type().Elem().Kind() != reflect.Uint8 {
		return false
	}
	v.SetBytes(body)
	return true
}
