package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// runtimeAPI stands for Lambda: it hands out invocations and receives the answers.
type runtimeAPI struct {
	*httptest.Server
	next    chan invocation
	answers chan answer
}

type invocation struct {
	payload string
	timeout time.Duration
}

// answer is what the runtime posted; kind is "response", "error" or "init".
type answer struct {
	kind, requestID, body, errorType string
}

func newRuntimeAPI(t *testing.T) *runtimeAPI {
	api := &runtimeAPI{next: make(chan invocation), answers: make(chan answer, 1)}
	ended := make(chan struct{})
	count := 0
	mux := http.NewServeMux()
	mux.HandleFunc("GET /2018-06-01/runtime/invocation/next", func(w http.ResponseWriter, r *http.Request) {
		select {
		case in := <-api.next:
			count++
			w.Header().Set("Lambda-Runtime-Aws-Request-Id", fmt.Sprintf("request-%d", count))
			w.Header().Set("Lambda-Runtime-Deadline-Ms", fmt.Sprint(time.Now().Add(in.timeout).UnixMilli()))
			w.Header().Set("Lambda-Runtime-Trace-Id", "Root=1-5759e988-bd862e3fe1be46a994272793")
			io.WriteString(w, in.payload)
		case <-r.Context().Done():
		case <-ended:
			w.WriteHeader(http.StatusInternalServerError)
		}
	})
	mux.HandleFunc("POST /2020-01-01/extension/register", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Lambda-Extension-Identifier", r.Header.Get("Lambda-Extension-Name"))
	})
	mux.HandleFunc("GET /2020-01-01/extension/event/next", func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-ended:
		}
	})
	mux.HandleFunc("POST /2018-06-01/runtime/", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		parts := strings.Split(strings.TrimPrefix(r.URL.Path, "/2018-06-01/runtime/"), "/")
		got := answer{
			kind: parts[len(parts)-1], requestID: parts[1], body: string(body),
			errorType: r.Header.Get("Lambda-Runtime-Function-Error-Type"),
		}
		if parts[0] == "init" {
			got.kind = "init"
		}
		w.WriteHeader(http.StatusAccepted)
		api.answers <- got
	})
	api.Server = httptest.NewServer(mux)
	t.Cleanup(func() {
		close(ended)
		api.Close()
	})
	return api
}

func (a *runtimeAPI) address() string { return strings.TrimPrefix(a.URL, "http://") }

// patience is how long a test waits for what must come.
const patience = 30 * time.Second

// invoke sends an event and returns what the runtime posted.
func (f *running) invoke(t *testing.T, payload string, timeout time.Duration) answer {
	t.Helper()
	select {
	case f.api.next <- invocation{payload: payload, timeout: timeout}:
	case <-f.exited:
		t.Fatalf("the runtime ended before the invocation:\n%s", f.output())
	case <-time.After(patience):
		t.Fatalf("the runtime does not ask for invocations:\n%s", f.output())
	}
	return f.posted(t)
}

// posted returns the next thing that the runtime posts.
func (f *running) posted(t *testing.T) answer {
	t.Helper()
	select {
	case got := <-f.api.answers:
		return got
	case <-time.After(patience):
		t.Fatalf("the runtime posts nothing:\n%s", f.output())
		return answer{}
	}
}
