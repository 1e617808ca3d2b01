package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

func TestTargetIsSentAsItCameUnlessItDoesNotFitIntoARequestLine(t *testing.T) {
	for name, row := range map[string]struct{ reason, path, query, want string }{
		"raw": {
			"percent-encoding, brackets and plus signs are the client's own", "/a%2Fb/[c]", "a[]=1&b=+%20",
			"/a%2Fb/[c]?a[]=1&b=+%20",
		},
		"decoded": {
			"what a gateway decoded is encoded again", "/grün und rot", "q=a b", "/gr%C3%BCn%20und%20rot?q=a%20b",
		},
		"lone percent":  {"not an encoding", "/100%", "d=5%&e=%zz", "/100%25?d=5%25&e=%25zz"},
		"question mark": {"a decoded one must not begin a query", "/what?", "", "/what%3F"},
		"injection":     {"no second request line", "/a HTTP/1.1\r\nX-Evil: 1", "", "/a%20HTTP/1.1%0D%0AX-Evil:%201"},
		"empty":         {"a request line needs a path", "", "", "/"},
	} {
		t.Run(name, func(t *testing.T) {
			e := Event{RawPath: row.path, RawQueryString: row.query, RequestContext: &RequestContext{}}
			if got := e.target(); got != row.want {
				t.Errorf("%s: got %q, want %q", row.reason, got, row.want)
			}
		})
	}
}

func TestLoadBalancerEventsKeepRepeatedValuesAndAreAnsweredInTheirForm(t *testing.T) {
	var e Event
	err := json.Unmarshal([]byte(`{"requestContext":{"elb":{"targetGroupArn":"arn"}},
		"httpMethod":"POST","path":"/a%20b","multiValueQueryStringParameters":{"b":["2","1"],"a":["%20"]},
		"multiValueHeaders":{"x-two":["1","2"],"cookie":["a=1","b=2"],"host":["www.example.com"]},
		"body":"hello","isBase64Encoded":false}`), &e)
	if err != nil {
		t.Fatal(err)
	}
	got, err := newRequest(&e, "id", time.UnixMilli(5))
	if err != nil {
		t.Fatal(err)
	}
	want := upstream.Request{Method: "POST", Target: "/a%20b?a=%20&b=2&b=1", Host: "www.example.com"}
	want.Body, want.Fields = []byte("hello"), []upstream.Field{
		{Name: "x-two", Value: "1"}, {Name: "x-two", Value: "2"}, {Name: "Cookie", Value: "a=1; b=2"},
		{Name: "X-Forwarded-Proto", Value: "https"}, {Name: "X-Forwarded-Port", Value: "443"},
		{Name: DeadlineHeader, Value: "5"}, {Name: RequestIDHeader, Value: "id"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	answer, err := appendAnswer(nil, &e, upstream.Response{
		Status: 201, Header: http.Header{"Set-Cookie": {"a=1", "b=2"}, "Content-Type": {"text/plain"}},
		Body: []byte("ok"),
	})
	if err != nil {
		t.Fatal(err)
	}
	const expected = `{"statusCode":201,"statusDescription":"201 Created",` +
		`"multiValueHeaders":{"Content-Type":["text/plain"],"Set-Cookie":["a=1","b=2"]},` +
		`"isBase64Encoded":false,"body":"ok"}`
	if string(answer) != expected {
		t.Errorf("got %s, want %s", answer, expected)
	}
}

func TestEveryBodySurvivesTheAnswer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		body := rapid.SliceOf(rapid.Byte()).Draw(t, "body")
		if rapid.Bool().Draw(t, "text") {
			body = []byte(rapid.String().Draw(t, "string"))
		}
		answer, err := appendAnswer(nil, &Event{RequestContext: &RequestContext{}},
			upstream.Response{Status: 200, Header: http.Header{"Content-Type": {"text/html"}}, Body: body})
		if err != nil {
			t.Fatal(err)
		}
		var got Event
		if err := json.Unmarshal(answer, &got); err != nil {
			t.Fatalf("%v in %s", err, answer)
		}
		back, err := got.body()
		if err != nil || string(back) != string(body) {
			t.Fatalf("%q became %q", body, back)
		}
	})
}

func TestNoEventMakesMoreThanOneHeaderLineOfAValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name, value := rapid.String().Draw(t, "name"), rapid.String().Draw(t, "value")
		e := Event{
			Headers: map[string]string{name: value, "x-forwarded-host": value}, Cookies: []string{value},
			RawPath: value, RawQueryString: value, RequestContext: &RequestContext{},
		}
		request, err := newRequest(&e, "id", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, field := range append(
			request.Fields, upstream.Field{Name: "Host", Value: request.Host},
			upstream.Field{Name: "Target", Value: request.Target},
		) {
			if !token(field.Name) || strings.ContainsAny(field.Value, "\r\n\x00") {
				t.Fatalf("%q: %q", field.Name, field.Value)
			}
		}
		if strings.Contains(request.Target, " ") {
			t.Fatalf("the target %q splits the request line", request.Target)
		}
	})
}
