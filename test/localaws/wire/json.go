package wire

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
	"strings"
)

// JSON is awsJson 1.0 and 1.1: everything is a POST to "/", the operation stands in X-Amz-Target after the service's
// prefix (as "TrentService"), and the answer has the content type of the request.
func JSON(targetPrefix string) Protocol { return jsonProtocol{targetPrefix} }

type jsonProtocol struct{ prefix string }

func (p jsonProtocol) inBody() bool { return false }

func (p jsonProtocol) authError(kind authFailure) *Error { return jsonAuthError(kind) }

func (jsonProtocol) throttled() *Error { return Throttled() }

func (jsonProtocol) deniedCode() string { return "AccessDeniedException" }

func (p jsonProtocol) find(s *Service, call *Call) (*Operation, error) {
	target := call.HTTP.Header.Get("X-Amz-Target")
	prefix, name, _ := strings.Cut(target, ".")
	call.Operation = name
	op, ok := s.byName[name]
	if !ok || prefix != p.prefix {
		return nil, Errorf(http.StatusBadRequest, "UnknownOperationException", "Unknown operation: %s", target)
	}
	return op, nil
}

func (p jsonProtocol) decode(s *Service, op *Operation, call *Call, in any) error {
	return decodeJSON(s, op, call, reflect.ValueOf(in).Elem())
}

// decodeJSON fills the body members of a struct from a JSON document.
func decodeJSON(s *Service, op *Operation, call *Call, v reflect.Value) error {
	members := map[string]any{}
	if len(bytes.TrimSpace(call.Body)) > 0 {
		d := json.NewDecoder(bytes.NewReader(call.Body))
		d.UseNumber()
		if err := d.Decode(&members); err != nil {
			return Errorf(http.StatusBadRequest, "SerializationException", "%s", err.Error())
		}
	}
	in := strict{naming: s.Names}
	if err := in.object(v, members, ""); err != nil {
		return s.Invalid(err.Error())
	}
	if err := s.hold(op, call.input(members, false)); err != nil {
		return err
	}
	if err := in.missing(v, ""); err != nil {
		return s.Invalid(err.Error())
	}
	return nil
}

func (p jsonProtocol) result(s *Service, _ *Operation, call *Call, out any) (*Response, error) {
	body, err := encodeJSON(out, s.Names)
	if err != nil {
		return nil, err
	}
	return document(http.StatusOK, jsonContentType(call), body), nil
}

func (p jsonProtocol) fail(_ *Service, call *Call, e *Error) *Response {
	members := map[string]string{"__type": e.Code, "message": e.Message}
	maps.Copy(members, e.Fields)
	body, _ := json.Marshal(members)
	return withHeader(document(e.Status, jsonContentType(call), body), e)
}

func jsonContentType(call *Call) string {
	if strings.Contains(call.HTTP.Header.Get("Content-Type"), "json-1.0") {
		return "application/x-amz-json-1.0"
	}
	return "application/x-amz-json-1.1"
}

func document(status int, contentType string, body []byte) *Response {
	h := http.Header{}
	h.Set("Content-Type", contentType)
	return &Response{Status: status, Header: h, Body: bytes.NewReader(body)}
}

func withHeader(r *Response, e *Error) *Response {
	maps.Copy(r.Header, e.Header)
	return r
}
