package lambda

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Waits between tries of an event that was refused before it ran (AWS Lambda Developer Guide,
// invocation-async-error-handling): throttled events stay in the queue, with growing waits, as long
// as their age allows.
const (
	firstBackoff = time.Second
	lastBackoff  = 5 * time.Minute
)

// enqueue takes an asynchronous event: it is delivered after the answer, and again when the function fails.
func (l *Lambda) enqueue(ref reference, requestID string, at time.Time, payload []byte) {
	l.later(func(ctx context.Context) {
		l.deliver(ctx, ref, requestID, at, payload)
		if l.options.Twice {
			l.deliver(ctx, ref, requestID, at, payload)
		}
	})
}

// deliver tries an event until it succeeds, its tries are used up, or it is too old. All tries have
// the same request id.
func (l *Lambda) deliver(ctx context.Context, ref reference, requestID string, at time.Time, payload []byte) {
	backoff := firstBackoff
	for tried := 0; ctx.Err() == nil; {
		retries, age := l.eventLimits(ref)
		if l.env.Clock.Now().Sub(at) > age {
			return
		}
		result, _, err := l.run(ref, environment.Invocation{RequestID: requestID, Payload: payload})
		switch {
		case err == nil && !result.Failed:
			return
		case err == nil:
			if tried++; tried > retries || l.env.Clock.Sleep(ctx, l.retryWait(tried)) != nil {
				return
			}
		case !waits(err) || l.env.Clock.Sleep(ctx, backoff) != nil:
			return
		default:
			backoff = min(2*backoff, lastBackoff)
		}
	}
}

// waits says whether an error leaves the event in the queue: throttles, faults of Lambda itself, and states that pass.
func waits(err error) bool {
	var refused *wire.Error
	return errors.As(err, &refused) && (refused.Status == http.StatusTooManyRequests || refused.Status >= 500 ||
		refused.Code == "ResourceConflictException")
}

func (l *Lambda) eventLimits(ref reference) (retries int, age time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f := l.functions[ref.name]
	if f == nil {
		return 0, 0
	}
	return f.invokes[invokeKey(ref.qualifier)].limits()
}

func (l *Lambda) retryWait(tried int) time.Duration {
	waits := l.options.Retry
	return waits[min(tried, len(waits))-1]
}
