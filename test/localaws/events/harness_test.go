package events

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account  = "123456789012"
	region   = "eu-central-1"
	function = "arn:aws:lambda:eu-central-1:123456789012:function:app-cli:live"
)

// local is the service alone behind the real SDK, with a Lambda that notes what it is given.
type local struct {
	*Events
	*sdk.Client
	clock   *wire.ManualClock
	env     *wire.Env
	admin   aws.Config
	invoked chan invocation
	mu      sync.Mutex
	refuse  error
}

type invocation struct{ principal, source, function, payload string }

func start(t *testing.T, options Options) *local {
	t.Helper()
	l := &local{clock: wire.NewManualClock(time.Now().UTC().Truncate(time.Minute)), invoked: make(chan invocation, 100)}
	ids := wire.NewIdentities(l.clock)
	gateway := &wire.Gateway{
		AccountID: account, Region: region, Clock: l.clock, Identities: ids,
		Calls: wire.NewRecorder(0), Latencies: &wire.Latencies{}, Faults: &wire.Faults{},
	}
	l.env = &wire.Env{AccountID: account, Region: region, Clock: l.clock, Identities: ids, Gateway: gateway}
	if options.Invoke == nil {
		options.Invoke = l.invoke
	}
	l.Events = open(l.env, options)
	t.Cleanup(func() { must(t, l.Close()) })
	service := l.Service()
	must(t, service.Prepare())
	l.env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gateway.Serve(w, r, service) })
	l.admin = l.env.Config(ids.Issue(wire.Principal{AccountID: account, Root: true}, 0))
	l.Client = sdk.NewFromConfig(l.admin, func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} })
	return l
}

func (l *local) invoke(_ context.Context, principal, source, function string, payload []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.refuse != nil {
		return l.refuse
	}
	l.invoked <- invocation{principal, source, function, string(payload)}
	return nil
}

func (l *local) rule(t *testing.T, name, expression string, targets ...types.Target) {
	t.Helper()
	_, err := l.PutRule(t.Context(), &sdk.PutRuleInput{Name: &name, ScheduleExpression: &expression})
	must(t, err)
	if len(targets) == 0 {
		return
	}
	out, err := l.PutTargets(t.Context(), &sdk.PutTargetsInput{Rule: &name, Targets: targets})
	must(t, err)
	if out.FailedEntryCount != 0 {
		t.Fatalf("failed entries: %v", out.FailedEntries)
	}
}

// taken is how many events reached the function since the last look.
func (l *local) taken() (list []invocation) {
	for {
		select {
		case i := <-l.invoked:
			list = append(list, i)
		default:
			return list
		}
	}
}

func to(id, arn string) types.Target { return types.Target{Id: &id, Arn: &arn} }

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	var coded smithy.APIError
	if !errors.As(err, &coded) || coded.ErrorCode() != code {
		t.Errorf("want %s, got %v", code, err)
	}
}
