package logs

import (
	"context"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// sequenceToken is no longer needed by anyone; AWS still answers one.
const sequenceToken = "49649999999999999999999999999999999999999999999999999999"

// The limits of PutLogEvents' reference.
const (
	batchEvents = 10_000
	batchBytes  = 1 << 20
	batchSpan   = 24 * time.Hour
	tooOld      = 14 * 24 * time.Hour
	tooNew      = 2 * time.Hour
)

type logStreamInput struct {
	LogGroupName  string `wire:",required"`
	LogStreamName string `wire:",required"`
}

func (s *store) createLogStream(_ context.Context, call *wire.Call, in *logStreamInput) (*wire.Empty, error) {
	call.On(in.LogGroupName + " " + in.LogStreamName)
	if len(in.LogStreamName) > 512 || strings.ContainsAny(in.LogStreamName, ":*") {
		return nil, invalid("1 validation error detected: Value at 'logStreamName' failed to satisfy constraint: "+
			"Member must satisfy regular expression pattern: %s", `[^:*]*`)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	if g.streams[in.LogStreamName] != nil {
		return nil, wire.Errorf(400, "ResourceAlreadyExistsException", "The specified log stream already exists")
	}
	s.newStream(g, in.LogStreamName)
	return nil, nil
}

// newStream adds an empty stream; the caller holds mu.
func (s *store) newStream(g *group, name string) *stream {
	st := &stream{name: name, created: s.env.Clock.Now()}
	g.streams[name] = st
	return st
}

type putLogEventsInput struct {
	LogGroupName  string       `wire:",required"`
	LogStreamName string       `wire:",required"`
	LogEvents     []inputEvent `wire:",required"`
	SequenceToken string
}

type inputEvent struct {
	Timestamp *int64 `wire:",required"`
	Message   string `wire:",required"`
}

type putLogEventsOutput struct {
	NextSequenceToken     string
	RejectedLogEventsInfo *rejectedEvents
}

type rejectedEvents struct {
	TooNewLogEventStartIndex *int
	TooOldLogEventEndIndex   *int
	ExpiredLogEventEndIndex  *int
}

func (s *store) putLogEvents(_ context.Context, call *wire.Call, in *putLogEventsInput) (*putLogEventsOutput, error) {
	call.On(in.LogGroupName + " " + in.LogStreamName)
	if err := checkBatch(in.LogEvents); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.group(in.LogGroupName)
	if err != nil {
		return nil, err
	}
	st, err := g.stream(in.LogStreamName)
	if err != nil {
		return nil, err
	}
	accepted, rejected := s.accept(g, in.LogEvents)
	s.add(st, accepted)
	return &putLogEventsOutput{NextSequenceToken: sequenceToken, RejectedLogEventsInfo: rejected}, nil
}

// checkBatch refuses a whole batch: its events ascend in time, span at most a day and fit a MiB.
func checkBatch(events []inputEvent) error {
	bytes := 0
	for i, e := range events {
		bytes += len(e.Message) + eventOverhead
		if i > 0 && *e.Timestamp < *events[i-1].Timestamp {
			return invalid("Log events in a single PutLogEvents request must be in chronological order.")
		}
	}
	if len(events) > batchEvents {
		return invalid("1 validation error detected: Value at 'logEvents' failed to satisfy constraint: "+
			"Member must have length less than or equal to %d", batchEvents)
	}
	if bytes > batchBytes {
		return invalid("Upload too large: %d bytes exceeds limit of %d", bytes, batchBytes)
	}
	if n := len(events); n > 0 && *events[n-1].Timestamp-*events[0].Timestamp > batchSpan.Milliseconds() {
		return invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
	}
	return nil
}

// accept drops events that are too old, too new or already expired and says which.
func (s *store) accept(g *group, batch []inputEvent) ([]event, *rejectedEvents) {
	now := s.env.Clock.Now()
	expired := time.Time{}
	if g.retention > 0 {
		expired = now.AddDate(0, 0, -g.retention)
	}
	var accepted []event
	var rejected rejectedEvents
	for i, e := range batch {
		at := time.UnixMilli(*e.Timestamp)
		switch {
		case at.After(now.Add(tooNew)):
			if rejected.TooNewLogEventStartIndex == nil {
				rejected.TooNewLogEventStartIndex = new(i)
			}
		case at.Before(expired):
			rejected.ExpiredLogEventEndIndex = new(i + 1)
		case at.Before(now.Add(-tooOld)):
			rejected.TooOldLogEventEndIndex = new(i + 1)
		default:
			accepted = append(accepted, event{timestamp: *e.Timestamp, message: e.Message})
		}
	}
	if rejected == (rejectedEvents{}) {
		return accepted, nil
	}
	return accepted, &rejected
}
