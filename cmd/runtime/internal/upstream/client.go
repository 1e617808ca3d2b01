// Package upstream speaks HTTP/1.1 to the application over one connection.
//
// It encodes what a gateway owes an application: the request target is sent as it came, connections are used again only
// while they are certainly alive, and a response is read to its end or not at all. Lambda gives an environment one
// request at a time, so one connection is enough, and a request is never sent twice.
package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"time"
)

// idle is how long, in the time of the wall clock, a connection may rest and be used again. An environment is frozen
// between requests, and the application closes connections whose time is over when it wakes; servers wait two seconds
// and more.
const idle = time.Second

// inline is the largest body in bytes that is sent before the answer is looked at; a larger one is sent at the same
// time, for the application may answer while it reads.
const inline = 64 << 10

// MaxBody is the most bytes of a response's body: what fits into Lambda's answer of 6 MB.
const MaxBody = 6 << 20

// Errors of Do.
var (
	// ErrTimeout says that the application did not answer in time.
	ErrTimeout = errors.New("the application did not answer in time")
	// ErrTooLarge says that the body is larger than MaxBody.
	ErrTooLarge = errors.New("the response is larger than Lambda's limit of 6 MB; " +
		"serve large files as assets or from S3")
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
	conn    net.Conn
	reader  *bufio.Reader
	writer  *bufio.Writer
	rested  time.Time
	body    []byte
}

// New returns a client for an address, host and port, which is asked for whenever a connection is made.
func New(address func() string) *Client { return &Client{address: address} }

// Do sends the request and reads the whole response until the deadline.
func (c *Client) Do(request Request, deadline time.Time) (Response, error) {
	if err := c.connect(deadline); err != nil {
		return Response{}, outcome(err)
	}
	response, err := c.exchange(request)
	if err != nil {
		c.Close()
		return Response{}, outcome(err)
	}
	// Without the monotonic part, so that the time of a frozen environment counts.
	c.rested = time.Now().Round(0)
	return response, nil
}

// Close drops the connection.
func (c *Client) Close() {
	if c.conn != nil {
		c.conn.Close()
		c.conn = nil
	}
}

func (c *Client) connect(deadline time.Time) error {
	if c.conn != nil && (time.Now().Round(0).Sub(c.rested).Abs() > idle || !alive(c.conn)) {
		c.Close()
	}
	if c.conn == nil {
		dialer := net.Dialer{Deadline: deadline}
		conn, err := dialer.Dial("tcp", c.address())
		if err != nil {
			return err
		}
		c.conn = conn
		if c.reader == nil {
			c.reader, c.writer = bufio.NewReaderSize(conn, 16<<10), bufio.NewWriterSize(conn, 16<<10)
		} else {
			c.reader.Reset(conn)
			c.writer.Reset(conn)
		}
	}
	return c.conn.SetDeadline(deadline)
}

// outcome names a passed deadline.
func outcome(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return ErrTimeout
	}
	return err
}

func (c *Client) exchange(request Request) (Response, error) {
	c.writeHead(request)
	sent := make(chan struct{}, 1)
	if len(request.Body) <= inline {
		_, _ = c.writer.Write(request.Body)
		_ = c.writer.Flush() // what went wrong shows in the response that does not come
		sent <- struct{}{}
	} else {
		go func() {
			_, _ = c.writer.Write(request.Body)
			_ = c.writer.Flush()
			sent <- struct{}{}
		}()
	}
	response, reusable, err := c.read(request.Method)
	if err != nil || !reusable {
		// Closing also ends a write that the application no longer reads.
		c.Close()
	}
	select {
	case <-sent:
	default:
		// Answered before the body was read: the connection is of no more use.
		c.Close()
		<-sent
	}
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
	w.WriteString("\r\n")
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

func (c *Client) read(method string) (response Response, reusable bool, err error) {
	for {
		got, err := http.ReadResponse(c.reader, &http.Request{Method: method})
		if err != nil {
			return Response{}, false, err
		}
		if got.StatusCode >= 100 && got.StatusCode < 200 {
			if got.StatusCode == http.StatusSwitchingProtocols {
				return Response{}, false, errors.New("the application switched protocols without being asked")
			}
			continue
		}
		if err := c.readBody(got); err != nil {
			return Response{}, false, err
		}
		return Response{Status: got.StatusCode, Header: got.Header, Body: c.body}, !got.Close, nil
	}
}

func (c *Client) readBody(got *http.Response) error {
	defer got.Body.Close()
	c.body = c.body[:0]
	if size := got.ContentLength; size >= int64(cap(c.body)) && size <= MaxBody {
		// One more, so that the end is seen without growing.
		c.body = make([]byte, 0, size+1)
	}
	for {
		if len(c.body) == cap(c.body) {
			c.body = append(c.body, 0)[:len(c.body)]
		}
		n, err := got.Body.Read(c.body[len(c.body):cap(c.body)])
		c.body = c.body[:len(c.body)+n]
		if len(c.body) > MaxBody {
			return ErrTooLarge
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}
