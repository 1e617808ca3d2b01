// Package lambdaapi is the function's side of the Lambda Runtime API.
//
// It encodes AWS Lambda Developer Guide, runtimes-api: version 2018-06-01, one invocation at a time, asking for the
// next one without a timeout because the environment may be frozen while the request is open.
package lambdaapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"time"
)

// maxPayload bounds what is read as one event: 6 MB is the most that an invocation carries, and a little for JSON's
// sake.
const maxPayload = 8 << 20

// maxMessage bounds an error message in bytes, so that it fits into what callers keep of it.
const maxMessage = 8 << 10

// ErrTooLarge says that Lambda refused the answer for its size (more than 6 MB).
var ErrTooLarge = errors.New("the answer is larger than Lambda's limit of 6 MB")

// Client talks to the Runtime API. It is for one goroutine.
type Client struct {
	base, extensions string
	http             *http.Client
	payload          bytes.Buffer
}

// New returns a client for the API at the address (host:port, AWS_LAMBDA_RUNTIME_API).
func New(address string) *Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	return &Client{
		base:       "http://" + address + "/2018-06-01/runtime/",
		extensions: "http://" + address + "/2020-01-01/extension/",
		http: &http.Client{Transport: &http.Transport{
			DialContext: dialer.DialContext, MaxIdleConnsPerHost: 2, DisableCompression: true,
		}},
	}
}

// Invocation is one event and what Lambda says about it.
type Invocation struct {
	RequestID string
	// Deadline is when Lambda ends the function.
	Deadline time.Time
	// Cut is when work must end so that an answer can still be given: one second before the deadline, or the last third
	// of a shorter time.
	Cut time.Time
	// TraceID is the X-Ray tracing header; it may be empty.
	TraceID string
	// Payload is the event. It is valid until the next invocation is asked for.
	Payload []byte
}

// Next waits for an invocation, without a timeout of its own.
func (c *Client) Next(ctx context.Context) (Invocation, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"invocation/next", nil)
	if err != nil {
		return Invocation{}, err
	}
	response, err := c.http.Do(request)
	if err != nil {
		return Invocation{}, fmt.Errorf("asking for the next invocation: %w", err)
	}
	defer response.Body.Close()
	c.payload.Reset()
	if _, err := c.payload.ReadFrom(io.LimitReader(response.Body, maxPayload)); err != nil {
		return Invocation{}, fmt.Errorf("reading the invocation: %w", err)
	}
	if response.StatusCode != http.StatusOK {
		return Invocation{}, fmt.Errorf("asking for the next invocation: the Runtime API answered %s", response.Status)
	}
	in := Invocation{
		RequestID: response.Header.Get("Lambda-Runtime-Aws-Request-Id"),
		TraceID:   response.Header.Get("Lambda-Runtime-Trace-Id"),
		Payload:   c.payload.Bytes(),
	}
	if in.RequestID == "" {
		return Invocation{}, errors.New("asking for the next invocation: the answer has no request id")
	}
	millis, err := strconv.ParseInt(response.Header.Get("Lambda-Runtime-Deadline-Ms"), 10, 64)
	if err != nil {
		return Invocation{}, fmt.Errorf("reading the deadline of invocation %s: %w", in.RequestID, err)
	}
	in.Deadline = time.UnixMilli(millis)
	in.Cut = in.Deadline.Add(-min(time.Second, max(0, time.Until(in.Deadline))/3))
	return in, nil
}

// Respond answers an invocation with JSON. It returns ErrTooLarge when Lambda refuses the size; Fail must follow then.
func (c *Client) Respond(ctx context.Context, requestID string, answer []byte) error {
	status, err := c.post(ctx, "invocation/"+requestID+"/response", "", answer)
	if err != nil {
		return fmt.Errorf("answering invocation %s: %w", requestID, err)
	}
	if status == http.StatusRequestEntityTooLarge {
		return ErrTooLarge
	}
	if status >= 300 {
		return fmt.Errorf("answering invocation %s: the Runtime API answered %d", requestID, status)
	}
	return nil
}

// Failure is an error as Lambda shows it to callers.
type Failure struct {
	// Message is for the person who reads it; it is cut at 8 KiB.
	Message string `json:"errorMessage"`
	// Type is a dotted word such as Aloft.Bundle.
	Type string `json:"errorType"`
	// StackTrace is always empty, but callers expect the field.
	StackTrace []string `json:"stackTrace"`
}

// Fail reports that an invocation failed.
func (c *Client) Fail(ctx context.Context, requestID string, failure Failure) error {
	return c.fail(ctx, "invocation/"+requestID+"/error", failure)
}

// FailInit reports that the function cannot start. The process must end afterwards.
func (c *Client) FailInit(ctx context.Context, failure Failure) error {
	return c.fail(ctx, "init/error", failure)
}

func (c *Client) fail(ctx context.Context, path string, failure Failure) error {
	if len(failure.Message) > maxMessage {
		failure.Message = failure.Message[:maxMessage]
	}
	failure.StackTrace = []string{}
	body, err := json.Marshal(failure)
	if err != nil {
		return err
	}
	status, err := c.post(ctx, path, failure.Type, body)
	if err != nil {
		return fmt.Errorf("reporting an error: %w", err)
	}
	if status >= 300 {
		return fmt.Errorf("reporting an error: the Runtime API answered %d", status)
	}
	return nil
}

func (c *Client) post(ctx context.Context, path, errorType string, body []byte) (status int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, c.base+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	if errorType != "" {
		request.Header.Set("Lambda-Runtime-Function-Error-Type", errorType)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	// Read to the end, so that the connection is used again.
	_, err = io.Copy(io.Discard, io.LimitReader(response.Body, 1<<16))
	return response.StatusCode, err
}
