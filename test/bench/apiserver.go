package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
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
	// fences are writes of a status that change nothing: they prove that nobody else has written it.
	fences []span
}

// watchOperator has an operator remember its calls.
func (c *apiCalls) watchOperator(o *operator.Options) {
	o.Kubernetes = rest.CopyConfig(o.Kubernetes)
	o.Kubernetes.Wrap(func(next http.RoundTripper) http.RoundTripper { return recorder{c, next} })
}

// during gives the calls of a piece of time, and how many of them wrote a Stage's status or were fences.
func (c *apiCalls) during(from, to time.Time) (calls []span, statusWrites, fences int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	within := func(list []span) (in []span) {
		for _, s := range list {
			if s.from.After(from) && s.from.Before(to) {
				in = append(in, s)
			}
		}
		return in
	}
	writes, fenced := within(c.writes), within(c.fences)
	return slices.Concat(within(c.reads), writes, fenced), len(writes), len(fenced)
}

// onlyLock is a patch that has nothing but the version that it rests on.
var onlyLock = regexp.MustCompile(`^\{"metadata":\{"resourceVersion":"\d+"\}\}$`)

type recorder struct {
	calls *apiCalls
	next  http.RoundTripper
}

// RoundTrip records the calls that a reconcile waits for: of Stages and Secrets. Watches and events go on beside it.
func (r recorder) RoundTrip(request *http.Request) (*http.Response, error) {
	fence := false
	if request.Body != nil && strings.HasSuffix(request.URL.Path, "/status") {
		body, err := io.ReadAll(request.Body)
		if err != nil {
			return nil, fmt.Errorf("reading a request: %w", err)
		}
		request.Body = io.NopCloser(bytes.NewReader(body))
		fence = onlyLock.Match(body)
	}
	began := time.Now()
	response, err := r.next.RoundTrip(request)
	made := span{began, time.Now()}
	r.calls.mu.Lock()
	defer r.calls.mu.Unlock()
	switch path := request.URL.Path; {
	case fence:
		r.calls.fences = append(r.calls.fences, made)
	case strings.Contains(path, "/stages/") && strings.HasSuffix(path, "/status"):
		r.calls.writes = append(r.calls.writes, made)
	case strings.Contains(path, "/secrets/"):
		r.calls.reads = append(r.calls.reads, made)
	}
	return response, err //nolint:wrapcheck // a round tripper hands on what it was answered
}
