package main

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"k8s.io/client-go/rest"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
)

// apiCalls remembers what the operator asks of the API server.
type apiCalls struct {
	mu     sync.Mutex
	reads  []span
	writes []span
}

// watchOperator has an operator remember its calls.
func (c *apiCalls) watchOperator(o *operator.Options) {
	o.Kubernetes = rest.CopyConfig(o.Kubernetes)
	o.Kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper { return recorder{c, next} })
}

// during gives the calls of a piece of time, and how many of them wrote a Stage's status.
func (c *apiCalls) during(from, to time.Time) (calls []span, statusWrites int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.reads {
		if s.from.After(from) && s.from.Before(to) {
			calls = append(calls, s)
		}
	}
	for _, s := range c.writes {
		if s.from.After(from) && s.from.Before(to) {
			calls = append(calls, s)
			statusWrites++
		}
	}
	return calls, statusWrites
}

type recorder struct {
	calls *apiCalls
	next  http.RoundTripper
}

// RoundTrip records the calls that a reconcile waits for: of Stages and Secrets. Watches and events go on beside it.
func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	began := time.Now()
	response, err := r.next.RoundTrip(request)
	made := span{began, time.Now()}
	r.calls.mu.Lock()
	defer r.calls.mu.Unlock()
	switch path := request.URL.Path; {
	case strings.Contains(path, "/stages/") && strings.HasSuffix(path, "/status"):
		r.calls.writes = append(r.calls.writes, made)
	case strings.Contains(path, "/secrets/"):
		r.calls.reads = append(r.calls.reads, made)
	}
	return response, err //nolint:wrapcheck // a round tripper hands on what it was answered
}
