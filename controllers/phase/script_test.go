package phase_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
)

// script plays Lambda's side of invocations over HTTP, for answers that a real function cannot be brought to give at
// will. It stands behind Clients.Invoke alone.
type script struct {
	play func(invocation) answered

	mu   sync.Mutex
	seen []invocation
}

// invocation is a request as Lambda receives it.
type invocation struct {
	function, version, kind string
	payload                 []byte
	// nth counts the invocations of the same version, from 1.
	nth int
}

// answered is what Lambda answers.
type answered struct {
	// lost drops the connection after the request was read.
	lost   bool
	status int
	// code of an error of Lambda's own.
	code string
	// functionError is what the function failed with: "Unhandled".
	functionError string
	payload       string
}

// scripted lets a script answer the stage's invocations. The client is made as package cloud makes it: without retries.
func (s *stage) scripted(play func(invocation) answered) *script {
	played := &script{play: play}
	config := s.Local.Config()
	config.HTTPClient = played
	s.Clients.Invoke = lambda.NewFromConfig(config, func(o *lambda.Options) {
		o.Retryer = aws.NopRetryer{}
		o.RetryMaxAttempts = 1
	})
	return played
}

// Do is the transport.
func (p *script) Do(request *http.Request) (*http.Response, error) {
	payload, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	function, _, _ := strings.Cut(strings.TrimPrefix(request.URL.Path, "/2015-03-31/functions/"), "/")
	seen := invocation{
		function: function, version: request.URL.Query().Get("Qualifier"),
		kind: request.Header.Get("X-Amz-Invocation-Type"), payload: payload,
	}
	p.mu.Lock()
	seen.nth = 1
	for _, before := range p.seen {
		if before.function == seen.function && before.version == seen.version {
			seen.nth++
		}
	}
	p.seen = append(p.seen, seen)
	p.mu.Unlock()
	return p.play(seen).response(request)
}

func (a answered) response(request *http.Request) (*http.Response, error) {
	if a.lost {
		return nil, errors.New("the connection was reset")
	}
	header := http.Header{"Content-Type": {"application/json"}}
	body := a.payload
	if a.code != "" {
		header.Set("X-Amzn-Errortype", a.code)
		body = `{"message":"` + a.code + `"}`
	}
	if a.functionError != "" {
		header.Set("X-Amz-Function-Error", a.functionError)
	}
	return &http.Response{
		StatusCode: a.status, Header: header, Body: io.NopCloser(bytes.NewBufferString(body)), Request: request,
	}, nil
}

// calls are the invocations so far.
func (p *script) calls() []invocation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]invocation(nil), p.seen...)
}
