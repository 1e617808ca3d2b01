// Package events is EventBridge of the local AWS: rules on the default event bus whose schedules really fire.
//
// Rules it encodes (EventBridge User Guide and API reference):
//   - rate(...) has a singular unit for 1 only and counts from when the rule began; cron(...) has six fields, "?" in
//     exactly one of the two for days, and runs in UTC. Everything else is "Parameter ScheduleExpression is not valid."
//   - PutRule replaces all settings but targets and tags; a rule with targets is not deleted, a missing one is
//     deleted without an error.
//   - A rule has at most five targets; removing an unknown one is a failed entry of a successful call.
//   - A Lambda target is invoked asynchronously as events.amazonaws.com for the rule's ARN, with its
//     constant input or the event.
//
// Not yet proven against AWS itself: when a rate's first event comes (here after one interval). Failed
// deliveries are not repeated here.
package events

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Invoke starts a function asynchronously: it returns when the event is queued. Its errors carry AWS's code.
type Invoke func(ctx context.Context, principal, sourceARN, functionARN string, payload []byte) error

// Options shape the scheduler.
type Options struct {
	// RateMinute is how long a minute of rate(...) lasts; 0 means a minute. cron(...) keeps to the clock.
	RateMinute time.Duration
	// Invoke reaches Lambda; nil means lambda:Invoke over the wire.
	Invoke Invoke
	// Manual leaves the firing to tick and Fire.
	Manual bool
}

// Events is the service and its scheduler.
type Events struct {
	env    *wire.Env
	minute time.Duration
	invoke Invoke

	mu    sync.Mutex
	rules map[string]*rule
	// changed is closed and replaced whenever due times may have moved.
	changed chan struct{}

	stop context.CancelFunc
	done chan struct{}
}

// rule is one rule of the default bus.
type rule struct {
	name, arn, description, role string
	expression, pattern          string
	schedule                     schedule
	enabled                      bool
	// since is when the rule last began to count: created, changed or enabled.
	since time.Time
	// due is the next time to fire; zero means never.
	due     time.Time
	targets []target
	tags    map[string]string
}

// New plugs EventBridge in. The local AWS's setting "events.rateMinute" is how long a minute of
// rate(...) lasts, as "2s".
func New(env *wire.Env) (*wire.Service, error) {
	options := Options{}
	if text := env.Settings["events.rateMinute"]; text != "" {
		var err error
		if options.RateMinute, err = time.ParseDuration(text); err != nil {
			return nil, fmt.Errorf("reading the setting events.rateMinute: %w", err)
		}
	}
	return open(env, options).Service(), nil
}

// open makes a service without rules and, unless Manual, starts its scheduler.
func open(env *wire.Env, options Options) *Events {
	if options.RateMinute <= 0 {
		options.RateMinute = time.Minute
	}
	e := &Events{
		env: env, minute: options.RateMinute, invoke: options.Invoke,
		rules: map[string]*rule{}, changed: make(chan struct{}), done: make(chan struct{}),
	}
	if e.invoke == nil {
		e.invoke = e.invokeOverTheWire
	}
	ctx, cancel := context.WithCancel(context.Background())
	e.stop = cancel
	if options.Manual {
		close(e.done)
		return e
	}
	go e.run(ctx)
	return e
}

// Close stops the scheduler.
func (e *Events) Close() error {
	e.stop()
	<-e.done
	return nil
}

// Service is the service on the wire.
func (e *Events) Service() *wire.Service {
	return &wire.Service{
		Name:     "events",
		Protocol: wire.JSON("AWSEvents"),
		Invalid:  wire.Sender("ValidationException"),
		Close:    e.Close,
		Resource: e.resource,
		Operations: []wire.Operation{
			wire.Write("PutRule", e.putRule),
			wire.Read("DescribeRule", e.describeRule),
			wire.Read("ListRules", e.listRules),
			wire.Write("DeleteRule", e.deleteRule),
			wire.Write(fireOperation, e.fireRule),
			wire.Write("PutTargets", e.putTargets),
			wire.Write("RemoveTargets", e.removeTargets),
			wire.Read("ListTargetsByRule", e.listTargetsByRule),
			wire.Read("ListRuleNamesByTarget", e.listRuleNamesByTarget),
			wire.Write("TagResource", e.tagResource),
			wire.Write("UntagResource", e.untagResource),
			wire.Read("ListTagsForResource", e.listTagsForResource),
		},
	}
}

// rule finds a rule of the default bus; the caller holds mu.
func (e *Events) rule(name, bus string) (*rule, error) {
	if err := e.checkBus(bus); err != nil {
		return nil, err
	}
	if r := e.rules[name]; r != nil {
		return r, nil
	}
	return nil, wire.Errorf(400, "ResourceNotFoundException", "Rule %s does not exist on EventBus default.", name)
}

// checkBus takes the default bus by name or ARN; it is the only one there is.
func (e *Events) checkBus(bus string) error {
	if bus == "" || bus == "default" || bus == e.arn("event-bus/default") {
		return nil
	}
	return wire.Errorf(400, "ResourceNotFoundException", "Event bus %s does not exist.", bus)
}

func (e *Events) arn(resource string) string {
	return "arn:aws:events:" + e.env.Region + ":" + e.env.AccountID + ":" + resource
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf(400, "ValidationException", format, args...)
}
