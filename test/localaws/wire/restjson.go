package wire

import (
	"encoding/json"
	"maps"
	"net/http"
	"reflect"
)

// RESTJSON is the protocol of Lambda and API Gateway: routes, JSON bodies, the error's code in X-Amzn-Errortype.
func RESTJSON() Protocol { return restJSON{} }

type restJSON struct{}

func (restJSON) inBody() bool { return false }

func (restJSON) authError(kind authFailure) *Error {
	e := jsonAuthError(kind)
	e.Status = http.StatusForbidden
	return e
}

func (restJSON) throttled() *Error {
	return Errorf(http.StatusTooManyRequests, "TooManyRequestsException", "Rate exceeded")
}

func (restJSON) deniedCode() string { return "AccessDeniedException" }

func (restJSON) find(s *Service, call *Call) (*Operation, error) {
	return findRoute(s, call, func(r *http.Request, _ bool) *Error {
		return Errorf(http.StatusNotFound, "UnknownOperationException", "No operation answers %s %s", r.Method, r.URL.Path)
	})
}

func (restJSON) decode(s *Service, op *Operation, call *Call, in any) error {
	v := reflect.ValueOf(in).Elem()
	payload, err := decodeREST(s, op, call, v)
	if err != nil {
		return err
	}
	if payload == nil {
		return decodeJSON(s, op, call, v)
	}
	target := v.FieldByIndex(payload.index)
	if takePayload(target, call.Body) {
		return s.hold(op, call.input(nil, false))
	}
	return decodeJSON(s, op, call, target)
}

func (restJSON) result(s *Service, op *Operation, _ *Call, out any) (*Response, error) {
	v := reflect.ValueOf(out).Elem()
	resp, payload := resultREST(s, op, v)
	if payload.IsValid() && bodyOf(resp, payload) {
		return resp, nil
	}
	if payload.IsValid() {
		out = payload.Interface()
	}
	if resp.Status == http.StatusNoContent {
		return resp, nil
	}
	body, err := encodeJSON(out, s.Names)
	if err != nil {
		return nil, err
	}
	doc := document(resp.Status, "application/json", body)
	maps.Copy(doc.Header, resp.Header)
	return doc, nil
}

func (restJSON) fail(_ *Service, _ *Call, e *Error) *Response {
	members := map[string]string{"message": e.Message, "Message": e.Message}
	maps.Copy(members, e.Fields)
	body, _ := json.Marshal(members)
	resp := document(e.Status, "application/json", body)
	resp.Header.Set("X-Amzn-Errortype", e.Code)
	return withHeader(resp, e)
}
