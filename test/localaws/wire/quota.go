package wire

import (
	"sync"

	"golang.org/x/time/rate"
)

// Quota is how often an account may call a family of operations in a region: a token bucket, as AWS documents its own
// (https://docs.aws.amazon.com/AWSEC2/latest/APIReference/throttling.html). Calls beyond it are not executed, and are
// answered by the throttling error of the service.
type Quota struct {
	// Covers says which calls count.
	Covers func(*Call) bool
	// Rate is in calls a second, Burst how many may come at once.
	Rate  float64
	Burst int
}

// Lambda's quotas of an account and region, which cannot be raised
// (https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html): GetFunction has 100 calls a second,
// GetPolicy 15, invocations have quotas of their own, and all the others together have the control plane's 15. What
// CloudFormation calls for a stack counts like any other call.
const (
	LambdaControlPlane = 15
	lambdaGetFunction  = 100
	lambdaGetPolicy    = 15
)

// LambdaQuotas are those that AWS documents, with the control plane's as given, so that a slow machine can be at its
// limit too. AWS documents no bursts: each is of one second. Calls that except fits are not counted; nil counts all.
func LambdaQuotas(controlPlane float64, except func(*Call) bool) []Quota {
	family := func(calls float64, covers func(operation string) bool) Quota {
		return Quota{Rate: calls, Burst: max(1, int(calls)), Covers: func(call *Call) bool {
			return call.Service == "lambda" && covers(call.Operation) && (except == nil || !except(call))
		}}
	}
	return []Quota{
		family(lambdaGetFunction, func(operation string) bool { return operation == "GetFunction" }),
		family(lambdaGetPolicy, func(operation string) bool { return operation == "GetPolicy" }),
		family(controlPlane, InLambdaControlPlane),
	}
}

// InLambdaControlPlane says that an operation of Lambda counts to the quota that most of them share.
func InLambdaControlPlane(operation string) bool {
	switch operation {
	case "GetFunction", "GetPolicy", "Invoke":
		return false
	default:
		return true
	}
}

// Quotas are those of a local AWS; nil and the zero value throttle nothing.
type Quotas struct {
	mu      sync.Mutex
	buckets []bucket
}

type bucket struct {
	Quota
	*rate.Limiter
}

// Set replaces all quotas by full ones.
func (q *Quotas) Set(quotas ...Quota) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.buckets = nil
	for _, quota := range quotas {
		q.buckets = append(q.buckets, bucket{quota, rate.NewLimiter(rate.Limit(quota.Rate), quota.Burst)})
	}
}

// take counts a call, and says whether there was room for it.
func (q *Quotas) take(call *Call) bool {
	if q == nil {
		return true
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, b := range q.buckets {
		if b.Covers(call) && !b.AllowN(call.Time, 1) {
			return false
		}
	}
	return true
}
