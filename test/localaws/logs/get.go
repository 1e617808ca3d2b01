package logs

import (
	"context"
	"sort"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// eventsLimit is both the default and the largest page of GetLogEvents and FilterLogEvents, as is
// pageBytes.
const (
	eventsLimit = 10_000
	pageBytes   = 1 << 20
)

type getLogEventsInput struct {
	LogGroupName       string
	LogGroupIdentifier string
	LogStreamName      string `wire:",required"`
	StartTime          int64
	EndTime            *int64
	NextToken          string
	Limit              int
	StartFromHead      bool
	Unmask             bool
}

type getLogEventsOutput struct {
	Events            []outputEvent `wire:",required"`
	NextForwardToken  string
	NextBackwardToken string
}

type outputEvent struct {
	Timestamp     int64
	Message       string
	IngestionTime int64
}

// getLogEvents reads one stream, from its end unless startFromHead is given. Both tokens are always
// answered; at the end of the stream the forward token is the one that was sent, which is how a
// reader knows (GetLogEvents).
func (s *store) getLogEvents(_ context.Context, call *wire.Call, in *getLogEventsInput) (*getLogEventsOutput, error) {
	limit, err := checkEventsLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	call.On(g.name + " " + in.LogStreamName)
	st, err := g.stream(in.LogStreamName)
	if err != nil {
		return nil, err
	}
	events := between(s.visible(g, st), in.StartTime, in.EndTime)
	from, to, err := window(events, in.NextToken, in.StartFromHead, limit)
	if err != nil {
		return nil, err
	}
	out := &getLogEventsOutput{NextForwardToken: in.NextToken, NextBackwardToken: in.NextToken}
	for _, e := range events[from:to] {
		out.Events = append(out.Events, outputEvent{Timestamp: e.timestamp, Message: e.message, IngestionTime: e.ingested})
	}
	if from < to {
		out.NextForwardToken = forward(events[to-1])
		out.NextBackwardToken = backward(events[from])
	} else if in.NextToken == "" {
		out.NextForwardToken, out.NextBackwardToken = forward(event{}), backward(event{})
	}
	return out, nil
}

func checkEventsLimit(limit int) (int, error) {
	if limit < 0 || limit > eventsLimit {
		return 0, invalid("limit must be between 1 and %d", eventsLimit)
	}
	if limit == 0 {
		return eventsLimit, nil
	}
	return limit, nil
}

// between keeps the events from start on and before end.
func between(events []event, start int64, end *int64) []event {
	from := sort.Search(len(events), func(i int) bool { return events[i].timestamp >= start })
	events = events[from:]
	if end == nil {
		return events
	}
	return events[:sort.Search(len(events), func(i int) bool { return events[i].timestamp >= *end })]
}

// The directions of a GetLogEvents token.
const (
	goesBack = iota
	goesForward
)

func forward(last event) string   { return newToken(goesForward, last.timestamp, last.sequence) }
func backward(first event) string { return newToken(goesBack, first.timestamp, first.sequence) }

// window is the part of events that a request asks for.
func window(events []event, token string, head bool, limit int) (from, to int, err error) {
	if token == "" {
		if head {
			return 0, fitting(events, limit), nil
		}
		return len(events) - fittingBack(events, limit), len(events), nil
	}
	numbers, err := parseToken(token, 3)
	if err != nil {
		return 0, 0, err
	}
	mark := event{timestamp: numbers[1], sequence: numbers[2]}
	if numbers[0] == goesForward {
		from = sort.Search(len(events), func(i int) bool { return mark.before(events[i]) })
		return from, from + fitting(events[from:], limit), nil
	}
	to = sort.Search(len(events), func(i int) bool { return !events[i].before(mark) })
	return to - fittingBack(events[:to], limit), to, nil
}

// fitting is how many events from the start make a page.
func fitting(events []event, limit int) int {
	bytes := 0
	for i, e := range events {
		if bytes += e.size(); i == limit || bytes > pageBytes {
			return i
		}
	}
	return len(events)
}

// fittingBack is how many events from the end make a page.
func fittingBack(events []event, limit int) int {
	bytes := 0
	for i := range events {
		if bytes += events[len(events)-1-i].size(); i == limit || bytes > pageBytes {
			return i
		}
	}
	return len(events)
}
