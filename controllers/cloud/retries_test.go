package cloud_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"

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
