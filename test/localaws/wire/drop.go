package wire

import (
	"net"
	"net/http"
)

// resetter is the in-process connection, which can be reset without a socket.
type resetter interface{ reset() }

// DropConnection resets the caller's connection: a TCP reset on a socket, the same error in process.
func DropConnection(w http.ResponseWriter) {
	if local, ok := w.(resetter); ok {
		local.reset()
		return
	}
	hijacker, ok := w.(http.Hijacker)
	if !ok {
		panic(http.ErrAbortHandler)
	}
	conn, _, err := hijacker.Hijack()
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	conn.Close()
}
