// Package application keeps the image's own server running: it starts it, waits until it is ready, and starts it again
// when it ends.
//
// It encodes that an application which cannot start is an init error with both ends of its output, and one that ends
// later costs the request in flight and nothing else. Ready is what listens on the port, at whatever address of this
// machine, and, where a path is named, answers it with a status below 500: before that a request would only meet the
// error of a server that waits for another one behind it.
package application

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft/api/function/redact"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// suspicion is how long after a broken connection the application's end may show.
const suspicion = 250 * time.Millisecond

// recovery is how long a program may have no server: that of a request at most, which would be answered by nobody.
const recovery = 5 * time.Second

// Restart pauses: none after a life of steady, else doubling from the shortest to the longest.
const (
	steady        = 2 * time.Second
	shortestPause = 50 * time.Millisecond
	longestPause  = 5 * time.Second
)

// Config is what an application is started from.
type Config struct {
	// Spec is the image's own command; its Output is set by this package.
	Spec process.Spec
	// Port is where the application listens.
	Port int
	// HealthPath is the path that tells whether the application is ready; empty where its port alone does.
	HealthPath string
	// Host is the name under which the application is asked.
	Host string
	Log  *slog.Logger
	// Output receives the application's lines.
	Output *logging.Sink
	// Hide removes secrets from text that leaves the function.
	Hide redact.Redactor
}

// Application is the supervised server. Its methods are safe for concurrent use.
type Application struct {
	Config
	// hurry ends a pause before a restart, because a request waits.
	hurry chan struct{}

	// asked is the life that the last request went to.
	asked atomic.Pointer[life]

	mu       sync.Mutex
	stopping bool
	current  *life
	changed  chan struct{}
}

// New prepares an application; Start starts it.
func New(config Config) *Application {
	return &Application{Config: config, hurry: make(chan struct{}, 1), changed: make(chan struct{})}
}

// Address is where the application listens, host and port; it is known when the application is ready.
func (a *Application) Address() string {
	now, _ := a.snapshot()
	return now.listensOn()
}

// Start starts the application and returns when it is ready. It returns an *Error when the application ended first, and
// nil when the context ended first: a slow application goes on starting, and Ready waits for it.
func (a *Application) Start(ctx context.Context) error {
	first := a.begin()
	a.adopt(first)
	select {
	case <-first.ready:
	case <-first.gone:
		return a.startError(first)
	case <-ctx.Done():
		a.Log.Warn("the application is not ready yet; going on without it", "port", a.Port)
	}
	go a.keep(first)
	return nil
}

// Ready waits until the application is ready. It returns an *Error when the application ends instead or the context
// does.
func (a *Application) Ready(ctx context.Context) error {
	now, changed := a.snapshot()
	if now.dead() || now.intended.Load() {
		select {
		case a.hurry <- struct{}{}:
		default:
		}
		select {
		case <-changed:
			now, _ = a.snapshot()
		case <-ctx.Done():
			return a.startError(now)
		}
	}
	a.asked.Store(now)
	select {
	case <-now.ready:
		return nil
	default:
	}
	select {
	case <-now.ready:
		return nil
	case <-now.gone:
		return a.startError(now)
	case <-ctx.Done():
		return a.lateError(now)
	}
}

// Returns waits for a server that is gone from its port: for its program to end and be started again here, as npm does
// some time after its server, or for the program to start the server again. It returns false where neither happens.
func (a *Application) Returns(ctx context.Context) bool {
	now := a.asked.Load()
	for end := time.Now().Add(recovery); !now.dead() && !accepts(now.listensOn()); {
		if time.Now().After(end) {
			return false
		}
		select {
		case <-ctx.Done():
			return false
		case <-now.over():
		case <-time.After(portPause):
		}
	}
	return a.Ready(ctx) == nil
}

// Suspect is told that a connection broke: it gives the application's end a moment to become known, so that the next
// request waits for the new process and is not sent to the old one's port.
func (a *Application) Suspect() {
	now, _ := a.snapshot()
	timer := time.NewTimer(suspicion)
	defer timer.Stop()
	select {
	case <-now.over():
	case <-timer.C:
	}
}

// Restart ends the application at once; it is started again in the background.
func (a *Application) Restart(why string) {
	now, _ := a.snapshot()
	a.Log.Warn("the application is started again", "reason", why)
	now.intended.Store(true)
	now.kill()
}

// Stop asks the application to end and kills it after the grace period.
func (a *Application) Stop(grace time.Duration) {
	a.mu.Lock()
	a.stopping = true
	now := a.current
	a.mu.Unlock()
	if now != nil && now.process != nil {
		now.process.Stop(grace)
	}
}

func (a *Application) snapshot() (*life, <-chan struct{}) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.current, a.changed
}

// adopt makes a new life the current one; it returns false, and ends that life, when the application is being stopped.
func (a *Application) adopt(next *life) bool {
	a.mu.Lock()
	stopping := a.stopping
	if !stopping {
		a.current = next
		close(a.changed)
		a.changed = make(chan struct{})
	}
	a.mu.Unlock()
	if stopping {
		next.kill()
	}
	return !stopping
}

func (a *Application) keep(now *life) {
	pause := shortestPause
	for {
		<-now.gone
		a.mu.Lock()
		stopping := a.stopping
		a.mu.Unlock()
		if stopping {
			return
		}
		if !now.intended.Load() {
			a.Log.Error("the application ended and is started again", "exit", now.ending())
		}
		if now.intended.Load() || now.lasted() >= steady {
			pause = shortestPause
		} else {
			a.rest(pause)
			pause = min(2*pause, longestPause)
		}
		now = a.begin()
		if !a.adopt(now) {
			return
		}
	}
}

// rest pauses, unless a request waits for the application.
func (a *Application) rest(pause time.Duration) {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-a.hurry:
	}
}
