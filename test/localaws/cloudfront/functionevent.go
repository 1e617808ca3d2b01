package cloudfront

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/net/http/httpguts"
)

// functionEvent is what a function is called with. AWS: "CloudFront Functions event structure": names are in lower
// case; path, query string and header values are as the viewer sent them, so their percent-encoding stays.
type functionEvent struct {
	Version string          `json:"version"`
	Context functionContext `json:"context"`
	Viewer  functionViewer  `json:"viewer"`
	Request functionRequest `json:"request"`
}

type functionContext struct {
	DistributionDomainName string `json:"distributionDomainName"`
	DistributionID         string `json:"distributionId"`
	EventType              string `json:"eventType"`
	RequestID              string `json:"requestId"`
}

type functionViewer struct {
	IP string `json:"ip"`
}

type functionRequest struct {
	Method      string                   `json:"method"`
	URI         string                   `json:"uri"`
	QueryString map[string]functionValue `json:"querystring"`
	Headers     map[string]functionValue `json:"headers"`
	Cookies     map[string]functionValue `json:"cookies"`
}

// functionValue is a value, and all of them where the name was repeated.
type functionValue struct {
	Value      string          `json:"value"`
	MultiValue []functionValue `json:"multiValue,omitempty"`
}

func valuesOf(values []string) functionValue {
	v := functionValue{Value: values[0]}
	if len(values) == 1 {
		return v
	}
	for _, value := range values {
		v.MultiValue = append(v.MultiValue, functionValue{Value: value})
	}
	return v
}

func (v functionValue) all() []string {
	if len(v.MultiValue) == 0 {
		return []string{v.Value}
	}
	var all []string
	for _, one := range v.MultiValue {
		all = append(all, one.Value)
	}
	return all
}

// hidden are the headers that a function neither sees nor may add, readOnly those that it may not change. AWS:
// "Restrictions on all edge functions" and "Restrictions on CloudFront Functions".
var (
	hidden = regexp.MustCompile(`^(connection|expect|keep-alive|proxy-authenticate|proxy-authorization|proxy-connection|` +
		`trailer|upgrade|x-accel-.*|x-amz-cf-.*|x-amzn-.*|x-cache|x-edge-.*|x-forwarded-proto|x-real-ip)$`)
	readOnly = []string{"cdn-loop", "content-length", "host", "transfer-encoding", "via"}
)

// functionEvent describes the viewer's request.
func (x *exchange) functionEvent() functionEvent {
	viewer, _, _ := net.SplitHostPort(x.r.RemoteAddr)
	return functionEvent{
		Version: "1.0",
		Context: functionContext{
			DistributionDomainName: x.distribution.domain, DistributionID: x.distribution.id, EventType: viewerRequest,
			RequestID: x.id,
		},
		Viewer: functionViewer{IP: viewer},
		Request: functionRequest{
			Method: x.r.Method, URI: x.path, QueryString: functionQuery(x.r.URL.RawQuery), Headers: functionHeaders(x.r),
			Cookies: functionCookies(x.r.Header),
		},
	}
}

func functionHeaders(r *http.Request) map[string]functionValue {
	headers := map[string]functionValue{"host": {Value: r.Host}}
	for name, values := range r.Header {
		if name = strings.ToLower(name); !hidden.MatchString(name) && name != "cookie" {
			headers[name] = valuesOf(values)
		}
	}
	return headers
}

func functionQuery(raw string) map[string]functionValue {
	return grouped(strings.FieldsFunc(raw, func(r rune) bool { return r == '&' }))
}

func functionCookies(header http.Header) map[string]functionValue {
	var pairs []string
	for _, line := range header.Values("Cookie") {
		for pair := range strings.SplitSeq(line, ";") {
			pairs = append(pairs, strings.TrimSpace(pair))
		}
	}
	return grouped(pairs)
}

// grouped collects the values of each name.
func grouped(pairs []string) map[string]functionValue {
	values := map[string][]string{}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		values[name] = append(values[name], value)
	}
	grouped := map[string]functionValue{}
	for name, all := range values {
		grouped[name] = valuesOf(all)
	}
	return grouped
}

// errFunction is an answer of a function that CloudFront refuses; the viewer sees 502.
var errFunction = errors.New("the CloudFront function returned an invalid value")

// take makes the request what the function returned: its headers and its path.
func (x *exchange) take(before, after functionRequest) error {
	if err := checkHeaders(before.Headers, after.Headers); err != nil {
		return err
	}
	if !strings.HasPrefix(after.URI, "/") || strings.ContainsAny(after.URI, "? ") {
		return fmt.Errorf("the path %q: %w", after.URI, errFunction)
	}
	r := x.r.Clone(x.r.Context())
	for name := range before.Headers {
		r.Header.Del(name)
	}
	for name, value := range after.Headers {
		if name != "host" {
			r.Header[http.CanonicalHeaderKey(name)] = value.all()
		}
	}
	x.r, x.path = r, after.URI
	return nil
}

func checkHeaders(before, after map[string]functionValue) error {
	for _, name := range readOnly {
		if !slices.Equal(before[name].all(), after[name].all()) {
			return fmt.Errorf("the read-only header %s: %w", name, errFunction)
		}
	}
	for name, value := range after {
		valid := httpguts.ValidHeaderFieldName(name) && name == strings.ToLower(name) && !hidden.MatchString(name)
		for _, text := range value.all() {
			valid = valid && httpguts.ValidHeaderFieldValue(text)
		}
		if !valid {
			return fmt.Errorf("the header %q: %w", name, errFunction)
		}
	}
	return nil
}
