package application

import (
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/forbidden"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// How much of the beginning and of the end of the application's output an error shows.
const (
	firstBytes = 1 << 10
	lastBytes  = 2 << 10
)

// The longest pauses between two looks.
const (
	portPause   = 20 * time.Millisecond
	healthPause = 250 * time.Millisecond
)

// life is one process of the application, from its start to its end.
type life struct {
	process *process.Process
	// failed is why no process could be started.
	failed error
	said   *process.Ends
	// complained knows what Lambda forbids of what it said, also where said leaves it out.
	complained *forbidden.Watch
	began      time.Time
	ended      time.Time
	// address is where it accepts connections, and unwell why it is not ready all the same.
	address, unwell atomic.Pointer[string]

	ready    chan struct{}
	gone     chan struct{}
	intended atomic.Bool
}

func (a *Application) begin() *life {
	now := &life{
		said: process.NewEnds(firstBytes, lastBytes), complained: &forbidden.Watch{}, began: time.Now(),
		ready: make(chan struct{}), gone: make(chan struct{}),
	}
	// Secrets are hidden before anything is cut: of one that lies across the cut, a part would be left.
	kept := a.Hide.Writer(io.MultiWriter(now.said, now.complained))
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
	go a.watch(now)
	return now
}

func (a *Application) launch(kept io.Writer) (*process.Process, error) {
	// Whoever listens already would be taken for the application.
	if address, found := accepting(a.Port); found {
		return nil, fmt.Errorf("another process listens on %s already", address)
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

// watch waits until the application is ready.
func (a *Application) watch(l *life) {
	listens := l.until(portPause, func() bool {
		address, found := accepting(a.Port)
		if found {
			l.address.Store(&address)
		}
		return found
	})
	if listens && (a.HealthPath == "" || l.until(healthPause, func() bool { return a.healthy(l) })) {
		close(l.ready)
	}
}

// until looks again and again, with growing pauses; it returns false when the process ended first.
func (l *life) until(longest time.Duration, happened func() bool) bool {
	pause := time.Millisecond
	for !happened() {
		select {
		case <-l.gone:
			return false
		case <-time.After(pause):
		}
		pause = min(2*pause, longest)
	}
	return true
}

// listensOn is the address, or "" before it is known.
func (l *life) listensOn() string { return textOf(&l.address) }

func textOf(p *atomic.Pointer[string]) string {
	if text := p.Load(); text != nil {
		return *text
	}
	return ""
}

// over is closed when the process has ended, though not yet all that it started.
func (l *life) over() <-chan struct{} {
	if l.process == nil {
		return l.gone
	}
	return l.process.Ended()
}

func (l *life) dead() bool {
	select {
	case <-l.over():
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
