package environment

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"
)

// Sizes of what is logged.
const (
	// tailBytes is how much of its log an invocation may hand back (Lambda API reference, Invoke, LogType).
	tailBytes = 4096
	// maxLine is the largest log event that CloudWatch Logs takes, in bytes.
	maxLine = 256 << 10
)

// lineLog cuts the process's output into lines and keeps the end of the current invocation's.
type lineLog struct {
	sink    func(line string)
	mu      sync.Mutex
	partial []byte
	tail    []byte
	pipe    syscall.RawConn
	ended   chan struct{}
}

func newLineLog(sink func(string)) *lineLog { return &lineLog{sink: sink} }

// follow reads the process's output until its end.
func (l *lineLog) follow(pipe *os.File) error {
	raw, err := pipe.SyscallConn()
	if err != nil {
		return err
	}
	l.pipe, l.ended = raw, make(chan struct{})
	go func() {
		defer close(l.ended)
		defer pipe.Close()
		_ = raw.Read(l.drain)
	}()
	return nil
}

// drain takes what is in the pipe, under the lock, so that whoever finds the pipe empty knows that all of it is in the
// log. It returns true at the end of the output.
func (l *lineLog) drain(fd uintptr) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	var buffer [16 << 10]byte
	for {
		n, err := syscall.Read(int(fd), buffer[:])
		switch {
		case n > 0:
			l.write(buffer[:n])
		case errors.Is(err, syscall.EAGAIN):
			return false
		case errors.Is(err, syscall.EINTR):
		default:
			return true
		}
	}
}

// write cuts output into lines; callers hold the lock.
func (l *lineLog) write(data []byte) {
	l.partial = append(l.partial, data...)
	for {
		end := bytes.IndexByte(l.partial, '\n')
		if end < 0 && len(l.partial) > maxLine {
			end = maxLine
		}
		if end < 0 {
			return
		}
		l.emit(string(l.partial[:end]))
		l.partial = l.partial[min(end+1, len(l.partial)):]
	}
}

// emit hands a line on; callers hold the lock.
func (l *lineLog) emit(line string) {
	line = strings.TrimRight(line, "\r")
	l.sink(line)
	l.tail = append(append(l.tail, line...), '\n')
	if len(l.tail) > tailBytes {
		l.tail = append([]byte(nil), l.tail[len(l.tail)-tailBytes:]...)
	}
}

// print is a line of Lambda's own.
func (l *lineLog) print(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.emit(string(l.partial))
		l.partial = nil
	}
	l.emit(line)
}

// restart begins the tail of another invocation.
func (l *lineLog) restart() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tail = nil
}

func (l *lineLog) last() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bytes.Clone(l.tail)
}

// flush waits for the output of a process that has ended.
func (l *lineLog) flush() {
	if l.ended == nil {
		return
	}
	select {
	case <-l.ended:
	case <-time.After(time.Second):
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.partial) > 0 {
		l.emit(string(l.partial))
		l.partial = nil
	}
}

// catchUp brings what the process has written so far into the log.
func (l *lineLog) catchUp() {
	_ = l.pipe.Control(func(fd uintptr) { _ = l.drain(fd) })
}
