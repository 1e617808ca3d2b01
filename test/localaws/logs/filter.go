package logs

import (
	"context"
	"fmt"
	"slices"
	"sort"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type filterLogEventsInput struct {
	LogGroupName        string
	LogGroupIdentifier  string
	LogStreamNames      []string
	LogStreamNamePrefix string
	StartTime           int64
	EndTime             *int64
	FilterPattern       string
	NextToken           string
	Limit               int
	Interleaved         bool
	Unmask              bool
}

type filterLogEventsOutput struct {
	Events             []filteredEvent `wire:",required"`
	SearchedLogStreams []struct{}      `wire:",required"`
	NextToken          string
}

type filteredEvent struct {
	LogStreamName string
	Timestamp     int64
	Message       string
	IngestionTime int64
	EventId       string
}

// found is an event with the stream that it is in.
type found struct {
	event
	stream string
}

// filterLogEvents searches streams of one group in the order of the events' time.
//
// AWS (FilterLogEvents): interleaved is accepted and always true; searchedLogStreams has been empty
// since 2020; a page ends at the limit or a MiB, and a following page is asked for by token. Time is
// inclusive at both ends, unlike GetLogEvents.
func (s *store) filterLogEvents(
	_ context.Context, call *wire.Call, in *filterLogEventsInput,
) (*filterLogEventsOutput, error) {
	limit, err := checkEventsLimit(in.Limit)
	if err != nil {
		return nil, err
	}
	if len(in.LogStreamNames) > 0 && in.LogStreamNamePrefix != "" {
		return nil, invalid("logStreamNames and logStreamNamePrefix cannot be specified together.")
	}
	wanted, err := parsePattern(in.FilterPattern)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	g, err := s.identified(in.LogGroupName, in.LogGroupIdentifier)
	if err != nil {
		return nil, err
	}
	call.On(g.name)
	all, err := s.search(g, in, wanted)
	if err != nil {
		return nil, err
	}
	return filterPage(all, in.NextToken, limit)
}

// search collects what matches from every stream that is asked for.
func (s *store) search(g *group, in *filterLogEventsInput, wanted pattern) ([]found, error) {
	streams := in.LogStreamNames
	if len(streams) == 0 {
		streams = names(g.streams, in.LogStreamNamePrefix)
	}
	var end *int64
	if in.EndTime != nil {
		end = new(*in.EndTime + 1)
	}
	var all []found
	for _, name := range streams {
		st, err := g.stream(name)
		if err != nil {
			return nil, err
		}
		for _, e := range between(s.visible(g, st), in.StartTime, end) {
			if wanted.matches(e.message) {
				all = append(all, found{event: e, stream: name})
			}
		}
	}
	slices.SortFunc(all, func(a, b found) int {
		if a.before(b.event) {
			return -1
		}
		return 1
	})
	return all, nil
}

// filterPage continues after the last event of the page before. A token is a position and not a
// count, so that events which arrive between two pages neither repeat nor hide others.
func filterPage(all []found, token string, limit int) (*filterLogEventsOutput, error) {
	if token != "" {
		numbers, err := parseToken(token, 2)
		if err != nil {
			return nil, err
		}
		mark := event{timestamp: numbers[0], sequence: numbers[1]}
		all = all[sort.Search(len(all), func(i int) bool { return mark.before(all[i].event) }):]
	}
	out := &filterLogEventsOutput{}
	bytes := 0
	for i, f := range all {
		if bytes += f.size(); i == limit || bytes > pageBytes {
			before := all[i-1]
			out.NextToken = newToken(before.timestamp, before.sequence)
			break
		}
		out.Events = append(out.Events, filteredEvent{
			LogStreamName: f.stream, Timestamp: f.timestamp, Message: f.message, IngestionTime: f.ingested,
			EventId: fmt.Sprintf("%028d%028d", f.timestamp, f.sequence),
		})
	}
	return out, nil
}
