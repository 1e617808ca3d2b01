package wire

import (
	"maps"
	"net/http"
	"net/url"
	"reflect"
	"strings"
)

// Query is AWS's query protocol: a form with Action and Version in, XML out. The namespace is the service's, as
// "https://sts.amazonaws.com/doc/2011-06-15/".
func Query(version, namespace string) Protocol { return queryProtocol{version, namespace} }

type queryProtocol struct{ version, namespace string }

func (p queryProtocol) inBody() bool { return true }

func (p queryProtocol) authError(kind authFailure) *Error { return queryAuthError(kind) }

func (p queryProtocol) form(call *Call) (url.Values, error) {
	form, err := url.ParseQuery(string(call.Body))
	if err != nil {
		return nil, Errorf(http.StatusBadRequest, "MalformedQueryString", "The query string is malformed")
	}
	maps.Copy(form, call.HTTP.URL.Query())
	return form, nil
}

func (queryProtocol) throttled() *Error { return queryRate() }

// queryRate is what query services answer beyond a quota, and CloudFront.
func queryRate() *Error { return Errorf(http.StatusBadRequest, "Throttling", "Rate exceeded") }

func (queryProtocol) deniedCode() string { return "AccessDenied" }

func (p queryProtocol) find(s *Service, call *Call) (*Operation, error) {
	form, err := p.form(call)
	if err != nil {
		return nil, err
	}
	name := form.Get("Action")
	call.Operation = name
	if name == "" {
		return nil, Errorf(http.StatusBadRequest, "MissingAction", "The request must contain the parameter Action.")
	}
	op, ok := s.byName[name]
	if !ok || form.Get("Version") != p.version {
		return nil, Errorf(http.StatusBadRequest, "InvalidAction", "Could not find operation %s for version %s", name,
			form.Get("Version"))
	}
	return op, nil
}

func (p queryProtocol) decode(s *Service, op *Operation, call *Call, in any) error {
	form, err := p.form(call)
	if err != nil {
		return err
	}
	for name := range form {
		if name == "Action" || name == "Version" || strings.HasPrefix(name, "X-Amz-") {
			delete(form, name)
		}
	}
	members, err := formTree(form)
	if err != nil {
		return s.Invalid(err.Error())
	}
	v := reflect.ValueOf(in).Elem()
	reader := strict{naming: s.Names, text: true}
	if err := reader.object(v, members, ""); err != nil {
		return s.Invalid(err.Error())
	}
	if err := s.hold(op, call.input(members, true)); err != nil {
		return err
	}
	if err := reader.missing(v, ""); err != nil {
		return s.Invalid(err.Error())
	}
	return nil
}

func (p queryProtocol) result(s *Service, op *Operation, call *Call, out any) (*Response, error) {
	x := &xmlWriter{naming: s.Names}
	x.open(op.Name+"Response", ` xmlns="`+p.namespace+`"`)
	x.open(op.Name+"Result", "")
	x.members(reflect.ValueOf(out).Elem())
	x.close(op.Name + "Result")
	x.open("ResponseMetadata", "")
	x.text("RequestId", call.RequestID)
	x.close("ResponseMetadata")
	x.close(op.Name + "Response")
	return document(http.StatusOK, "text/xml", x.Bytes()), nil
}

func (p queryProtocol) fail(_ *Service, call *Call, e *Error) *Response {
	return withHeader(document(e.Status, "text/xml", errorXML(p.namespace, call, e)), e)
}

// errorXML is the ErrorResponse of query services and CloudFront.
func errorXML(namespace string, call *Call, e *Error) []byte {
	x := &xmlWriter{}
	x.open("ErrorResponse", ` xmlns="`+namespace+`"`)
	x.open("Error", "")
	fault := "Sender"
	if e.Status >= 500 {
		fault = "Receiver"
	}
	x.text("Type", fault)
	x.text("Code", e.Code)
	x.text("Message", e.Message)
	for _, name := range sortedKeys(e.Fields) {
		x.text(name, e.Fields[name])
	}
	x.close("Error")
	x.text("RequestId", call.RequestID)
	x.close("ErrorResponse")
	return x.Bytes()
}
