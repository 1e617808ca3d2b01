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
	begun *mark
	// looked says that a step of the same reconcile has made calls. Nil outside of reconciles.
	looked *mark
}

// mark is set once for all who share it; nil is never set.
type mark struct{ atomic.Bool }

func (m *mark) is() bool { return m != nil && m.Load() }

func (m *mark) set() {
	if m != nil {
		m.Store(true)
	}
}

type (
	purposeKey   struct{}
	reconcileKey struct{}
)

// ForReconcile joins the steps of a reconcile. Once one of them has made a call the others wait behind nobody, and for
// as long as an empty budget takes to fill: whoever comes back has to look again, and would use up each time what the
// step that follows needs.
func ForReconcile(ctx context.Context) context.Context {
	return context.WithValue(ctx, reconcileKey{}, new(mark))
}

// ForStep says what the calls of a step are made for. Where there is no room for the first of them the step is put off;
// the others wait for their turn.
func ForStep(ctx context.Context, urgency Urgency) context.Context {
	looked, _ := ctx.Value(reconcileKey{}).(*mark)
	return context.WithValue(ctx, purposeKey{}, purpose{urgency, patience, new(mark), looked})
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

// takes is how long so many calls take to find room.
func (q quota) takes(calls float64) time.Duration {
	return time.Duration(calls / float64(q.rate) * float64(time.Second))
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
	share float64
	mu    sync.Mutex
	lines map[budgetKey]*line
}

type budgetKey struct{ account, region, family string }

func newBudgets(share float64) *budgets { return &budgets{share: share, lines: map[budgetKey]*line{}} }

func (b *budgets) line(account, region string, q quota) *line {
	b.mu.Lock()
	defer b.mu.Unlock()
	key := budgetKey{account, region, q.family}
	if b.lines[key] == nil {
		b.lines[key] = newLine(q.shared(b.share))
	}
	return b.lines[key]
}

// budgeted keeps the attempts of a stage's calls within the budgets of its account. When AWS throttles all the same,
// because others act in the account too, the budget is taken to be used up.
func (b *budgets) budgeted(access Access) func(*middleware.Stack) error {
	spend := func(ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler) (
		out middleware.FinalizeOutput, metadata middleware.Metadata, err error,
	) {
		q, limited := quotaOf(awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx))
		if !limited {
			return next.HandleFinalize(ctx, in)
		}
		budget := b.line(access.AccountID, access.Region, q)
		if err := budget.take(ctx, caller{access.Namespace, access.Stage}); err != nil {
			return out, metadata, err
		}
		out, metadata, err = next.HandleFinalize(ctx, in)
		if IsThrottle(err) {
			budget.exhausted()
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
