package cloud

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/time/rate"
)

// Urgency is what a call is made for: when an account's calls are short, those that end something come first.
type Urgency int

// The urgencies, the least urgent first.
const (
	// Later: what is cleaned up or removed.
	Later Urgency = iota
	// Looks at what goes on.
	Looks
	// Works: what takes a release further.
	Works
	// Moves: aliases that are being moved must not stay on different releases.
	Moves
)

// purpose is what the calls of a context are made for.
type purpose struct {
	urgency Urgency
	// patience is how long each call may wait for its turn.
	patience time.Duration
	// begun says that one of the calls of a step has had its turn: what has begun is finished, for its calls would be made
	// again. Nil where that makes no difference.
	begun *atomic.Bool
}

type purposeKey struct{}

// ForStep says what the calls of a step are made for. Where there is no room for the first of them the step is put off;
// the others wait for their turn.
func ForStep(ctx context.Context, urgency Urgency) context.Context {
	return context.WithValue(ctx, purposeKey{}, purpose{urgency, patience, new(atomic.Bool)})
}

// ForWork says what the calls of work beside the reconciles are made for: each waits for its turn.
func ForWork(ctx context.Context, urgency Urgency) context.Context {
	return context.WithValue(ctx, purposeKey{}, purpose{urgency: urgency, patience: longPatience})
}

func purposeOf(ctx context.Context) purpose {
	if p, ok := ctx.Value(purposeKey{}).(purpose); ok {
		return p
	}
	return purpose{urgency: Works, patience: patience}
}

// Busy says that a call was not made, because the account's calls of its kind are used up for now.
type Busy struct {
	// After is when there may be room.
	After  time.Duration
	Family string
}

func (b *Busy) Error() string {
	return fmt.Sprintf("the account's calls to %s are used up by other stages for now", b.Family)
}

// quota is what AWS lets an account do in a region.
type quota struct {
	family string
	rate   rate.Limit
	burst  int
}

// Lambda's control plane (Lambda developer guide, "Lambda quotas": 15 requests a second in all but Invoke, GetFunction,
// which has 100, and GetPolicy), less a reserve for whoever else acts in the account.
var (
	lambdaControl = quota{"Lambda's control plane", 14.25, 10}
	lambdaRead    = quota{"Lambda's GetFunction", 90, 50}
	// AWS documents no quota of CloudFormation's calls; this is below what accounts are seen to be granted.
	cloudFormation = quota{"CloudFormation", 8, 8}
)

func quotaOf(service, operation string) (quota, bool) {
	switch {
	case service == "CloudFormation":
		return cloudFormation, true
	case service != "Lambda", operation == "Invoke":
		return quota{}, false
	case operation == "GetFunction":
		return lambdaRead, true
	default:
		return lambdaControl, true
	}
}

// leastBurst has room for a call that leaves half of the burst to what is more urgent.
const leastBurst = 2

// shared is a part of a quota, where others act in the account too.
func (q quota) shared(share float64) quota {
	q.rate *= rate.Limit(share)
	q.burst = max(leastBurst, int(float64(q.burst)*share))
	return q
}

// reserves are how much of a budget is left for what is more urgent, as a share of its burst.
var reserves = map[Urgency]float64{Later: 0.5, Looks: 0.2, Works: 0.1, Moves: 0}

// How long a call waits for its turn. Whoever would wait longer is told to come back, and holds nothing up.
const (
	patience     = 100 * time.Millisecond
	longPatience = 30 * time.Second
)

// budgets are shared by all stages of an account and region.
type budgets struct {
	// share of AWS's quotas, from 0 to 1.
	share    float64
	mu       sync.Mutex
	limiters map[budgetKey]*rate.Limiter
}

type budgetKey struct{ account, region, family string }

func newBudgets(share float64) *budgets {
	return &budgets{share: share, limiters: map[budgetKey]*rate.Limiter{}}
}

func (b *budgets) limiter(key budgetKey, q quota) *rate.Limiter {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.limiters[key] == nil {
		b.limiters[key] = rate.NewLimiter(q.rate, q.burst)
	}
	return b.limiters[key]
}

// take waits for a call's turn; the error is a *Busy when that would take long, or the context's.
func take(ctx context.Context, limiter *rate.Limiter, q quota) error {
	p := purposeOf(ctx)
	needed := 1 + reserves[p.urgency]*float64(q.burst)
	for waited := time.Duration(0); ; {
		if p.begun != nil && p.begun.Load() {
			needed, p.patience = 1, longPatience
		}
		now := time.Now()
		tokens := limiter.TokensAt(now)
		if tokens >= needed && limiter.AllowN(now, 1) {
			if p.begun != nil {
				p.begun.Store(true)
			}
			return nil
		}
		wait := max(time.Duration((needed-tokens)/float64(q.rate)*float64(time.Second)), time.Millisecond)
		if waited+wait > p.patience {
			// Those who come back at the same time would meet again.
			return &Busy{After: wait + rand.N(time.Second+wait), Family: q.family} //nolint:gosec // spreads load
		}
		waited += wait
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// budgeted keeps the attempts of an account's calls within its budgets. When AWS throttles all the same, because others
// act in the account too, the budget is taken to be used up.
func (b *budgets) budgeted(account, region string) func(*middleware.Stack) error {
	spend := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		q, limited := quotaOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
		if !limited {
			return next.HandleFinalize(ctx, in)
		}
		q = q.shared(b.share)
		limiter := b.limiter(budgetKey{account, region, q.family}, q)
		if err := take(ctx, limiter, q); err != nil {
			return out, metadata, err
		}
		out, metadata, err = next.HandleFinalize(ctx, in)
		if IsThrottle(err) {
			now := time.Now()
			limiter.AllowN(now, int(limiter.TokensAt(now)))
		}
		return out, metadata, err
	}
	return func(stack *middleware.Stack) error {
		return stack.Finalize.Insert(middleware.FinalizeMiddlewareFunc("AloftBudget", spend), "Retry", middleware.After)
	}
}

// throttledAfter is when a call is made again that AWS has throttled.
const throttledAfter = time.Second

// AsBusy gives when to come back where AWS, or the account's budget, has no room for a call now.
func AsBusy(err error) (after time.Duration, busy bool) {
	if full, ok := errors.AsType[*Busy](err); ok {
		return full.After, true
	}
	if IsThrottle(err) {
		return throttledAfter + rand.N(2*throttledAfter), true //nolint:gosec // spreads load, guards nothing
	}
	return 0, false
}
