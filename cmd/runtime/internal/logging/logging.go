// Package logging writes the runtime's own log lines and passes the application's output through, line by line.
//
// It encodes the JSON log format of AWS Lambda Developer Guide, monitoring-cloudwatchlogs-logformat: timestamp, level,
// message, requestId.
package logging

import (
	"bytes"
	"io"
	"log/slog"
	"sync"
)

// maxLine bounds a line of the application's output; a longer one is passed on in parts of this many bytes.
const maxLine = 64 << 10

// Sink is one place for lines, so that lines of several writers never mix.
type Sink struct {
	mu sync.Mutex
	to io.Writer
}

// NewSink returns a sink that writes to the given place, a line per write.
func NewSink(to io.Writer) *Sink { return &Sink{to: to} }

// Write passes on whole lines.
func (s *Sink) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.to.Write(p)
}

// New returns the runtime's logger.
func New(sink *Sink) *slog.Logger {
	return slog.New(slog.NewJSONHandler(sink, &slog.HandlerOptions{ReplaceAttr: rename}))
}

func rename(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.TimeKey:
		a.Key = "timestamp"
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}

// Lines collects what a process writes into whole lines. It is safe for one writer.
type Lines struct {
	sink *Sink
	held []byte
}

// Lines returns a writer for the output of one process.
func (s *Sink) Lines() *Lines { return &Lines{sink: s} }

// Write passes on the lines that p completes and keeps the rest.
func (l *Lines) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		l.held = append(l.held, p[:end]...)
		l.flush()
	}
	l.held = append(l.held, p[end:]...)
	if len(l.held) >= maxLine {
		l.held = append(l.held, '\n')
		l.flush()
	}
	// What the log cannot take must not stop the application.
	return len(p), nil
}

// Close passes on a last line without an end.
func (l *Lines) Close() error {
	if len(l.held) > 0 {
		l.held = append(l.held, '\n')
		l.flush()
	}
	return nil
}

func (l *Lines) flush() {
	_, _ = l.sink.Write(l.held)
	l.held = l.held[:0]
}
