package cloudfront

import (
	"bufio"
	"crypto/tls"
	"errors"
	"net"
	"sync"
	"time"
)

// listener serves TLS and plain HTTP on one port: the first byte of a TLS connection is the type of a
// handshake record, which no HTTP method begins with.
type listener struct {
	net.Listener
	config *tls.Config
	ready  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

const (
	handshakeRecord = 0x16
	// firstByte is how long a connection may stay silent before it is closed.
	firstByte = 30 * time.Second
)

func newListener(inner net.Listener, config *tls.Config) *listener {
	l := &listener{Listener: inner, config: config, ready: make(chan net.Conn), closed: make(chan struct{})}
	go l.accept()
	return l
}

// accept looks at each connection in a goroutine of its own, so that a silent one delays no other.
func (l *listener) accept() {
	for {
		conn, err := l.Listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			time.Sleep(10 * time.Millisecond)
			continue
		}
		go l.look(conn)
	}
}

func (l *listener) look(conn net.Conn) {
	peeked := &peekedConn{Conn: conn, reader: bufio.NewReaderSize(conn, 4096)}
	_ = conn.SetReadDeadline(time.Now().Add(firstByte))
	first, err := peeked.reader.Peek(1)
	if err != nil {
		conn.Close()
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	var ready net.Conn = peeked
	if first[0] == handshakeRecord {
		ready = tls.Server(peeked, l.config)
	}
	select {
	case l.ready <- ready:
	case <-l.closed:
		conn.Close()
	}
}

// Accept returns the next connection whose protocol is known.
func (l *listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.ready:
		return conn, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

// Close stops accepting.
func (l *listener) Close() error {
	var err error
	l.once.Do(func() {
		close(l.closed)
		err = l.Listener.Close()
	})
	return err
}

// peekedConn gives back the byte that was looked at.
type peekedConn struct {
	net.Conn
	reader *bufio.Reader
}

func (c *peekedConn) Read(p []byte) (int, error) { return c.reader.Read(p) }
