package logs

import (
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// store holds the log groups of the account and region. Everything in it is guarded by mu.
type store struct {
	env    *wire.Env
	limits Limits
	mu     sync.Mutex
	groups map[string]*group
	// sequence numbers the events of all streams in the order of their arrival.
	sequence int64
}

type group struct {
	name      string
	created   time.Time
	retention int
	class     string
	kmsKey    string
	protected bool
	tags      map[string]string
	streams   map[string]*stream
}

type stream struct {
	name     string
	created  time.Time
	ingested time.Time
	// first is the timestamp of the oldest event ever, kept or dropped.
	first  int64
	events []event
	bytes  int
}

// event is one line. Times are milliseconds since 1970, as the API has them.
type event struct {
	timestamp int64
	ingested  int64
	sequence  int64
	message   string
}

// eventOverhead is what AWS adds to the length of a message when it counts bytes (PutLogEvents).
const eventOverhead = 26

func (e event) size() int { return len(e.message) + eventOverhead }

// before orders events of one or several streams: by timestamp, then by arrival.
func (e event) before(other event) bool {
	if e.timestamp != other.timestamp {
		return e.timestamp < other.timestamp
	}
	return e.sequence < other.sequence
}

// group finds a group; the caller holds mu.
func (s *store) group(name string) (*group, error) {
	if g := s.groups[name]; g != nil {
		return g, nil
	}
	return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log group does not exist.")
}

// stream finds a stream of a group; the caller holds mu.
func (g *group) stream(name string) (*stream, error) {
	if st := g.streams[name]; st != nil {
		return st, nil
	}
	return nil, wire.Errorf(400, "ResourceNotFoundException", "The specified log stream does not exist.")
}

// identified resolves the two ways to name a group: its name, or an identifier that is a name or an
// ARN. AWS takes exactly one of them.
func (s *store) identified(name, identifier string) (*group, error) {
	if (name == "") == (identifier == "") {
		return nil, invalid("Exactly one of logGroupName and logGroupIdentifier must be given.")
	}
	if name == "" {
		name = strings.TrimPrefix(strings.TrimSuffix(identifier, ":*"), s.arn(""))
	}
	return s.group(name)
}

// arn is a group's ARN without the ":*" that DescribeLogGroups appends.
func (s *store) arn(name string) string {
	return "arn:aws:logs:" + s.env.Region + ":" + s.env.AccountID + ":log-group:" + name
}

// add puts events into a stream in order of time and drops the oldest beyond the limits; the caller
// holds mu.
func (s *store) add(st *stream, events []event) {
	now := s.env.Clock.Now()
	for _, e := range events {
		s.sequence++
		e.sequence, e.ingested = s.sequence, now.UnixMilli()
		at := sort.Search(len(st.events), func(i int) bool { return e.before(st.events[i]) })
		st.events = append(st.events, event{})
		copy(st.events[at+1:], st.events[at:])
		st.events[at] = e
		st.bytes += e.size()
		if st.first == 0 || e.timestamp < st.first {
			st.first = e.timestamp
		}
	}
	st.ingested = now
	st.trim(s.limits)
}

// trim drops the oldest events into a fresh array, so that the memory of the dropped ones is freed.
func (st *stream) trim(limits Limits) {
	drop := 0
	for drop < len(st.events) && (len(st.events)-drop > limits.StreamEvents || st.bytes > limits.StreamBytes) {
		st.bytes -= st.events[drop].size()
		drop++
	}
	if drop > 0 {
		st.events = append([]event(nil), st.events[drop:]...)
	}
}

// visible are the events of a stream that its group's retention still shows.
func (s *store) visible(g *group, st *stream) []event {
	if g.retention == 0 {
		return st.events
	}
	oldest := s.env.Clock.Now().AddDate(0, 0, -g.retention).UnixMilli()
	from := sort.Search(len(st.events), func(i int) bool { return st.events[i].timestamp >= oldest })
	return st.events[from:]
}

// names lists the keys of a map that start with a prefix, in order.
func names[V any](m map[string]V, prefix string) []string {
	list := make([]string, 0, len(m))
	for name := range m {
		if strings.HasPrefix(name, prefix) {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}

func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf(400, "InvalidParameterException", format, args...)
}
