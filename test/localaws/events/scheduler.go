package events

import (
	"context"
	"maps"
	"slices"
	"time"
)

// run fires rules when they are due, until the context ends.
func (e *Events) run(ctx context.Context) {
	defer close(e.done)
	for ctx.Err() == nil {
		e.tick(ctx)
		e.rest(ctx)
	}
}

// idle is how long the scheduler sleeps when no rule is due: rules that change wake it.
const idle = time.Hour

// rest sleeps until the next rule is due or the rules change.
func (e *Events) rest(ctx context.Context) {
	e.mu.Lock()
	changed, wait := e.changed, idle
	now := e.env.Clock.Now()
	for _, r := range e.rules {
		if !r.due.IsZero() {
			wait = min(wait, r.due.Sub(now))
		}
	}
	e.mu.Unlock()
	if wait <= 0 {
		return
	}
	sleep, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		select {
		case <-changed:
			cancel()
		case <-sleep.Done():
		}
	}()
	_ = e.env.Clock.Sleep(sleep, wait) // why it ended is seen by the caller's context
}

// tick fires every rule that is due by now, once each, and returns when the events are handed over.
func (e *Events) tick(ctx context.Context) {
	now := e.env.Clock.Now()
	e.mu.Lock()
	var due []firing
	for _, name := range slices.Sorted(maps.Keys(e.rules)) {
		r := e.rules[name]
		if r.due.IsZero() || now.Before(r.due) {
			continue
		}
		due = append(due, firing{arn: r.arn, at: r.due, targets: r.targets})
		e.plan(r, now)
	}
	e.mu.Unlock()
	for _, f := range due {
		e.deliver(ctx, f)
	}
}

// restart begins the schedule of a rule anew; the caller holds mu.
func (e *Events) restart(r *rule) {
	r.since = e.env.Clock.Now()
	e.plan(r, r.since)
	e.wake()
}

// plan sets the next due time after now; the caller holds mu.
func (e *Events) plan(r *rule, now time.Time) {
	r.due = time.Time{}
	if !r.enabled || r.schedule == nil {
		return
	}
	if due, ok := r.schedule.after(now, r.since); ok {
		r.due = due
	}
}

// wake lets the scheduler look at the rules again; the caller holds mu.
func (e *Events) wake() {
	close(e.changed)
	e.changed = make(chan struct{})
}

// firing is one rule at one due time.
type firing struct {
	arn     string
	at      time.Time
	targets []target
}
