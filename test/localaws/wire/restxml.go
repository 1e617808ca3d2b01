package wire

import (
	"bytes"
	"net/http"
	"reflect"
)

// RESTXML is the protocol of CloudFront (wrapped errors) and S3 (bare errors). root names the element of a structure
// when the output type has no other name: by default "<Operation>Result"; a payload member's element is its wire name.
func RESTXML(namespace string) Protocol { return restXML{namespace: namespace} }

// S3XML is RESTXML with S3's error documents and codes.
func S3XML() Protocol { return restXML{namespace: "http://s3.amazonaws.com/doc/2006-03-01/", s3: true} }

type restXML struct {
	namespace string
	s3        bool
}

func (restXML) inBody() bool { return false }

func (p restXML) authError(kind authFailure) *Error {
	if p.s3 {
		return s3AuthError(kind)
	}
	return queryAuthError(kind)
}

func (p restXML) throttled() *Error {
	if p.s3 {
		return Errorf(http.StatusServiceUnavailable, "SlowDown", "Please reduce your request rate.")
	}
	return queryRate()
}

func (restXML) deniedCode() string { return "AccessDenied" }

func (p restXML) find(s *Service, call *Call) (*Operation, error) {
	return findRoute(s, call, func(r *http.Request, otherMethod bool) *Error {
		if !p.s3 {
			return Errorf(http.StatusNotFound, "UnknownOperationException", "No operation answers %s %s", r.Method, r.URL.Path)
		}
		if otherMethod {
			return Errorf(http.StatusMethodNotAllowed, "MethodNotAllowed",
				"The specified method is not allowed against this resource.")
		}
		return Errorf(http.StatusNotImplemented, "NotImplemented",
			"A header or query you provided implies functionality that is not implemented")
	})
}

func (p restXML) decode(s *Service, op *Operation, call *Call, in any) error {
	v := reflect.ValueOf(in).Elem()
	payload, err := decodeREST(s, op, call, v)
	if err != nil {
		return err
	}
	reader, members := strict{naming: s.Names, text: true}, map[string]any{}
	if payload != nil {
		target := v.FieldByIndex(payload.index)
		if takePayload(target, call.Body) {
			return s.hold(op, call.input(nil, true))
		}
		if members, err = p.structure(s, reader, call.Body, target); err != nil {
			return err
		}
	}
	if err := s.hold(op, call.input(members, true)); err != nil {
		return err
	}
	if err := reader.missing(v, ""); err != nil {
		return s.Invalid(err.Error())
	}
	return nil
}

func (p restXML) structure(
	s *Service, reader strict, body []byte, v reflect.Value,
) (map[string]any, error) {
	if len(bytes.TrimSpace(body)) == 0 {
		return nil, nil
	}
	_, members, err := xmlTree(bytes.NewReader(body))
	if err != nil {
		return nil, Errorf(http.StatusBadRequest, "MalformedXML",
			"The XML you provided was not well-formed or did not validate against our published schema")
	}
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	if err := reader.object(v, members, ""); err != nil {
		return nil, s.Invalid(err.Error())
	}
	return members, nil
}

func (p restXML) result(s *Service, op *Operation, _ *Call, out any) (*Response, error) {
	v := reflect.ValueOf(out).Elem()
	resp, payload := resultREST(s, op, v)
	if payload.IsValid() && bodyOf(resp, payload) {
		return resp, nil
	}
	name := op.Name + "Result"
	if payload.IsValid() {
		for _, f := range fieldsOf(v.Type(), s.Names) {
			if f.place == "payload" {
				name = f.name
			}
		}
		for v = payload; v.Kind() == reflect.Pointer; v = v.Elem() {
			if v.IsNil() {
				return resp, nil
			}
		}
	}
	if !payload.IsValid() && !hasBody(v.Type(), s.Names) {
		return resp, nil
	}
	x := &xmlWriter{naming: s.Names}
	x.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	x.open(name, ` xmlns="`+p.namespace+`"`+x.attributes(v))
	x.members(v)
	x.close(name)
	resp.Header.Set("Content-Type", "application/xml")
	resp.Body = bytes.NewReader(x.Bytes())
	return resp, nil
}

// hasBody says whether an output has members that stand in the body.
func hasBody(t reflect.Type, naming func(string) string) bool {
	for _, f := range fieldsOf(t, naming) {
		if f.place == "" {
			return true
		}
	}
	return false
}

func (p restXML) fail(_ *Service, call *Call, e *Error) *Response {
	if call.HTTP.Method == http.MethodHead || e.Status == http.StatusNotModified {
		return withHeader(&Response{Status: e.Status, Header: http.Header{}}, e)
	}
	if !p.s3 {
		return withHeader(document(e.Status, "text/xml", errorXML(p.namespace, call, e)), e)
	}
	x := &xmlWriter{}
	x.WriteString(`<?xml version="1.0" encoding="UTF-8"?>` + "\n")
	x.open("Error", "")
	x.text("Code", e.Code)
	x.text("Message", e.Message)
	for _, name := range sortedKeys(e.Fields) {
		x.text(name, e.Fields[name])
	}
	x.text("RequestId", call.RequestID)
	x.text("HostId", "localaws")
	x.close("Error")
	return withHeader(document(e.Status, "application/xml", x.Bytes()), e)
}
