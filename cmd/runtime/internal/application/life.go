package application

import (
	"fmt"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// tailBytes is how much of the application's last output an error shows.
const tailBytes = 3 << 10

// life is one process of the application, from its start to its end.
type life struct {
	process *process.Process
	// failed is why no process could be started.
	failed error
	tail   *process.Tail
	began  time.Time
	ended  time.Time

	listening chan struct{}
	gone      chan struct{}
	intended  atomic.Bool
}

func (a *Application) begin() *life {
	now := &life{
		tail: process.NewTail(tailBytes), began: time.Now(), listening: make(chan struct{}), gone: make(chan struct{}),
	}
	// Secrets are hidden before the end is cut off: of one that lies across the cut, a part would be left.
	kept := a.Hide.Writer(now.tail)
	now.process, now.failed = a.launch(kept)
	if now.failed != nil {
		now.ended = now.began
		close(now.gone)
		return now
	}
	go func() {
		<-now.process.Exited()
		_ = kept.Close()
		now.ended = time.Now()
		close(now.gone)
	}()
	go now.probe(a.address)
	return now
}

func (a *Application) launch(kept io.Writer) (*process.Process, error) {
	// Whoever listens already would be taken for the application.
	if conn, err := net.DialTimeout("tcp", a.address, time.Second); err == nil {
		conn.Close()
		return nil, fmt.Errorf("another process listens on %s already", a.address)
	}
	spec := a.Spec
	lines := a.Output.Lines()
	spec.Output = io.MultiWriter(lines, kept)
	p, err := process.Start(spec)
	if err != nil {
		return nil, err
	}
	go func() {
		<-p.Exited()
		_ = lines.Close()
	}()
	return p, nil
}

// probe waits until the port accepts connections.
func (l *life) probe(address string) {
	pause := time.Millisecond
	for {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err == nil {
			conn.Close()
			close(l.listening)
			return
		}
		select {
		case <-l.gone:
			return
		case <-time.After(pause):
		}
		pause = min(2*pause, 20*time.Millisecond)
	}
}

func (l *life) dead() bool {
	select {
	case <-l.gone:
		return true
	default:
		return false
	}
}

func (l *life) kill() {
	if l.process != nil {
		l.process.Kill()
	}
}

// lasted is valid after gone.
func (l *life) lasted() time.Duration { return l.ended.Sub(l.began) }

// ending is valid after gone.
func (l *life) ending() string {
	if l.failed != nil {
		return l.failed.Error()
	}
	return l.process.Exit().Text
}

// Error says why the application does not serve, for the person who released it.
type Error struct {
	kind    string
	message string
}

func (e *Error) Error() string { return e.message }

// ErrorType is the type that Lambda shows: Aloft.ApplicationStart or Aloft.ApplicationPort.
func (e *Error) ErrorType() string { return e.kind }

func (a *Application) startError(l *life) *Error {
	command := a.Hide.Text(strings.Join(a.Spec.Args, " "))
	if len(command) > 200 {
		command = command[:200] + "..."
	}
	if l.failed != nil {
		return &Error{
			kind:    "Aloft.ApplicationStart",
			message: fmt.Sprintf("starting the application (%s): %s", command, a.Hide.Text(l.failed.Error())),
		}
	}
	message := fmt.Sprintf("the application (%s) ended before it listened on port %d: %s", command, a.Port, l.ending())
	if end, _ := l.tail.Bytes(); len(end) > 0 {
		message += "; the end of its output:\n" + strings.ToValidUTF8(string(end), "?")
	} else {
		message += "; it printed nothing"
	}
	return &Error{kind: "Aloft.ApplicationStart", message: message}
}

func (a *Application) portError() *Error {
	return &Error{
		kind: "Aloft.ApplicationPort",
		message: "the application runs but does not listen on " + a.address + "; let it listen on the port given in " +
			"PORT, or set runtime.http.port in the manifest to the port that it uses",
	}
}
