package apigateway

import (
	"encoding/base64"
	"mime"
	"net/http"
	"net/url"
	"sort"
	"strconv"
	"strings"
	"time"
)

// Event is a request in payload format 2.0, as an HTTP API hands it to a function.
//
// AWS: "Create AWS Lambda proxy integrations for HTTP APIs", payload format version 2.0. What the
// page leaves open follows captures from AWS: rawPath arrives percent-decoded while rawQueryString
// stays as sent, and only the media types of textTypes travel as text, so a form post and a body
// without a Content-Type are base64.
type Event struct {
	Version               string            `json:"version"`
	RouteKey              string            `json:"routeKey"`
	RawPath               string            `json:"rawPath"`
	RawQueryString        string            `json:"rawQueryString"`
	Cookies               []string          `json:"cookies,omitempty"`
	Headers               map[string]string `json:"headers"`
	QueryStringParameters map[string]string `json:"queryStringParameters,omitempty"`
	RequestContext        RequestContext    `json:"requestContext"`
	PathParameters        map[string]string `json:"pathParameters,omitempty"`
	StageVariables        map[string]string `json:"stageVariables,omitempty"`
	Body                  string            `json:"body,omitempty"`
	IsBase64Encoded       bool              `json:"isBase64Encoded"`
}

// RequestContext is what the gateway itself knows about the request.
type RequestContext struct {
	AccountID    string      `json:"accountId"`
	APIID        string      `json:"apiId"`
	DomainName   string      `json:"domainName"`
	DomainPrefix string      `json:"domainPrefix"`
	HTTP         HTTPContext `json:"http"`
	RequestID    string      `json:"requestId"`
	RouteKey     string      `json:"routeKey"`
	Stage        string      `json:"stage"`
	Time         string      `json:"time"`
	TimeEpoch    int64       `json:"timeEpoch"`
}

// HTTPContext is the request line and its sender.
type HTTPContext struct {
	Method    string `json:"method"`
	Path      string `json:"path"`
	Protocol  string `json:"protocol"`
	SourceIP  string `json:"sourceIp"`
	UserAgent string `json:"userAgent"`
}

// arrival is what the event needs besides the HTTP request itself.
type arrival struct {
	account    string
	apiID      string
	domain     string
	requestID  string
	traceID    string
	now        time.Time
	stage      string
	variables  map[string]string
	routeKey   string
	parameters map[string]string
	sourceIP   string
	body       []byte
}

// hopByHop are the headers that belong to the connection and never reach a function.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// newEvent converts a request to payload format 2.0.
func newEvent(r *http.Request, a arrival) Event {
	path := decodedPath(r.URL)
	event := Event{
		Version:               "2.0",
		RouteKey:              a.routeKey,
		RawPath:               path,
		RawQueryString:        r.URL.RawQuery,
		Cookies:               cookies(r.Header),
		Headers:               eventHeaders(r, a),
		QueryStringParameters: queryParameters(r.URL.RawQuery),
		PathParameters:        a.parameters,
		StageVariables:        a.variables,
		RequestContext: RequestContext{
			AccountID:    a.account,
			APIID:        a.apiID,
			DomainName:   a.domain,
			DomainPrefix: a.apiID,
			RequestID:    a.requestID,
			RouteKey:     a.routeKey,
			Stage:        a.stage,
			Time:         a.now.UTC().Format("02/Jan/2006:15:04:05 -0700"),
			TimeEpoch:    a.now.UnixMilli(),
			HTTP: HTTPContext{
				Method:    r.Method,
				Path:      path,
				Protocol:  "HTTP/1.1",
				SourceIP:  a.sourceIP,
				UserAgent: r.UserAgent(),
			},
		},
	}
	event.Body, event.IsBase64Encoded = eventBody(a.body, r.Header)
	return event
}

// decodedPath percent-decodes the path and cuts it at a question mark that decoding produced, as
// HTTP APIs do (REST APIs and function URLs keep the encoding).
func decodedPath(u *url.URL) string {
	path, _, _ := strings.Cut(u.Path, "?")
	if path == "" {
		return "/"
	}
	return path
}

// cookies splits every Cookie header into single "name=value" entries.
func cookies(header http.Header) []string {
	var list []string
	for _, line := range header.Values("Cookie") {
		for cookie := range strings.SplitSeq(line, ";") {
			if cookie = strings.TrimSpace(cookie); cookie != "" {
				list = append(list, cookie)
			}
		}
	}
	return list
}

// eventHeaders lower-cases names, joins repeated values with commas and adds the gateway's own.
// Cookies are left out: payload format 2.0 moves them to their own field.
func eventHeaders(r *http.Request, a arrival) map[string]string {
	headers := make(map[string]string, len(r.Header)+6)
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ",")
	}
	for _, name := range hopByHop {
		delete(headers, strings.ToLower(name))
	}
	delete(headers, "cookie")
	headers["host"] = a.domain
	headers["content-length"] = strconv.Itoa(len(a.body))
	headers["x-forwarded-port"] = "443"
	headers["x-forwarded-proto"] = "https"
	headers["x-forwarded-for"] = forwardedFor(headers["x-forwarded-for"], a.sourceIP)
	if headers["x-amzn-trace-id"] == "" {
		headers["x-amzn-trace-id"] = a.traceID
	}
	return headers
}

// forwardedFor appends the immediate peer, so that the first entry stays the oldest claim.
func forwardedFor(before, peer string) string {
	if before == "" {
		return peer
	}
	return before + ", " + peer
}

// queryParameters decodes the query string for convenience: values of a repeated name are joined
// with commas in the order of the request.
func queryParameters(raw string) map[string]string {
	parameters := map[string]string{}
	for pair := range strings.SplitSeq(raw, "&") {
		if pair == "" {
			continue
		}
		name, value, _ := strings.Cut(pair, "=")
		name, value = unescaped(name), unescaped(value)
		if before, repeated := parameters[name]; repeated {
			value = before + "," + value
		}
		parameters[name] = value
	}
	if len(parameters) == 0 {
		return nil
	}
	return parameters
}

func unescaped(s string) string {
	decoded, err := url.QueryUnescape(s)
	if err != nil {
		return s
	}
	return decoded
}

// textTypes are the media types whose bodies travel as text besides text/*.
var textTypes = map[string]bool{
	"application/json":       true,
	"application/xml":        true,
	"application/javascript": true,
}

// eventBody is the body as the event carries it. An encoded body is binary whatever its type.
func eventBody(body []byte, header http.Header) (string, bool) {
	if len(body) == 0 {
		return "", false
	}
	if header.Get("Content-Encoding") == "" && isText(header.Get("Content-Type")) {
		return string(body), false
	}
	return base64.StdEncoding.EncodeToString(body), true
}

func isText(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	if err != nil {
		return false
	}
	return strings.HasPrefix(media, "text/") || textTypes[media]
}

// sortedKeys makes the order of maps stable wherever it reaches an answer.
func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for key := range m {
		keys = append(keys, key)
	}
	sort.Strings(keys)
	return keys
}
