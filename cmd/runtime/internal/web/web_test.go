package web

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

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
			Headers: map[string]string{
				name: value, function.EdgeHost: value, function.EdgeAddress: value, function.EdgePath: value,
			},
			Cookies: []string{value}, RawPath: value, RawQueryString: value, RequestContext: &RequestContext{},
		}
		request, err := newRequest(&e, Edge{Digest: "any"}.viewer(&e), lambdaapi.Invocation{TraceID: value})
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

func TestAStatusThatNoClientKnowsIsNotPassedOn(t *testing.T) {
	for status, fails := range map[int]bool{99: true, 200: false, 418: false, 599: false, 600: true, 999: true} {
		_, err := appendAnswer(nil, &Event{RequestContext: &RequestContext{}}, upstream.Response{Status: status})
		if errors.Is(err, errStatus) != fails {
			t.Errorf("%d: %v", status, err)
		}
	}
}

func TestTheHeadersOfAResponse(t *testing.T) {
	answer, err := appendAnswer(nil, &Event{RequestContext: &RequestContext{}}, upstream.Response{
		Status: 200, Header: http.Header{
			"Connection": {"close", "x-own"}, "X-Own": {"1"}, "Keep-Alive": {"5"}, "Content-Length": {"9"},
			"Vary": {"Accept", "Cookie"}, "Set-Cookie": {"a=1; Path=/", "b=2"}, "X-Empty": {""},
			"Content-Disposition": {"filename=\"gr\xfcn\""}, "X-Utf8": {"grün"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	var got head
	if err := json.Unmarshal(answer, &got); err != nil {
		t.Fatal(err)
	}
	want := head{StatusCode: 200, Cookies: []string{"a=1; Path=/", "b=2"}, Headers: map[string]string{
		"Vary": "Accept, Cookie", "X-Empty": "", "Content-Disposition": `filename="grün"`, "X-Utf8": "grün",
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what concerns the connection ends here, all else arrives (-want +got):\n%s", diff)
	}
}
