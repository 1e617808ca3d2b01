// Package upstream speaks HTTP/1.1 to the application.
//
// It encodes what a gateway owes an application and its visitors: the request target is sent as it came, a request is
// never sent twice, and a response is read to its end or not at all. Each request has a connection of its own: an
// application may write more than its response has room for (a body to a HEAD request, a file that grew since its
// length was told), and on a shared connection those bytes would be the answer to somebody else's request.
package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// MaxBody is the most bytes of a response's body: what fits into Lambda's answer of 6 MB.
	MaxBody = 6 << 20
	// maxHead is the most bytes of a response before its body, interim responses included. It bounds memory: API Gateway
	// takes far less.
	maxHead = 1 << 20
)

// eventStream is the one media type that is of use without its end: a browser takes the events that have come, and
// connects again (HTML Living Standard, 9.2).
const eventStream = "text/event-stream"

// Errors of Do.
var (
	// ErrTimeout says that the application did not answer in time.
	ErrTimeout = errors.New("the application did not answer in time")
	// ErrTooLarge says that the body is larger than MaxBody.
	ErrTooLarge = errors.New("the response is larger than Lambda's limit of 6 MB; " +
		"serve large files as assets or from S3")
	// ErrUnreached says that nothing listens, so that nothing of the request was sent.
	ErrUnreached = errors.New("nothing listens where the application did")
	errHead      = fmt.Errorf("the response has more than %d bytes of headers", maxHead)
)

// Field is one header line.
type Field struct{ Name, Value string }

// Request is what is sent. Fields must be valid header lines without Host, Content-Length and hop-by-hop ones.
type Request struct {
	Method string
	// Target is the path with the query, in the form of the request line.
	Target string
	Host   string
	Fields []Field
	Body   []byte
}

// Response is what came back. Body is valid until the next request.
type Response struct {
	Status int
	Header http.Header
	Body   []byte
}

// Client sends requests to one address, one after the other.
type Client struct {
	address func() string
	head    io.LimitedReader
	reader  *bufio.Reader
	writer  *bufio.Writer
	body    []byte
}

// New returns a client for an address, host and port, which is asked for whenever a connection is made.
func New(address func() string) *Client {
	return &Client{address: address, reader: bufio.NewReaderSize(nil, 16<<10), writer: bufio.NewWriterSize(nil, 16<<10)}
}

// Do sends the request over a connection of its own and reads the whole response until the deadline. Of a stream of
// events that does not end it returns what has come by then.
func (c *Client) Do(request Request, deadline time.Time) (Response, error) {
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.Dial("tcp", c.address())
	if errors.Is(err, syscall.ECONNREFUSED) {
		return Response{}, fmt.Errorf("%w: %w", ErrUnreached, err)
	}
	if err != nil {
		return Response{}, outcome(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(deadline); err != nil {
		return Response{}, outcome(err)
	}
	response, err := c.exchange(conn, request)
	return response, outcome(err)
}

// outcome names a passed deadline.
func outcome(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return err
}

// exchange sends and reads at the same time, for the application may answer while it reads.
func (c *Client) exchange(conn net.Conn, request Request) (Response, error) {
	c.head = io.LimitedReader{R: conn, N: maxHead}
	c.reader.Reset(&c.head)
	c.writer.Reset(conn)
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		c.writeHead(request)
		_, _ = c.writer.Write(request.Body)
		_ = c.writer.Flush() // what went wrong shows in the response that does not come
	}()
	response, err := c.read(request.Method)
	conn.Close() // ends the sending of what the application does not read
	<-sent
	if err != nil {
		return Response{}, fmt.Errorf("reading the application's response: %w", err)
	}
	return response, nil
}

func (c *Client) writeHead(request Request) {
	w := c.writer
	w.WriteString(request.Method)
	w.WriteByte(' ')
	w.WriteString(request.Target)
	w.WriteString(" HTTP/1.1\r\nHost: ")
	w.WriteString(request.Host)
	w.WriteString("\r\nConnection: close\r\n")
	for _, field := range request.Fields {
		w.WriteString(field.Name)
		w.WriteString(": ")
		w.WriteString(field.Value)
		w.WriteString("\r\n")
	}
	if len(request.Body) > 0 || expectsBody(request.Method) {
		w.WriteString("Content-Length: ")
		w.WriteString(strconv.Itoa(len(request.Body)))
		w.WriteString("\r\n")
	}
	w.WriteString("\r\n")
}

func expectsBody(method string) bool {
	return method == http.MethodPost || method == http.MethodPut || method == http.MethodPatch
}

func (c *Client) read(method string) (Response, error) {
	for {
		got, err := http.ReadResponse(c.reader, &http.Request{Method: method})
		if err != nil && c.head.N <= 0 {
			return Response{}, errHead
		}
		if err != nil {
			return Response{}, err
		}
		switch {
		case got.StatusCode == http.StatusSwitchingProtocols:
			return Response{}, errors.New("the application switched protocols without being asked")
		case got.StatusCode >= 100 && got.StatusCode < 200:
			continue
		}
		c.head.N = math.MaxInt64 // readBody has a bound of its own
		if err := c.readBody(got); err != nil {
			return Response{}, err
		}
		return Response{Status: got.StatusCode, Header: got.Header, Body: c.body}, nil
	}
}

func (c *Client) readBody(got *http.Response) error {
	defer got.Body.Close()
	c.body = c.body[:0]
	if got.Body == http.NoBody {
		return nil
	}
	if got.ContentLength > MaxBody {
		return ErrTooLarge
	}
	if size := got.ContentLength; size >= int64(cap(c.body)) {
		// One more, so that the end is seen without growing.
		c.body = make([]byte, 0, size+1)
	}
	for {
		if len(c.body) == cap(c.body) {
			c.body = append(c.body, 0)[:len(c.body)]
		}
		n, err := got.Body.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
		switch {
		case len(c.body) > MaxBody:
			return ErrTooLarge
		case err == io.EOF, isStream(got) && errors.Is(err, os.ErrDeadlineExceeded):
			return nil
		case err != nil:
			return err
		}
	}
}

func isStream(got *http.Response) bool {
	media, _, _ := strings.Cut(got.Header.Get("Content-Type"), ";")
	return strings.EqualFold(strings.TrimSpace(media), eventStream)
}
