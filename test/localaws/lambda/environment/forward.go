package environment

import (
	"io"
	"net"
	"strconv"
)

// forward carries the connections that a jail's port takes to the same port of this machine, until
// the listener is closed.
func forward(listener net.Listener, port int) {
	for {
		inside, err := listener.Accept()
		if err != nil {
			return
		}
		go carry(inside, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
	}
}

func carry(inside net.Conn, address string) {
	defer func() { _ = inside.Close() }()
	outside, err := net.Dial("tcp", address)
	if err != nil {
		return
	}
	defer func() { _ = outside.Close() }()
	go func() {
		_, _ = io.Copy(outside, inside)
		_ = outside.Close()
	}()
	_, _ = io.Copy(inside, outside)
}
