package logs

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const region = "eu-central-1"

// local is the service alone behind the real SDK, on a clock that stands still, or the client alone of the
// AWS that a rule is tested on.
type local struct {
	*Logs
	*cloudwatchlogs.Client
	clock *wire.ManualClock
	run   string
}

// rule is what a rule is tested on.
func rule(t *testing.T) *local {
	t.Helper()
	if !contract.Outside() {
		return start(t, Limits{})
	}
	return &local{Client: cloudwatchlogs.NewFromConfig(contract.Config(t, nil)), run: contract.Name()}
}

// now is the time of the AWS that a rule is tested on.
func (l *local) now() time.Time {
	if l.clock == nil {
		return time.Now()
	}
	return l.clock.Now()
}

func start(t *testing.T, limits Limits) *local {
	t.Helper()
	contract.Local(t, "the service's own memory of events")
	clock := wire.NewManualClock(time.Now().Truncate(time.Second))
	ids := wire.NewIdentities(clock)
	gateway := &wire.Gateway{
		AccountID: "123456789012", Region: region, Clock: clock, Identities: ids,
		Calls: wire.NewRecorder(0), Latencies: &wire.Latencies{}, Faults: &wire.Faults{},
	}
	env := &wire.Env{AccountID: "123456789012", Region: region, Clock: clock, Identities: ids, Gateway: gateway}
	l := &local{Logs: open(env, limits), clock: clock}
	service := l.Service()
	if err := service.Prepare(); err != nil {
		t.Fatal(err)
	}
	env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { gateway.Serve(w, r, service) })
	admin := ids.Issue(wire.Principal{AccountID: "123456789012", Root: true}, 0)
	l.Client = cloudwatchlogs.NewFromConfig(env.Config(admin), func(o *cloudwatchlogs.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	return l
}

func (l *local) group(t *testing.T, name string, streams ...string) {
	t.Helper()
	_, err := l.CreateLogGroup(t.Context(), &cloudwatchlogs.CreateLogGroupInput{LogGroupName: &name})
	must(t, err)
	t.Cleanup(func() {
		_, _ = l.DeleteLogGroup(context.Background(), &cloudwatchlogs.DeleteLogGroupInput{LogGroupName: &name})
	})
	for _, stream := range streams {
		_, err := l.CreateLogStream(t.Context(), &cloudwatchlogs.CreateLogStreamInput{
			LogGroupName: &name, LogStreamName: &stream,
		})
		must(t, err)
	}
}

// append writes lines at one time, making group and stream.
func (l *local) append(groupName, streamName string, at time.Time, lines ...string) {
	s := l.store
	s.mu.Lock()
	defer s.mu.Unlock()
	g := s.groups[groupName]
	if g == nil {
		g = s.newGroup(groupName)
	}
	st := g.streams[streamName]
	if st == nil {
		st = s.newStream(g, streamName)
	}
	var events []event
	for _, line := range lines {
		events = append(events, event{timestamp: at.UnixMilli(), message: line})
	}
	s.add(st, events)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func codeOf(err error) string {
	if coded, ok := errors.AsType[smithy.APIError](err); ok {
		return coded.ErrorCode()
	}
	return ""
}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	if got := codeOf(err); got != code {
		t.Errorf("error code %q, want %q (%v)", got, code, err)
	}
}
