package apigateway

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestTheEventIsPayloadFormat20(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	l.request(t, http.MethodPost, api, "/caf%C3%A9/a%20b?x=1&x=2&y=%20z&empty", `{"a":1}`, func(r *http.Request) {
		r.Header.Set("Content-Type", "application/json; charset=utf-8")
		r.Header["X-Repeated"] = []string{"one", "two"}
		r.Header["Cookie"] = []string{"a=1; b=2", "c=3"}
		r.Header.Set("User-Agent", "test/1")
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("Connection", "keep-alive")
	})
	context := l.event["requestContext"].(map[string]any)
	headers := l.event["headers"].(map[string]any)
	if headers["x-amzn-trace-id"] == nil || context["requestId"] == "" {
		t.Error("no trace or request id")
	}
	delete(headers, "x-amzn-trace-id")
	delete(headers, "accept-encoding")
	for _, name := range []string{"requestId", "time", "timeEpoch"} {
		delete(context, name)
	}
	domain := api + ".execute-api.eu-central-1.amazonaws.com"
	want := map[string]any{
		"version": "2.0", "routeKey": "$default", "rawPath": "/café/a b", "rawQueryString": "x=1&x=2&y=%20z&empty",
		"cookies":               []any{"a=1", "b=2", "c=3"},
		"queryStringParameters": map[string]any{"x": "1,2", "y": " z", "empty": ""},
		"headers": map[string]any{
			"host": domain, "content-type": "application/json; charset=utf-8", "content-length": "7", "x-repeated": "one,two",
			"user-agent": "test/1", "x-forwarded-for": "203.0.113.9, 127.0.0.1", "x-forwarded-port": "443",
			"x-forwarded-proto": "https",
		},
		"requestContext": map[string]any{
			"accountId": account, "apiId": api, "domainName": domain, "domainPrefix": api, "routeKey": "$default",
			"stage": "$default", "http": map[string]any{
				"method": "POST", "path": "/café/a b", "protocol": "HTTP/1.1", "sourceIp": "127.0.0.1", "userAgent": "test/1",
			},
		},
		"body": `{"a":1}`, "isBase64Encoded": false,
	}
	if diff := cmp.Diff(want, l.event); diff != "" {
		t.Error(diff)
	}
}

func TestWhatARequestHasNotIsAbsentFromTheEvent(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	l.request(t, http.MethodGet, api, "", "", nil)
	for _, name := range []string{"cookies", "queryStringParameters", "pathParameters", "body"} {
		if value, present := l.event[name]; present {
			t.Errorf("%s is %v", name, value)
		}
	}
	if l.event["rawPath"] != "/" || l.event["rawQueryString"] != "" {
		t.Errorf("path %v, query %v", l.event["rawPath"], l.event["rawQueryString"])
	}
}

func TestTheMediaTypeDecidesWhetherABodyIsText(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	for _, row := range []struct {
		media, encoding string
		base64          bool
		why             string
	}{
		{"text/csv", "", false, "all of text/*"},
		{"application/json", "", false, "JSON"},
		{"application/xml", "", false, "XML"},
		{"application/javascript", "", false, "JavaScript"},
		{"application/x-www-form-urlencoded", "", true, "forms count as binary"},
		{"multipart/form-data; boundary=x", "", true, "uploads are binary"},
		{"", "", true, "without a type nothing is known"},
		{"text/plain", "gzip", true, "encoded content is binary"},
	} {
		l.request(t, http.MethodPost, api, "/", "a=1", func(r *http.Request) {
			r.Header.Set("Content-Type", row.media)
			r.Header.Set("Content-Encoding", row.encoding)
			if row.media == "" {
				r.Header.Del("Content-Type")
			}
		})
		body := "a=1"
		if row.base64 {
			body = base64.StdEncoding.EncodeToString([]byte(body))
		}
		if l.event["body"] != body || l.event["isBase64Encoded"] != row.base64 {
			t.Errorf("%q: body %v, base64 %v: %s", row.media, l.event["body"], l.event["isBase64Encoded"], row.why)
		}
	}
}

func TestTheSourceARNNamesStageAndRoute(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default", "ANY /items/{proxy+}", "GET /items")
	for _, row := range []struct{ method, path, resource string }{
		{http.MethodGet, "/", "$default/$default"},
		{http.MethodPost, "/items/1/2", "$default/POST/items/{proxy+}"},
		{http.MethodGet, "/items", "$default/GET/items"},
	} {
		l.request(t, row.method, api, row.path, "", nil)
		want := "apigateway.amazonaws.com arn:aws:execute-api:eu-central-1:123456789012:" + api + "/" + row.resource
		if l.source != want || l.target != function {
			t.Errorf("%s %s came as %s to %s", row.method, row.path, l.source, l.target)
		}
	}
}

func TestTheMostSpecificRouteIsTaken(t *testing.T) {
	keys := []string{"$default", "ANY /{proxy+}", "GET /a/{proxy+}", "GET /{x}/b", "ANY /a/b", "GET /a/b"}
	routes := make([]route, len(keys))
	for i, key := range keys {
		routes[i] = route{RouteKey: key}
	}
	for _, row := range []struct{ method, path, want, why string }{
		{"GET", "/a/b", "GET /a/b", "a named method before ANY"},
		{"POST", "/a/b", "ANY /a/b", "a full match"},
		{"GET", "/c/b", "GET /{x}/b", "a variable before a greedy one"},
		{"GET", "/a/c/d", "GET /a/{proxy+}", "the longer fixed part"},
		{"PUT", "/a/c", "ANY /{proxy+}", "the method of the other does not fit"},
		{"GET", "/", "$default", "a greedy variable needs something"},
	} {
		got, _, _ := selectRoute(routes, row.method, row.path)
		if got.RouteKey != row.want {
			t.Errorf("%s %s took %s, want %s: %s", row.method, row.path, got.RouteKey, row.want, row.why)
		}
	}
	_, variables, _ := selectRoute(routes, "GET", "/a/c/d")
	if diff := cmp.Diff(map[string]string{"proxy": "c/d"}, variables); diff != "" {
		t.Error(diff)
	}
}

func TestANamedStageIsTheFirstSegmentAndStaysInTheRawPath(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "GET /items")
	_, err := l.CreateStage(t.Context(), &sdk.CreateStageInput{
		ApiId: &api, StageName: aws.String("beta"), AutoDeploy: aws.Bool(true), StageVariables: map[string]string{"v": "1"},
	})
	must(t, err)
	l.request(t, http.MethodGet, api, "/beta/items", "", nil)
	if l.event["rawPath"] != "/beta/items" || l.event["routeKey"] != "GET /items" ||
		!strings.HasSuffix(l.source, "/beta/GET/items") {
		t.Errorf("path %v, route %v, source %s", l.event["rawPath"], l.event["routeKey"], l.source)
	}
	if diff := cmp.Diff(map[string]any{"v": "1"}, l.event["stageVariables"]); diff != "" {
		t.Error(diff)
	}
}

func TestResultsBecomeResponses(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	for _, row := range []struct {
		result      string
		status      int
		contentType string
		body        string
		why         string
	}{
		{`{"statusCode":201,"headers":{"content-type":"text/html"},"body":"<p>"}`, 201, "text/html", "<p>", "taken as it is"},
		{`{"statusCode":200,"body":"x"}`, 200, "text/plain;charset=UTF-8", "x", "the default type of an explicit response"},
		{`{"statusCode":"404"}`, 404, "text/plain;charset=UTF-8", "", "a status in digits"},
		{`{"statusCode":200,"isBase64Encoded":true,"body":"AAEC"}`, 200, "text/plain;charset=UTF-8", "\x00\x01\x02",
			"binary"},
		{`"Hello"`, 200, "application/json", "Hello", "a string is inferred to be the body"},
		{`{"message":"Hello"}`, 200, "application/json", `{"message":"Hello"}`, "an object without a status is the body"},
		{`[1,2]`, 200, "application/json", `[1,2]`, "so is a list"},
		{`{"statusCode":200,"body":{"a":1}}`, 500, "application/json", `{"message":"Internal Server Error"}`,
			"a body is a string"},
		{`{"statusCode":200,"isBase64Encoded":true,"body":"%"}`, 500, "application/json",
			`{"message":"Internal Server Error"}`, "not base64"},
		{`{"statusCode":99}`, 500, "application/json", `{"message":"Internal Server Error"}`, "no HTTP status"},
		{`{"statusCode":200,"headers":["a"]}`, 500, "application/json", `{"message":"Internal Server Error"}`,
			"headers are a map"},
		{`not json`, 500, "application/json", `{"message":"Internal Server Error"}`, "no JSON"},
	} {
		l.returns(row.result)
		got := l.request(t, http.MethodGet, api, "/", "", nil)
		if got.StatusCode != row.status || got.Header.Get("Content-Type") != row.contentType || got.text != row.body {
			t.Errorf("%s: %d %s %q: %s", row.result, got.StatusCode, got.Header.Get("Content-Type"), got.text, row.why)
		}
	}
}

func TestCookiesAndHeadersOfAResult(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	l.returns(`{"statusCode":200,"cookies":["a=1; Path=/","b=2"],"headers":{"x-number":7,"content-length":"99",` +
		`"connection":"close","x-list":"a,b"},
		"multiValueHeaders":{"x-v1":["ignored"]},"body":"ok"}`)
	got := l.request(t, http.MethodGet, api, "/", "", nil)
	if diff := cmp.Diff([]string{"a=1; Path=/", "b=2"}, got.Header.Values("Set-Cookie")); diff != "" {
		t.Error(diff)
	}
	for name, want := range map[string]string{"X-Number": "7", "Content-Length": "2", "Connection": "", "X-List": "a,b",
		"X-V1": ""} {
		if value := got.Header.Get(name); value != want {
			t.Errorf("%s is %q, want %q", name, value, want)
		}
	}
	if got.Header.Get("Apigw-Requestid") == "" {
		t.Error("no request id")
	}
}

func TestTheGatewaysOwnAnswers(t *testing.T) {
	failing := func(functionError string, err error) func(context.Context) (string, string, error) {
		return func(context.Context) (string, string, error) { return `{"errorMessage":"secret"}`, functionError, err }
	}
	slow := func(ctx context.Context) (string, string, error) {
		<-ctx.Done()
		return "", "", ctx.Err()
	}
	for _, row := range []struct {
		answer func(context.Context) (string, string, error)
		path   string
		body   string
		header string
		status int
		text   string
		why    string
	}{
		{nil, "/missing", "", "", 404, `{"message":"Not Found"}`, "no route"},
		{failing("Unhandled", nil), "/x", "", "", 500, `{"message":"Internal Server Error"}`, "the function failed"},
		{failing("", errors.New("denied")), "/x", "", "", 500, `{"message":"Internal Server Error"}`, "no permission"},
		{failing("", &types.TooManyRequestsException{}), "/x", "", "", 503, `{"message":"Service Unavailable"}`, "throttled"},
		{failing("", &types.RequestTooLargeException{}), "/x", "", "", 413, `{"message":"Request Entity Too Large"}`,
			"an event of more than Lambda's 6 MB"},
		{slow, "/x", "", "", 503, `{"message":"Service Unavailable"}`, "slower than the integration's timeout"},
		{nil, "/x", strings.Repeat("x", maxPayload+1), "", 413, `{"message":"Request Entity Too Large"}`, "10 MB"},
		{nil, "/x", "", strings.Repeat("x", maxHeaders), 431, `{"message":"Request Header Fields Too Large"}`,
			"10,240 bytes of headers"},
	} {
		l := start(t, Options{MaxTimeout: 20 * time.Millisecond})
		api, _ := l.api(t, "ANY /x")
		if row.answer != nil {
			l.answer = row.answer
		}
		got := l.request(t, http.MethodPost, api, row.path, row.body, func(r *http.Request) {
			r.Header.Set("X-Large", row.header)
		})
		if got.StatusCode != row.status || got.text != row.text {
			t.Errorf("%d %s, want %d: %s", got.StatusCode, got.text, row.status, row.why)
		}
	}
}

func TestAnUnknownHostIsForbiddenAndADisabledEndpointNotFound(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	for _, host := range []string{"unknown.execute-api.eu-central-1.amazonaws.com",
		api + ".execute-api.us-east-1.amazonaws.com"} {
		if got := l.request(t, http.MethodGet, api, "/", "", func(r *http.Request) {
			r.Host = host
		}); got.StatusCode != 403 || got.text != `{"message":"Forbidden"}` {
			t.Errorf("%s: %d %s", host, got.StatusCode, got.text)
		}
	}
	_, err := l.UpdateApi(t.Context(), &sdk.UpdateApiInput{ApiId: &api, DisableExecuteApiEndpoint: aws.Bool(true)})
	must(t, err)
	if got := l.request(t, http.MethodGet, api, "/", "", nil); got.StatusCode != 404 {
		t.Errorf("disabled: %d", got.StatusCode)
	}
}

func TestAHeadRequestHasNoBody(t *testing.T) {
	l := start(t, Options{})
	api, _ := l.api(t, "$default")
	got := l.request(t, http.MethodHead, api, "/", "", nil)
	if got.StatusCode != 200 || got.text != "" || got.Header.Get("Content-Length") != "2" {
		t.Errorf("%d %q, length %s", got.StatusCode, got.text, got.Header.Get("Content-Length"))
	}
}

func TestOverTheWireTheInvocationIsSynchronousAndCarriesItsPrincipal(t *testing.T) {
	l := start(t, Options{})
	var seen []string
	l.env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		scope, _ := wire.ScopeOf(r)
		p, _ := l.env.Identities.Lookup(scope.AccessKeyID)
		seen = append(seen, p.Service, p.SourceARN, r.URL.Path, r.Header.Get("X-Amz-Invocation-Type"))
		w.Header().Set("X-Amz-Function-Error", "Unhandled")
		_, _ = w.Write([]byte(`{"errorMessage":"x"}`))
	})
	out, failed, err := l.invokeOverTheWire(t.Context(), principal, "arn:source", function, []byte("{}"))
	must(t, err)
	if failed != "Unhandled" || string(out) != `{"errorMessage":"x"}` {
		t.Errorf("%s %s", failed, out)
	}
	want := []string{"apigateway.amazonaws.com", "arn:source", "/2015-03-31/functions/" + function + "/invocations", ""}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Error(diff)
	}
}
