package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// get is an HTTP event of payload format 2.0.
func get(path, query string) string {
	return request(map[string]any{"rawPath": path, "rawQueryString": query})
}

// request completes the event of an HTTP API.
func request(fields map[string]any) string {
	event := map[string]any{
		"version": "2.0", "rawPath": "/", "rawQueryString": "", "isBase64Encoded": false,
		"headers": map[string]string{
			"host": "abc.execute-api.eu-central-1.amazonaws.com", "x-forwarded-for": "203.0.113.9",
			"x-forwarded-proto": "https",
		},
		"requestContext": map[string]any{
			"domainName": "abc.execute-api.eu-central-1.amazonaws.com",
			"http":       map[string]string{"method": "GET", "sourceIp": "203.0.113.9"},
		},
	}
	maps.Copy(event, fields)
	raw, err := json.Marshal(event)
	if err != nil {
		panic(err)
	}
	return string(raw)
}

func withMethod(method string, fields map[string]any) string {
	fields["requestContext"] = map[string]any{"http": map[string]string{"method": method, "sourceIp": "203.0.113.9"}}
	return request(fields)
}

// response is an answer of payload format 2.0.
type response struct {
	StatusCode      int
	Headers         map[string]string
	Cookies         []string
	Body            string
	IsBase64Encoded bool
}

// text is the body as the client sees it.
func (r response) text(t *testing.T) string {
	t.Helper()
	if !r.IsBase64Encoded {
		return r.Body
	}
	raw, err := base64.StdEncoding.DecodeString(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

func (f *running) request(t *testing.T, event string) response {
	t.Helper()
	got := f.invoke(t, event, 20*time.Second)
	if got.kind != "response" {
		t.Fatalf("the invocation failed: %s", got.body)
	}
	return decode[response](t, got.body)
}

// echoed is what the application says that it received.
type echoed struct {
	Method, URI, Host string
	Header            http.Header
	Body              []byte
	Length            int
}

func TestRequestReachesTheApplicationAsTheClientSentIt(t *testing.T) {
	f := start(t, behindADistribution)
	event := withMethod("POST", map[string]any{
		"rawPath": "/echo/a/b/ä", "rawQueryString": "a[]=1&a[]=2&q=%20+x&empty=",
		"cookies": []string{"one=1", "two=2"},
		"headers": map[string]string{
			"x-aloft-origin": originSecret, "x-aloft-host": "www.example.com", "x-aloft-address": "198.51.100.7",
			"x-aloft-path": "/echo/a%2Fb/%C3%A4", "x_aloft_message_id": "forged",
			"host": "internal.example", "x-forwarded-host": "evil.example",
			"x-forwarded-for": "127.0.0.1, 203.0.113.9", "accept": "a, b",
			"content-type": "application/octet-stream", "connection": "keep-alive, x-private", "x-private": "1",
			"te": "trailers", "transfer-encoding": "chunked", "content-length": "999",
			"x-aloft-deadline-ms": "1", "bad name": "1", "x-split": "a\r\nx-injected: 1",
		},
		"body": base64.StdEncoding.EncodeToString([]byte{0, 1, 0xff, 0xfe}), "isBase64Encoded": true,
	})
	got := decode[echoed](t, f.request(t, event).Body)
	deadline := got.Header.Get("X-Aloft-Deadline-Ms")
	got.Header.Del("X-Aloft-Deadline-Ms")
	want := echoed{
		Method: "POST", URI: "/echo/a%2Fb/%C3%A4?a[]=1&a[]=2&q=%20+x&empty=", Host: "www.example.com",
		Body: []byte{0, 1, 0xff, 0xfe}, Length: 4,
		Header: http.Header{
			"Accept": {"a, b"}, "Content-Type": {"application/octet-stream"}, "Cookie": {"one=1; two=2"},
			"Connection": {"close"}, "Content-Length": {"4"}, "X-Forwarded-For": {"198.51.100.7"},
			"X-Forwarded-Host": {"www.example.com"}, "X-Forwarded-Port": {"443"}, "X-Forwarded-Proto": {"https"},
			"X-Aloft-Request-Id": {"request-1"}, "X-Amzn-Trace-Id": {"Root=1-5759e988-bd862e3fe1be46a994272793"},
		},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the application received something else (-want +got):\n%s", diff)
	}
	var millis int64
	fmt.Sscan(deadline, &millis)
	if left := time.Until(time.UnixMilli(millis)); left <= 0 || left > 19*time.Second {
		t.Errorf("the deadline header %q is not one second before the function's deadline", deadline)
	}
}

// originSecret is what the distribution of the tests sends; the function knows its digest.
const originSecret = "only the distribution knows"

var behindADistribution = map[string]string{
	"ALOFT_ORIGIN_DIGEST": "b323c9549975713009fe40f25e1dc1185b6c88d22e6c7cd6b35367f18299c743",
	"ASSET_URL":           "https://www.example.com/_aloft/assets/v1",
}

func TestWhoComesPastTheDistributionIsTurnedAway(t *testing.T) {
	f := start(t, behindADistribution)
	if got := f.request(t, get("/pid", "")); got.StatusCode != 403 || !strings.Contains(got.Body, "distribution only") {
		t.Errorf("got %d %s", got.StatusCode, got.Body)
	}
	if got := f.request(t, withMethod("GET", map[string]any{
		"rawPath": "/pid", "headers": map[string]string{"x-aloft-origin": originSecret},
	})); got.StatusCode != 200 {
		t.Errorf("the distribution got %d %s", got.StatusCode, got.Body)
	}
}

func TestEndlessEventsAreAnsweredAndTheApplicationGoesOn(t *testing.T) {
	f := start(t, nil)
	before := f.request(t, get("/pid", "")).Body
	got := f.invoke(t, get("/events", ""), 3*time.Second)
	if answer := decode[response](t, got.body); answer.StatusCode != 200 || answer.Body != "data: 1\n\n" {
		t.Errorf("got %s", got.body)
	}
	if after := f.request(t, get("/pid", "")).Body; after != before {
		t.Error("the application was started again")
	}
}

func TestResponseReachesTheClientAsTheApplicationSentIt(t *testing.T) {
	f := start(t, nil)
	for name, row := range map[string]struct {
		reason, query string
		want          response
	}{
		"text": {"text travels as it is", "header=Content-Type: text/plain&body=gr%C3%BCn", response{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain"}, Body: "grün",
		}},
		"binary": {"a binary type is base64", "header=Content-Type: image/png&body=PNG", response{
			StatusCode: 200, Headers: map[string]string{"Content-Type": "image/png"}, Body: "UE5H",
			IsBase64Encoded: true,
		}},
		"broken text": {
			"text that is not UTF-8 would be mangled by JSON", "header=Content-Type: text/html&body=%FF",
			response{
				StatusCode: 200, Headers: map[string]string{"Content-Type": "text/html"}, Body: "/w==",
				IsBase64Encoded: true,
			},
		},
		"compressed": {
			"compressed text is binary", "header=Content-Type: text/html&header=Content-Encoding: gzip&body=abc",
			response{
				StatusCode: 200, Headers: map[string]string{"Content-Type": "text/html", "Content-Encoding": "gzip"},
				Body: "YWJj", IsBase64Encoded: true,
			},
		},
		"cookies": {
			"cookies have a field of their own, for they cannot be joined",
			"header=Content-Type: text/plain&header=Set-Cookie: a=1, b&header=Set-Cookie: c=2" +
				"&header=Vary: Accept&header=Vary: Cookie",
			response{
				StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain", "Vary": "Accept, Cookie"},
				Cookies: []string{"a=1, b", "c=2"},
			},
		},
		"no content": {"204 has neither body nor type", "status=204", response{StatusCode: 204}},
		"unmodified": {"304 keeps its validators", "status=304&header=Etag: x", response{
			StatusCode: 304, Headers: map[string]string{"Etag": "x"},
		}},
		"redirect": {
			"any status passes", "status=308&header=Location: /x&header=Content-Type: text/plain",
			response{StatusCode: 308, Headers: map[string]string{"Location": "/x", "Content-Type": "text/plain"}},
		},
		"hop by hop": {
			"headers of the connection end here",
			"header=Content-Type: text/plain&header=Keep-Alive: 5&header=Connection: close",
			response{StatusCode: 200, Headers: map[string]string{"Content-Type": "text/plain"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			query := strings.NewReplacer(" ", "%20", ",", "%2C").Replace(row.query)
			got := f.request(t, get("/answer", query))
			delete(got.Headers, "Date")
			if len(got.Headers) == 0 {
				got.Headers = nil
			}
			if diff := cmp.Diff(row.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", row.reason, diff)
			}
		})
	}
}

func TestHeadRequestKeepsTheLengthAndHasNoBody(t *testing.T) {
	f := start(t, nil)
	got := f.request(t,
		withMethod("HEAD", map[string]any{
			"rawPath": "/answer", "rawQueryString": "body=12345&header=Content-Length:%205",
		}))
	if got.StatusCode != 200 || got.Body != "" || got.Headers["Content-Length"] != "5" {
		t.Errorf("got %+v", got)
	}
}

func TestLargeBodiesPassBothWaysAndTooLargeOnesAreRefused(t *testing.T) {
	f := start(t, nil)
	body := strings.Repeat("0123456789abcdef", 256<<10)
	got := decode[echoed](t, f.request(t, withMethod("PUT", map[string]any{"rawPath": "/echo/", "body": body})).Body)
	if string(got.Body) != body {
		t.Errorf("%d bytes arrived of %d", len(got.Body), len(body))
	}
	if got := f.request(
		t, withMethod("PUT", map[string]any{"rawPath": "/early", "body": body}),
	); got.StatusCode != 413 {
		t.Errorf("an answer before the body was read got lost: %d", got.StatusCode)
	}
	if got := f.request(t, get("/answer", "size=7000000&header=Content-Type:%20text/plain")); got.StatusCode != 502 ||
		!strings.Contains(got.Body, "too large") {
		t.Errorf("got %d %.80s", got.StatusCode, got.Body)
	}
	if got := f.request(
		t, get("/answer", "body=still+there&header=Content-Type:%20text/plain"),
	); got.Body != "still there" {
		t.Errorf("got %+v", got)
	}
}
