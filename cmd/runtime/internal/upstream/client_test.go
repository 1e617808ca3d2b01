package upstream

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// script is what a server writes for each path, byte for byte; then it keeps the connection and answers the next
// request, as a server does that knows nothing of what it has written.
type script map[string]string

func (s script) listen(t *testing.T) *Client {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go s.serve(conn)
		}
	}()
	return New(listener.Addr().String)
}

func (s script) serve(conn net.Conn) {
	defer conn.Close()
	reader := bufio.NewReader(conn)
	for {
		request, err := http.ReadRequest(reader)
		if err != nil {
			return
		}
		for part := range strings.SplitSeq(s[request.URL.Path], pause) {
			if _, err := io.WriteString(conn, part); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		if s[request.URL.Path] == "" {
			return
		}
	}
}

// pause in a script lets what was written before arrive alone.
const pause = "\x00"

func ask(t *testing.T, c *Client, method, path string) (Response, error) {
	t.Helper()
	return c.Do(Request{Method: method, Target: path, Host: "app"}, time.Now().Add(5*time.Second))
}

const poison = "HTTP/1.1 200 OK\r\nSet-Cookie: session=attacker\r\nContent-Length: 7\r\n\r\npoison!"

func TestNothingOfOneResponseIsTheNextOnes(t *testing.T) {
	for name, row := range map[string]struct{ reason, method, answer string }{
		"body of a HEAD":       {"a handler that forgets the method", "HEAD", "HTTP/1.1 200 OK\r\n\r\n" + poison},
		"body of a 204":        {"there is none", "GET", "HTTP/1.1 204 No Content\r\n\r\n" + poison},
		"body of a 304":        {"there is none", "GET", "HTTP/1.1 304 Not Modified\r\n\r\n" + poison},
		"more than its length": {"a file that grew", "GET", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + poison},
		"later": {
			"the rest comes when the response has been read", "GET",
			"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" + pause + poison,
		},
		"behind the last chunk": {
			"framed otherwise", "GET", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n" + poison,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := script{"/first": row.answer, "/account": "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nvictim"}.listen(t)
			if _, err := ask(t, c, row.method, "/first"); err != nil {
				t.Fatal(err)
			}
			got, err := ask(t, c, "GET", "/account")
			if err != nil || string(got.Body) != "victim" || len(got.Header["Set-Cookie"]) > 0 {
				t.Errorf("%s: the next request got %q, %v (%v)", row.reason, got.Body, got.Header, err)
			}
		})
	}
}

func TestAResponseIsReadToItsEndOrNotAtAll(t *testing.T) {
	for name, row := range map[string]struct {
		reason, answer string
		body           string
		fails          bool
	}{
		"length": {"counted", "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nfour", "four", false},
		"empty":  {"counted to nothing", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", false},
		"chunked": {
			"in pieces", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n" + pause + "1\r\nc\r\n0\r\n\r\n",
			"abc", false,
		},
		"interim": {
			"100 and 103 are no answer yet",
			"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: a\r\n\r\n" +
				"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
			"ok", false,
		},
		"nothing":     {"the connection ends", "", "", true},
		"no HTTP":     {"another protocol", "SSH-2.0-OpenSSH\r\n\r\n", "", true},
		"another one": {"nobody asked for it", "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", "", true},
		"endless head": {
			"it would fill the memory", "HTTP/1.1 200 OK\r\n" + strings.Repeat("X: y\r\n", maxHead/6+9), "", true,
		},
		"endless hints": {"so would these", strings.Repeat("HTTP/1.1 103 Early Hints\r\n\r\n", maxHead/28+9), "", true},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := ask(t, script{"/": row.answer}.listen(t), "GET", "/")
			if (err != nil) != row.fails || string(got.Body) != row.body {
				t.Errorf("%s: got %q (%v)", row.reason, got.Body, err)
			}
		})
	}
}

func TestABodyThatBreaksOffIsAnError(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		_, _ = http.ReadRequest(bufio.NewReader(conn))
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nfour")
		conn.Close()
	}()
	if got, err := ask(t, New(listener.Addr().String), "GET", "/"); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("got %q (%v)", got.Body, err)
	}
}

func TestABodyMayHaveSixMegabytesAndNoByteMore(t *testing.T) {
	answer := func(size int, head string) string {
		return "HTTP/1.1 200 OK\r\n" + head + "\r\n" + strings.Repeat("x", size)
	}
	length := func(size int) string { return fmt.Sprintf("Content-Length: %d\r\n", size) }
	c := script{
		"/fits": answer(MaxBody, length(MaxBody)), "/more": answer(MaxBody+1, length(MaxBody+1)),
		"/untold": answer(MaxBody+1, ""),
	}.listen(t)
	if got, err := ask(t, c, "GET", "/fits"); err != nil || len(got.Body) != MaxBody {
		t.Errorf("%d bytes: %v", len(got.Body), err)
	}
	for _, path := range []string{"/more", "/untold"} {
		if _, err := ask(t, c, "GET", path); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%s: %v", path, err)
		}
	}
	if got, err := ask(t, c, "HEAD", "/more"); err != nil || got.Header.Get("Content-Length") == "" {
		t.Errorf("a HEAD has a length and no body: %v (%v)", got.Header, err)
	}
}

func TestAStreamOfEventsIsCutAtTheDeadlineAndEveryOtherEndlessBodyIsAnError(t *testing.T) {
	stream := "\r\n\r\ndata: 1\n\n"
	c := script{
		"/events": "HTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream; charset=utf-8" + stream,
		"/page":   "HTTP/1.1 200 OK\r\nContent-Type: text/html" + stream,
		"/silent": "HTTP/1.1 200 OK\r\nContent-Type: text/event-",
	}.listen(t)
	soon := func() time.Time { return time.Now().Add(200 * time.Millisecond) }
	got, err := c.Do(Request{Method: "GET", Target: "/events", Host: "app"}, soon())
	if err != nil || string(got.Body) != "data: 1\n\n" {
		t.Errorf("got %q (%v)", got.Body, err)
	}
	for _, path := range []string{"/page", "/silent"} {
		if _, err := c.Do(Request{Method: "GET", Target: path, Host: "app"}, soon()); !errors.Is(err, ErrTimeout) {
			t.Errorf("%s: %v", path, err)
		}
	}
}
