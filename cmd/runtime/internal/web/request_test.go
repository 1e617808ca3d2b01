package web

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
)

const (
	secret  = "the distribution's"
	gateway = "abc.execute-api.eu-central-1.amazonaws.com"
)

// distributed is a stage that has a distribution in front, bare one that has none.
var (
	distributed = Edge{Digest: digest(secret), Host: "www.example.com"}
	bare        = Edge{}
)

func digest(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// event is an event of the gateway with these headers of a client's.
func event(headers map[string]string) *Event {
	e := &Event{Headers: map[string]string{"host": gateway, "x-forwarded-for": "203.0.113.9, 130.176.0.1"}}
	e.RequestContext = &RequestContext{DomainName: gateway}
	e.RequestContext.HTTP.Method, e.RequestContext.HTTP.SourceIP = "GET", "130.176.0.1"
	maps.Copy(e.Headers, headers)
	return e
}

// viewed is such an event as it comes through the distribution.
func viewed(headers map[string]string) *Event {
	e := event(headers)
	maps.Copy(e.Headers, map[string]string{
		function.EdgeSecret: secret, function.EdgeHost: "www.example.com", function.EdgeAddress: "198.51.100.7",
	})
	return e
}

// seen is what the application sees of an event.
func seen(t *testing.T, edge Edge, e *Event) (upstream.Request, http.Header) {
	t.Helper()
	request, err := newRequest(e, edge.viewer(e), lambdaapi.Invocation{RequestID: "id", Cut: time.UnixMilli(5)})
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for _, field := range request.Fields {
		header[field.Name] = append(header[field.Name], field.Value)
	}
	return request, header
}

func TestOnlyTheDistributionIsAdmitted(t *testing.T) {
	for name, row := range map[string]struct {
		reason string
		edge   Edge
		event  *Event
		want   bool
	}{
		"distribution": {"it has the secret", distributed, viewed(nil), true},
		"directly":     {"whoever comes to the API itself has not", distributed, event(nil), false},
		"guessed":      {"nor who guesses", distributed, event(map[string]string{function.EdgeSecret: "guess"}), false},
		"digest": {
			"what the function knows of the secret is not the secret", distributed,
			event(map[string]string{function.EdgeSecret: distributed.Digest}), false,
		},
		"none in front": {"a function that was told of no distribution", bare, event(nil), true},
	} {
		if got := row.edge.admits(row.event); got != row.want {
			t.Errorf("%s: admitted %v: %s", name, got, row.reason)
		}
	}
}

func TestNobodyChoosesTheirHostAddressOrScheme(t *testing.T) {
	forged := map[string]string{
		"x-forwarded-host": "evil.example", "x_forwarded_host": "evil.example", "x-forwarded-proto": "http",
		"x-forwarded-port": "81", "x-forwarded-server": "evil.example", "x-forwarded-prefix": "/evil",
		"forwarded": "for=127.0.0.1;host=evil.example;proto=http", "x-real-ip": "127.0.0.1", "x_real_ip": "127.0.0.1",
		"true-client-ip": "127.0.0.1", "client-ip": "127.0.0.1", "x-original-url": "/admin", "x-rewrite-url": "/admin",
		"cloudfront-viewer-address": "127.0.0.1:1", "cloudfront-forwarded-proto": "http", "x-host": "evil.example",
		"proxy": "http://evil.example", "x.forwarded.for": "127.0.0.1", "remote_addr": "127.0.0.1",
		"connection": "x-forwarded-for, x-forwarded-host, x-forwarded-proto",
	}
	introduced := func(host, address string) http.Header {
		return http.Header{
			"X-Forwarded-For": {address}, "X-Forwarded-Host": {host}, "X-Forwarded-Proto": {"https"},
			"X-Forwarded-Port": {"443"}, DeadlineHeader: {"5"}, RequestIDHeader: {"id"},
		}
	}
	for name, row := range map[string]struct {
		reason        string
		edge          Edge
		event         *Event
		host, address string
	}{
		"distribution": {"it knows the viewer", distributed, viewed(forged), "www.example.com", "198.51.100.7"},
		"directly":     {"the gateway knows the sender", bare, event(forged), gateway, "130.176.0.1"},
		"claims of the edge": {
			"they count with the secret only", bare, viewed(forged), gateway, "130.176.0.1",
		},
	} {
		t.Run(name, func(t *testing.T) {
			request, header := seen(t, row.edge, row.event)
			if diff := cmp.Diff(introduced(row.host, row.address), header); diff != "" || request.Host != row.host {
				t.Errorf("%s: host %s (-want +got):\n%s", row.reason, request.Host, diff)
			}
		})
	}
}

func TestWhatTheRuntimeAloneMaySayIsDroppedInEverySpelling(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := []byte(rapid.SampledFrom([]string{
			function.HeaderMessageID, function.HeaderQueue, function.HeaderReceiveCount, function.HeaderAttribute + "Trace-Id",
			DeadlineHeader, RequestIDHeader, function.EdgeSecret, function.EdgeHost, "X-Forwarded-Host", "X-Real-Ip",
			"Forwarded", "Transfer-Encoding", "Content-Length",
		}).Draw(t, "name"))
		for i, b := range name {
			if b == '-' {
				name[i] = rapid.SampledFrom([]byte("-_.+~!'*")).Draw(t, "sign")
			} else if rapid.Bool().Draw(t, "capital") {
				name[i] = strings.ToUpper(string(b))[0]
			}
		}
		if passes(string(name), nil) {
			t.Fatalf("%s passes", name)
		}
	})
}

func TestHeadersArriveAsTheyAreSpeltAndAsManyAsThereAre(t *testing.T) {
	sent := map[string]string{
		"x_custom": "1", "X-Custom": "2", "x.custom": "3", "x-aloftly": "4", "aloft-x": "5", "x-empty": "",
		"x-tab": "a\tb", "x-utf8": "grün", "x-list": "a, b,c", "authorization": "Bearer t", "x-forward": "6",
	}
	_, header := seen(t, distributed, viewed(sent))
	for name, want := range sent {
		if got := header[name]; !slices.Equal(got, []string{want}) {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	many := map[string]string{}
	for i := range 200 {
		many["x-"+strings.Repeat("n", i+1)] = "v"
	}
	if _, header := seen(t, distributed, viewed(many)); len(header) != len(many)+6 {
		t.Errorf("%d headers arrived of %d and six of the runtime's", len(header), len(many))
	}
}

func TestThePortIsThatOfTheHost(t *testing.T) {
	e := viewed(nil)
	e.Headers[function.EdgeHost] = "127.0.0.1:8443"
	if request, header := seen(t, distributed, e); request.Host != "127.0.0.1:8443" ||
		header.Get("X-Forwarded-Port") != "8443" {
		t.Errorf("%s, port %s", request.Host, header.Get("X-Forwarded-Port"))
	}
	for _, host := range []string{"", "a b", "evil/", "user@evil", "x\r\ny", "grün"} {
		e.Headers[function.EdgeHost] = host
		if request, _ := seen(t, distributed, e); request.Host != "www.example.com" {
			t.Errorf("%q became the host %q", host, request.Host)
		}
	}
}

func TestThePathIsWhatTheGatewayDecodedEncodedOnce(t *testing.T) {
	for decoded, want := range map[string]string{
		"/tags/{id}": "/tags/%7Bid%7D", "/a|b": "/a%7Cb", "/a[1]": "/a%5B1%5D", `/a"b`: "/a%22b", `/a\b`: "/a%5Cb",
		"/a^`<>": "/a%5E%60%3C%3E", "/100%": "/100%25", "/files/100%25": "/files/100%2525",
		"/static/%2e%2e%2fetc": "/static/%252e%252e%252fetc", "/x%41y": "/x%2541y",
		"/grün und rot": "/gr%C3%BCn%20und%20rot",
		"/what?":        "/what%3F", "/a#b": "/a%23b", "": "/", "no slash": "/no%20slash",
		"/a;b=c,d/e:f@g/(h)*'!$&+=~_.-": "/a;b=c,d/e:f@g/(h)*'!$&+=~_.-",
		"/a HTTP/1.1\r\nX-Evil: 1":      "/a%20HTTP/1.1%0D%0AX-Evil:%201",
	} {
		e := Event{RawPath: decoded, RequestContext: &RequestContext{}}
		if got := e.target(""); got != want {
			t.Errorf("%q became %q, want %q", decoded, got, want)
		}
	}
}

func TestThePathThatTheViewerSentIsTakenWhereItIsTheSame(t *testing.T) {
	for name, row := range map[string]struct{ reason, sent, decoded, want string }{
		"slash":         {"what decoding loses", "/p/a%2Fb", "/p/a/b", "/p/a%2Fb"},
		"question mark": {"the gateway cuts there", "/p/a%3Fb", "/p/a", "/p/a%3Fb"},
		"spelling":      {"the client's own", "/%7euser/%e4%bd%a0", "/~user/你", "/%7euser/%e4%bd%a0"},
		"percent":       {"encoded twice by the client", "/100%2525", "/100%25", "/100%2525"},
		"bytes":         {"an event cannot hold them", "/%ff%fe", "/\ufffd\ufffd", "/%ff%fe"},
		"unfit":         {"it goes into a request line", "/{a}/%20", "/{a}/ ", "/%7Ba%7D/%20"},
		"another":       {"it does not belong to this event", "/admin%20", "/a b", "/a%20b"},
		"decoded":       {"the edge saw a decoded one", "/a%41", "/a%41", "/a%2541"},
		"broken":        {"no encoding", "/a%zz", "/a%zz", "/a%25zz"},
		"absent":        {"nothing was to decode", "", "/plain", "/plain"},
	} {
		t.Run(name, func(t *testing.T) {
			e := viewed(map[string]string{function.EdgePath: row.sent})
			e.RawPath = row.decoded
			if request, _ := seen(t, distributed, e); request.Target != row.want {
				t.Errorf("%s: %q", row.reason, request.Target)
			}
			if request, _ := seen(t, bare, e); request.Target != encodePath(row.decoded) {
				t.Errorf("without the secret it counts for nothing, and yet: %q", request.Target)
			}
		})
	}
}

func TestEveryPathArrivesAsItWasSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		path := "/" + string(rapid.SliceOf(rapid.Byte()).Draw(t, "path"))
		sent := (&url.URL{Path: path}).EscapedPath()
		raw, err := json.Marshal(path)
		if err != nil {
			t.Fatal(err)
		}
		e := viewed(map[string]string{function.EdgePath: sent})
		if err := json.Unmarshal(raw, &e.RawPath); err != nil {
			t.Fatal(err)
		}
		e.RawPath, _, _ = strings.Cut(e.RawPath, "?")
		got, err := url.PathUnescape(e.target(distributed.viewer(e).path))
		if err != nil || got != path {
			t.Fatalf("%q arrived as %q (%v)", path, got, err)
		}
	})
}

func TestTheQueryIsTheClientsOwn(t *testing.T) {
	for sent, want := range map[string]string{
		"a=1&a=2&x.y=%7Bz%7D&p=a+b&q=openid%20profile": "a=1&a=2&x.y=%7Bz%7D&p=a+b&q=openid%20profile",
		"a[]=1&b={c}|d": "a[]=1&b={c}|d", "d=5%&e=%zz": "d=5%&e=%zz", "q=?/:@": "q=?/:@", "empty=&=&&": "empty=&=&&",
		"q=a b": "q=a%20b", "q=grün": "q=gr%C3%BCn", "a#b": "a%23b", "a\r\nX: 1": "a%0D%0AX:%201",
	} {
		e := Event{RawPath: "/", RawQueryString: sent, RequestContext: &RequestContext{}}
		if got := e.target(""); got != "/?"+want {
			t.Errorf("%q became %q", sent, got)
		}
	}
}

func TestAJobLooksLikeARequestOfTheWeb(t *testing.T) {
	h := &Handler{edge: distributed}
	in := lambdaapi.Invocation{RequestID: "id", Cut: time.UnixMilli(5), TraceID: "trace"}
	got := h.Job("/jobs", []upstream.Field{{Name: function.HeaderQueue, Value: "orders"}}, []byte("{}"), in)
	want := upstream.Request{Method: "POST", Target: "/jobs", Host: "www.example.com", Body: []byte("{}"), Fields: fields{
		{Name: function.HeaderQueue, Value: "orders"}, {Name: "X-Forwarded-For", Value: "127.0.0.1"},
		{Name: "X-Forwarded-Host", Value: "www.example.com"}, {Name: "X-Forwarded-Proto", Value: "https"},
		{Name: "X-Forwarded-Port", Value: "443"}, {Name: DeadlineHeader, Value: "5"}, {Name: RequestIDHeader, Value: "id"},
		{Name: "X-Amzn-Trace-Id", Value: "trace"},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if warming := h.warming(in); warming.Host != "www.example.com" || warming.Target != "/_aloft/warm" {
		t.Errorf("the first request is %s %s of %s", warming.Method, warming.Target, warming.Host)
	}
}

func TestLoadBalancerEventsKeepRepeatedValuesAndAreAnsweredInTheirForm(t *testing.T) {
	var e Event
	err := json.Unmarshal([]byte(`{"requestContext":{"elb":{"targetGroupArn":"arn"}},
		"httpMethod":"POST","path":"/a%20b%2Fc","multiValueQueryStringParameters":{"b":["2","1"],"a":["%20"]},
		"multiValueHeaders":{"x-two":["1","2"],"cookie":["a=1","b=2"],"host":["www.example.com"],
		"x-forwarded-for":["192.0.2.1, 203.0.113.9"],"x-forwarded-proto":["http"]},
		"body":"hello","isBase64Encoded":false}`), &e)
	if err != nil {
		t.Fatal(err)
	}
	got, _ := seen(t, bare, &e)
	want := upstream.Request{Method: "POST", Target: "/a%20b%2Fc?a=%20&b=2&b=1", Host: "www.example.com"}
	want.Body, want.Fields = []byte("hello"), fields{
		{Name: "x-two", Value: "1"}, {Name: "x-two", Value: "2"}, {Name: "Cookie", Value: "a=1; b=2"},
		{Name: "X-Forwarded-For", Value: "203.0.113.9"}, {Name: "X-Forwarded-Host", Value: "www.example.com"},
		{Name: "X-Forwarded-Proto", Value: "http"}, {Name: "X-Forwarded-Port", Value: "80"},
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
