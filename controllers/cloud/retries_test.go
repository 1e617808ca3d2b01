package cloud_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestAnInvocationIsNeverSentTwice(t *testing.T) {
	for why, fault := range map[string]wire.Fault{
		"its answer is lost, and the command ran": {Kind: wire.FaultLoseAnswer},
		"the connection broke before it arrived":  {Kind: wire.FaultDropBefore},
		"AWS failed after the deed": {Kind: wire.FaultErrorAfter,
			Error: wire.Errorf(500, "ServiceException", "")},
		"AWS failed": {Kind: wire.FaultError, Error: wire.Errorf(503, "ServiceUnavailable", "")},
		"it is throttled, which the SDK would wait": {Kind: wire.FaultError,
			Error: wire.Errorf(429, "TooManyRequestsException", "")},
	} {
		t.Run(why, func(t *testing.T) {
			server, clients := ungoverned(t)
			fault.Call, fault.Times = "lambda:Invoke", 1
			server.Faults().Inject(fault)
			input := &lambda.InvokeInput{FunctionName: aws.String("cli"), Payload: []byte(`{}`)}
			if _, err := clients.Invoke.Invoke(t.Context(), input); err == nil {
				t.Error("the fault was hidden")
			}
			if sent := len(server.Calls().Operation("lambda:Invoke")); sent != 1 {
				t.Errorf("it was sent %d times", sent)
			}
		})
	}
}

func TestEveryOtherCallIsRetriedUpToFiveTimes(t *testing.T) {
	for _, row := range []struct {
		why    string
		failed int
		want   int
		ok     bool
	}{
		{"the second attempt is answered", 1, 2, true},
		{"the last is answered", 4, 5, true},
		{"none is answered", 5, 5, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			t.Parallel() // for the backoff is real time
			server, clients := ungoverned(t)
			server.Faults().Inject(wire.Fault{Call: "lambda:ListFunctions", Kind: wire.FaultDropBefore, Times: row.failed})
			_, err := clients.Lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
			if (err == nil) != row.ok {
				t.Errorf("got %v", err)
			}
			if sent := len(server.Calls().Operation("lambda:ListFunctions")); sent != row.want {
				t.Errorf("it was sent %d times", sent)
			}
		})
	}
}

func TestAThrottledCallIsNotWaitedForWithinTheCall(t *testing.T) {
	throttled := wire.Errorf(429, "TooManyRequestsException", "Rate exceeded")
	for call, make := range map[string]func(*cloud.Clients) error{
		"lambda:ListFunctions": func(c *cloud.Clients) error {
			_, err := c.Lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
			return err
		},
		"cloudformation:DescribeStacks": func(c *cloud.Clients) error {
			_, err := c.CloudFormation.DescribeStacks(t.Context(), &cloudformation.DescribeStacksInput{})
			return err
		},
	} {
		t.Run(call, func(t *testing.T) {
			server, clients := ungoverned(t)
			server.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultError, Error: throttled, Times: 9})
			after, busy := cloud.AsBusy(make(clients))
			if sent := len(server.Calls().Operation(call)); sent != 1 || !busy || after < time.Second {
				t.Errorf("it was sent %d times, and is to be made again after %s", sent, after)
			}
		})
	}
}

func TestACallIsNotSentThatTheBudgetHasNoRoomFor(t *testing.T) {
	server, clients := ungoverned(t)
	var refused atomic.Int64
	var all sync.WaitGroup
	for range 40 { // more than the burst
		all.Go(func() {
			_, err := clients.Lambda.ListFunctions(t.Context(), &lambda.ListFunctionsInput{})
			if after, busy := cloud.AsBusy(err); busy && after > 0 {
				refused.Add(1)
			}
		})
	}
	all.Wait()
	sent := len(server.Calls().Operation("lambda:ListFunctions"))
	if refused.Load() == 0 || sent != 40-int(refused.Load()) {
		t.Errorf("%d calls were sent, and %d told to come back", sent, refused.Load())
	}
	if _, err := clients.S3.ListBuckets(t.Context(), &s3.ListBucketsInput{}); err != nil {
		t.Errorf("calls that no quota counts are held up too: %v", err)
	}
}
