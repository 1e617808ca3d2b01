package cloud

import (
	"context"
	"math"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// line is a budget, and whoever waits for it. Who was refused comes back, and has kept its place: the more urgent come
// first, then those of the namespaces that have had less of late, and then those who have waited longest. So a
// namespace with a hundred releases does not hold up another one's only release, and of the same urgency nobody
// starves.
type line struct {
	quota
	mu      sync.Mutex
	limiter *rate.Limiter
	waiting map[caller]place
	had     map[string]usage
}

// caller is the stage that a call is made for.
type caller struct{ namespace, stage string }

// place is that of a caller who waits, or was refused and comes back.
type place struct {
	urgency Urgency
	since   time.Time
	// until it is kept for whoever does not come back.
	until time.Time
}

// usage is what a namespace has had, as of some moment. It is forgotten by and by.
type usage struct {
	calls float64
	at    time.Time
}

const (
	// forgottenIn is in which time two thirds of what a namespace has had are forgotten.
	forgottenIn = 30 * time.Second
	// placeKept is for how long a place is kept for whoever is late.
	placeKept = 3 * time.Second
)

func newLine(q quota) *line {
	return &line{
		quota: q, limiter: rate.NewLimiter(q.rate, q.burst), waiting: map[caller]place{}, had: map[string]usage{},
	}
}

func (u usage) now(now time.Time) float64 {
	return u.calls * math.Exp(-now.Sub(u.at).Seconds()/forgottenIn.Seconds())
}

// take waits for a call's turn; the error is a *Busy when that would take long, or the context's.
func (l *line) take(ctx context.Context, who caller) error {
	p := purposeOf(ctx)
	for waited := time.Duration(0); ; {
		wait, taken := l.ask(who, &p)
		if taken {
			return nil
		}
		l.keep(who, p.urgency, wait+placeKept)
		if waited+wait > p.patience {
			// Those who come back at the same time would meet again.
			return &Busy{After: wait + rand.N(spread), Family: l.family} //nolint:gosec // spreads load
		}
		waited += wait
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// spread keeps apart those who come back.
const spread = 200 * time.Millisecond

// ask takes a call out of the budget where there is room for it, or tells how long that will take. What has begun
// leaves no room for others and waits behind nobody; neither does whoever has looked in the same reconcile wait behind
// others.
func (l *line) ask(who caller, p *purpose) (wait time.Duration, taken bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	needed := 1.0
	switch {
	case p.begun.is():
		p.patience = longPatience
	case p.looked.is():
		p.patience = max(p.patience, l.takes(float64(l.burst)))
	default:
		needed += reserves[p.urgency]*float64(l.burst) + l.ahead(who, p.urgency, now)
	}
	// A place far behind asks for more than there may ever be at once.
	enough, tokens := min(needed, float64(l.burst)), l.limiter.TokensAt(now)
	if tokens >= enough && l.limiter.AllowN(now, 1) {
		l.had[who.namespace] = usage{l.had[who.namespace].now(now) + 1, now}
		delete(l.waiting, who)
		p.begun.set()
		p.looked.set()
		return 0, true
	}
	return max(l.takes(needed-tokens), time.Millisecond), false
}

// ahead is how many come before a caller. Whoever has not come back has lost its place.
func (l *line) ahead(who caller, urgency Urgency, now time.Time) (callers float64) {
	own := place{urgency: urgency, since: now}
	if kept, waits := l.waiting[who]; waits && kept.urgency == urgency {
		own.since = kept.since
	}
	had := l.had[who.namespace].now(now)
	for other, place := range l.waiting {
		if now.After(place.until) {
			delete(l.waiting, other)
			continue
		}
		if other != who && l.before(other, place, own, had, now) {
			callers++
		}
	}
	return callers
}

// before says that another caller comes before one of a namespace that has had so much.
func (l *line) before(other caller, place, own place, had float64, now time.Time) bool {
	if place.urgency != own.urgency {
		return place.urgency > own.urgency
	}
	if theirs := l.had[other.namespace].now(now); math.Abs(theirs-had) >= 1 {
		return theirs < had
	}
	return place.since.Before(own.since)
}

// keep keeps a caller's place.
func (l *line) keep(who caller, urgency Urgency, after time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	own, waits := l.waiting[who]
	if !waits || own.urgency != urgency {
		own = place{urgency: urgency, since: now}
	}
	own.until = now.Add(after)
	l.waiting[who] = own
}

// exhausted takes the budget to be used up: AWS has throttled a call.
func (l *line) exhausted() {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	l.limiter.AllowN(now, int(l.limiter.TokensAt(now)))
}
