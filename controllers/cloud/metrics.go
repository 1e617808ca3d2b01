package cloud

import (
	"cmp"
	"context"
	"regexp"
	"time"

	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/smithy-go/middleware"
	"github.com/prometheus/client_golang/prometheus"
)

// What AWS calls look like from outside. The pairs of service and operation are those that this program's source names,
// so the number of series does not grow with what users deploy.
var (
	requests = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aloft_aws_requests_total",
		Help: "AWS calls that ended, whatever number of attempts each took, by the code of the error: " +
			"empty for success, no_answer where AWS gave none.",
	}, []string{"service", "operation", "code"})
	requestSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name:    "aloft_aws_request_duration_seconds",
		Help:    "Duration of AWS calls, with their retries and the waits between them.",
		Buckets: prometheus.ExponentialBuckets(0.02, 2.5, 10),
	}, []string{"service", "operation"})
	retries = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aloft_aws_retries_total", Help: "Attempts at AWS calls after the first.",
	}, []string{"service", "operation"})
	throttles = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aloft_aws_throttles_total", Help: "Attempts at AWS calls that AWS throttled.",
	}, []string{"service", "operation"})
)

// The codes that stand for what AWS did not say.
const (
	codeNoAnswer = "no_answer"
	codeOther    = "other"
)

// plainCode is the shape of every code that AWS documents. An endpoint that answers anything else, as a proxy with a
// text of its own, must not make a series for each text.
var plainCode = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9.]{0,63}$`)

// Metrics describe the calls of all providers, for whoever keeps a registry.
func Metrics() []prometheus.Collector {
	return []prometheus.Collector{requests, requestSeconds, retries, throttles}
}

// measured adds the measuring to the stack of an operation. It is the last of the initialize step: a call that the SDK
// refuses for its input never reaches it, and everything that is sent, retried or waited for happens inside it.
func measured(stack *middleware.Stack) error {
	return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("AloftMetrics", measure), middleware.After)
}

func measure(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (
	middleware.InitializeOutput, middleware.Metadata, error,
) {
	service, operation := awsmiddleware.GetServiceID(ctx), awsmiddleware.GetOperationName(ctx)
	begun := time.Now()
	out, metadata, err := next.HandleInitialize(ctx, in)
	requestSeconds.WithLabelValues(service, operation).Observe(time.Since(begun).Seconds())
	requests.WithLabelValues(service, operation, codeLabel(err)).Inc()
	// Every series exists from the first call on, so that a rate over it sees the first throttle.
	retried, throttled := retries.WithLabelValues(service, operation), throttles.WithLabelValues(service, operation)
	attempts, _ := retry.GetAttemptResults(metadata)
	for i, attempt := range attempts.Results {
		if i > 0 {
			retried.Inc()
		}
		if IsThrottle(attempt.Err) {
			throttled.Inc()
		}
	}
	return out, metadata, err
}

func codeLabel(err error) string {
	if err == nil {
		return ""
	}
	code := cmp.Or(Code(err), codeNoAnswer)
	if code != codeNoAnswer && !plainCode.MatchString(code) {
		return codeOther
	}
	return code
}
