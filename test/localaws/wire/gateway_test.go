package wire_test

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type widget struct {
	Name     string `wire:",required"`
	Size     *int
	Labels   map[string]string
	Parts    []part
	Made     time.Time
	Checksum []byte
}

type part struct{ ID string }

type routed struct {
	Name   string   `wire:",path"`
	Marker string   `wire:",query"`
	Names  []string `wire:"name,query"`
	Token  string   `wire:"X-Token,header"`
	Depth  int
}

type routedOutput struct {
	Status int    `wire:",status"`
	Token  string `wire:"X-Token,header"`
	Echo   string
	Depth  int `wire:",required"`
}

// echo is a service that answers what it was asked, over any protocol.
func echo(protocol wire.Protocol) *wire.Service {
	return &wire.Service{
		Name: "echo", Protocol: protocol, Invalid: wire.Sender("Refused"),
		Operations: []wire.Operation{
			wire.Read("Echo", func(_ context.Context, _ *wire.Call, in *widget) (*widget, error) {
				return in, nil
			}).At("POST", "/echo"),
			wire.Write("Route", func(_ context.Context, _ *wire.Call, in *routed) (*routedOutput, error) {
				return &routedOutput{Status: 202, Token: in.Token,
					Echo: in.Name + " " + in.Marker + " " + strings.Join(in.Names, "+"), Depth: in.Depth}, nil
			}).At("PUT", "/things/{Name}/part"),
			wire.Write("Demand", func(context.Context, *wire.Call, *wire.Empty) (*routedOutput, error) {
				return &routedOutput{Echo: "demanded"}, nil
			}).At("PUT", "/things/{Rest+}?tagging"),
			wire.Write("Fail", func(context.Context, *wire.Call, *wire.Empty) (*wire.Empty, error) {
				return nil, wire.Errorf(429, "TooManyRequestsException", "Rate <exceeded>").With("Reason",
					"CallerRateLimitExceeded")
			}).At("DELETE", "/things"),
		},
	}
}

func serve(t *testing.T, protocol wire.Protocol, r *http.Request) (*http.Response, string) {
	t.Helper()
	service := echo(protocol)
	if err := service.Prepare(); err != nil {
		t.Fatal(err)
	}
	ids := wire.NewIdentities(wire.RealClock{})
	ids.Register("AKIATEST", wire.Principal{AccountID: "1"})
	gateway := &wire.Gateway{Clock: wire.RealClock{}, Identities: ids, Calls: wire.NewRecorder(0),
		Latencies: &wire.Latencies{}, Faults: &wire.Faults{}}
	r.Header.Set("Authorization",
		"AWS4-HMAC-SHA256 Credential=AKIATEST/20261121/eu-central-1/echo/aws4_request, SignedHeaders=host, Signature=0")
	w := httptest.NewRecorder()
	gateway.Serve(w, r, service)
	body, err := io.ReadAll(w.Result().Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Result(), string(body)
}

func jsonRequest(operation, body string) *http.Request {
	r := httptest.NewRequest("POST", "/", strings.NewReader(body))
	r.Header.Set("X-Amz-Target", "Echo."+operation)
	r.Header.Set("Content-Type", "application/x-amz-json-1.0")
	return r
}

func formRequest(form string) *http.Request {
	return httptest.NewRequest("POST", "/", strings.NewReader("Version=1&Action="+form))
}

func TestJSONKeepsEveryTypeAndWritesTimesAsSeconds(t *testing.T) {
	in := `{"Name":"n","Size":0,"Labels":{"a":"b"},"Parts":[{"ID":"1"}],"Made":1795237582.674,"Checksum":"AQI="}`
	resp, got := serve(t, wire.JSON("Echo"), jsonRequest("Echo", in))
	var want, have any
	json.Unmarshal([]byte(in), &want)
	json.Unmarshal([]byte(got), &have)
	if diff := cmp.Diff(want, have); diff != "" || resp.Header.Get("Content-Type") != "application/x-amz-json-1.0" {
		t.Errorf("%s as %s", diff, resp.Header.Get("Content-Type"))
	}
}

func TestFormsNestAndXMLWrapsLists(t *testing.T) {
	_, got := serve(t, wire.Query("1", "urn:echo"),
		formRequest(
			"Echo&Name=a%26b&Size=3&Labels.entry.1.key=k&Labels.entry.1.value=v&Parts.member.2.ID=two&Parts.member.1.ID=one",
		))
	want := `<Name>a&amp;b</Name><Size>3</Size><Labels><entry><key>k</key><value>v</value></entry></Labels>` +
		`<Parts><member><ID>one</ID></member><member><ID>two</ID></member></Parts>`
	if !strings.Contains(got, "<EchoResult>"+want+"</EchoResult>") {
		t.Error(got)
	}
}

func TestWhatAnInputDoesNotNameIsRefusedWithTheServicesOwnCode(t *testing.T) {
	for why, row := range map[string]struct {
		protocol wire.Protocol
		request  *http.Request
		want     string
	}{
		"an unknown member": {wire.JSON("Echo"), jsonRequest("Echo", `{"Name":"n","Colour":"red"}`),
			"Unknown parameter: Colour"},
		"an unknown member of a list": {wire.JSON("Echo"), jsonRequest("Echo", `{"Name":"n","Parts":[{"Weight":1}]}`),
			"Unknown parameter: Parts[0].Weight"},
		"a missing member": {wire.JSON("Echo"), jsonRequest("Echo", `{}`), "Missing required parameter: Name"},
		"a text in place of a number": {wire.JSON("Echo"), jsonRequest("Echo", `{"Name":"n","Size":"3"}`),
			"Invalid value for parameter Size"},
		"an unknown form parameter": {wire.Query("1", "urn:echo"), formRequest("Echo&Name=n&Colour=red"),
			"Unknown parameter: Colour"},
		"an unknown query parameter": {wire.RESTJSON(), httptest.NewRequest("PUT", "/things/a/part?Colour=red", nil),
			"Unknown parameter: Colour"},
		"an unknown member of a payload": {wire.RESTJSON(),
			httptest.NewRequest("PUT", "/things/a/part", strings.NewReader(`{"Colour":1}`)), "Unknown parameter: Colour"},
	} {
		resp, got := serve(t, row.protocol, row.request)
		if resp.StatusCode != 400 || !strings.Contains(
			got+resp.Header.Get("X-Amzn-Errortype"), "Refused",
		) || !strings.Contains(got, row.want) {
			t.Errorf("%s: got %d %s", why, resp.StatusCode, got)
		}
	}
}

func TestRESTPutsValuesWhereTheyBelong(t *testing.T) {
	r := httptest.NewRequest("PUT", "/things/a%2Fb/part?Marker=m&name=1&name=2", strings.NewReader(`{"Depth":7}`))
	r.Header.Set("X-Token", "t")
	resp, got := serve(t, wire.RESTJSON(), r)
	if resp.StatusCode != 202 || resp.Header.Get("X-Token") != "t" || got != `{"Depth":7,"Echo":"a/b m 1+2"}` {
		t.Errorf("got %d %s %s", resp.StatusCode, resp.Header.Get("X-Token"), got)
	}
	_, got = serve(t, wire.RESTJSON(), httptest.NewRequest("PUT", "/things/a/part?tagging", nil))
	if !strings.Contains(got, "demanded") {
		t.Errorf("the route with a demand came second: %s", got)
	}
}

func TestErrorsTakeTheFormOfTheirProtocol(t *testing.T) {
	for name, row := range map[string]struct {
		protocol wire.Protocol
		request  *http.Request
		want     string
	}{
		"JSON": {wire.JSON("Echo"), jsonRequest("Fail", "{}"),
			`{"Reason":"CallerRateLimitExceeded","__type":"TooManyRequestsException","message":"Rate \u003cexceeded\u003e"}`},
		"query": {wire.Query("1", "urn:echo"), formRequest("Fail"),
			`<Type>Sender</Type><Code>TooManyRequestsException</Code><Message>Rate &lt;exceeded&gt;</Message><Reason>`},
		"REST JSON": {wire.RESTJSON(), httptest.NewRequest("DELETE", "/things", nil), `"Reason":"CallerRateLimitExceeded"`},
		"S3": {wire.S3XML(), httptest.NewRequest("DELETE", "/things", nil),
			`<Error><Code>TooManyRequestsException</Code>`},
	} {
		resp, got := serve(t, row.protocol, row.request)
		if resp.StatusCode != 429 || !strings.Contains(got, row.want) {
			t.Errorf("%s: got %d %s", name, resp.StatusCode, got)
		}
	}
}
