// Package web turns HTTP events of API Gateway and load balancers into requests to the application, and its responses
// into answers.
//
// It encodes payload format 2.0 (API Gateway Developer Guide, http-api-develop-integrations-lambda) and the load
// balancer's events (Application Load Balancers, lambda-functions): what is raw and what is decoded there, where
// cookies are, and what a gateway takes out and puts in. And it encodes whose word counts: who the viewer is and which
// host was asked for is believed of the stage's own distribution, which proves itself by a secret, and of nobody else.
package web

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Event is an HTTP event of either form.
type Event struct {
	RawPath         string            `json:"rawPath"`
	RawQueryString  string            `json:"rawQueryString"`
	Cookies         []string          `json:"cookies"`
	Headers         map[string]string `json:"headers"`
	Body            string            `json:"body"`
	IsBase64Encoded bool              `json:"isBase64Encoded"`
	RequestContext  *RequestContext   `json:"requestContext"`

	// What load balancers send instead.
	HTTPMethod                      string              `json:"httpMethod"`
	Path                            string              `json:"path"`
	QueryStringParameters           map[string]string   `json:"queryStringParameters"`
	MultiValueQueryStringParameters map[string][]string `json:"multiValueQueryStringParameters"`
	MultiValueHeaders               map[string][]string `json:"multiValueHeaders"`
}

// RequestContext is what the gateway knows about the request.
type RequestContext struct {
	DomainName string `json:"domainName"`
	HTTP       struct {
		Method   string `json:"method"`
		SourceIP string `json:"sourceIp"`
	} `json:"http"`
	// ELB is present in events of load balancers.
	ELB json.RawMessage `json:"elb"`
}

// IsHTTP says that the event is an HTTP request.
func (e *Event) IsHTTP() bool { return e.RequestContext != nil }

func (e *Event) balanced() bool { return len(e.RequestContext.ELB) > 0 }

// multiValued says that the load balancer's target group has multi-value headers switched on; the answer must have the
// same form.
func (e *Event) multiValued() bool { return e.MultiValueHeaders != nil }

func (e *Event) method() string {
	for _, method := range []string{e.RequestContext.HTTP.Method, e.HTTPMethod} {
		if token(method) {
			return method
		}
	}
	return "GET"
}

// header returns the first value of a header; the name must be in lower case.
func (e *Event) header(name string) string {
	if value, found := e.Headers[name]; found {
		return value
	}
	if values := e.MultiValueHeaders[name]; len(values) > 0 {
		return values[0]
	}
	for key, value := range e.Headers {
		if strings.EqualFold(key, name) {
			return value
		}
	}
	for key, values := range e.MultiValueHeaders {
		if len(values) > 0 && strings.EqualFold(key, name) {
			return values[0]
		}
	}
	return ""
}

// body returns the request's body as the client sent it.
func (e *Event) body() ([]byte, error) {
	if !e.IsBase64Encoded {
		return []byte(e.Body), nil
	}
	decoded, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, fmt.Errorf("decoding the request's body: %w", err)
	}
	return decoded, nil
}

// target is the request line's path and query. API Gateway has decoded the path once and left the query as it came;
// sent is the path as the viewer sent it, where that is known. Load balancers decode nothing and give the query's parts
// without their order; sorting keeps it at least the same each time.
func (e *Event) target(sent string) string {
	path, query := encodePath(e.RawPath), e.RawQueryString
	switch {
	case e.balanced():
		path, query = mendPath(e.Path), e.joinedQuery()
	case sent != "":
		path = mendPath(sent)
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if query != "" {
		return path + "?" + mendQuery(query)
	}
	return path
}

func (e *Event) joinedQuery() string {
	var pairs []string
	for name, values := range e.MultiValueQueryStringParameters {
		for _, value := range values {
			pairs = append(pairs, name+"="+value)
		}
	}
	if e.MultiValueQueryStringParameters == nil {
		for name, value := range e.QueryStringParameters {
			pairs = append(pairs, name+"="+value)
		}
	}
	slices.SortStableFunc(pairs, func(a, b string) int {
		nameA, _, _ := strings.Cut(a, "=")
		nameB, _, _ := strings.Cut(b, "=")
		return strings.Compare(nameA, nameB)
	})
	return strings.Join(pairs, "&")
}
