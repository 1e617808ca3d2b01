package wire

import (
	"context"
	"sync"
	"time"
)

// Clock is the local AWS's time: expiry, visibility timeouts and asynchronous states read it and wait on it.
type Clock interface {
	Now() time.Time
	// Sleep waits d of this clock's time or until the context ends, whose error it then returns.
	Sleep(ctx context.Context, d time.Duration) error
}

// RealClock is the machine's clock.
type RealClock struct{}

// Now is the wall clock's time.
func (RealClock) Now() time.Time { return time.Now() }

// Sleep waits d of real time.
func (RealClock) Sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// ManualClock stands still until a test advances it; sleepers wake when their time has come.
type ManualClock struct {
	mu      sync.Mutex
	now     time.Time
	changed chan struct{}
}

// NewManualClock starts at the given time. Keep it near the real time where the SDK's own clock
// matters (skew correction, expiry).
func NewManualClock(start time.Time) *ManualClock {
	return &ManualClock{now: start, changed: make(chan struct{})}
}

// Now is the time that the test has reached.
func (c *ManualClock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the time forward and wakes who waited for it.
func (c *ManualClock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
	close(c.changed)
	c.changed = make(chan struct{})
}

// Sleep waits until Advance has moved the time by d.
func (c *ManualClock) Sleep(ctx context.Context, d time.Duration) error {
	c.mu.Lock()
	until := c.now.Add(d)
	c.mu.Unlock()
	for {
		c.mu.Lock()
		reached, changed := !c.now.Before(until), c.changed
		c.mu.Unlock()
		if reached {
			return ctx.Err()
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}
