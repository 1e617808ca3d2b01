package wire

import (
	"slices"
	"sync"
	"time"
)

// Record is one call in the log. It holds no parameter values, only their digest.
type Record struct {
	// Seq numbers the records from 1 in the order in which the calls were answered.
	Seq       uint64
	Time      time.Time
	Duration  time.Duration
	Service   string
	Operation string
	Principal Principal
	// Resource is what the service named: a bucket and key, a function and qualifier.
	Resource string
	// Params is a short digest over method, path, query and body (of streamed bodies: their declared hash).
	Params string
	// Mutating says that the operation is one that changes things.
	Mutating bool
	// Effect says that this call did change something. A refused, repeated or faulted-before-execution call has none.
	Effect bool
	// Code is AWS's error code, empty on success.
	Code string
	// Status is the HTTP status; 0 when the connection was dropped.
	Status int
	// Bytes is the content that the call brought (put objects).
	Bytes int64
	// Fault says which fault was injected.
	Fault     FaultKind
	RequestID string
}

// Name is "service:Operation".
func (r Record) Name() string { return r.Service + ":" + r.Operation }

// Log is a snapshot of the call log, oldest first.
type Log []Record

// End is the number of the last record: take it before an action, and Since it afterwards.
func (l Log) End() uint64 {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].Seq
}

// Where keeps the records that fit.
func (l Log) Where(fits func(Record) bool) Log {
	var kept Log
	for _, r := range l {
		if fits(r) {
			kept = append(kept, r)
		}
	}
	return kept
}

// Since keeps what came after a mark made by End.
func (l Log) Since(mark uint64) Log { return l.Where(func(r Record) bool { return r.Seq > mark }) }

// By keeps the calls of a principal: its ARN, its role's ARN or name, its service name, or its access key id.
func (l Log) By(principal string) Log {
	return l.Where(func(r Record) bool {
		p := r.Principal
		return principal == p.Name() || principal == p.RoleARN || principal == p.AccessKeyID ||
			(p.RoleARN != "" && principal == p.RoleName())
	})
}

// Service keeps the calls to a service, as "lambda".
func (l Log) Service(name string) Log {
	return l.Where(func(r Record) bool { return r.Service == name })
}

// Operation keeps the calls of "service:Operation".
func (l Log) Operation(name string) Log {
	return l.Where(func(r Record) bool { return r.Name() == name })
}

// Mutating keeps the calls of operations that change things.
func (l Log) Mutating() Log { return l.Where(func(r Record) bool { return r.Mutating }) }

// Effects keeps the calls that did change something.
func (l Log) Effects() Log { return l.Where(func(r Record) bool { return r.Effect }) }

// Failed keeps the calls that were answered by an error or not at all.
func (l Log) Failed() Log {
	return l.Where(func(r Record) bool { return r.Code != "" || r.Status == 0 })
}

// Bytes adds up the content brought.
func (l Log) Bytes() (sum int64) {
	for _, r := range l {
		sum += r.Bytes
	}
	return sum
}

// Names lists "service:Operation" of each record in order.
func (l Log) Names() []string {
	names := make([]string, len(l))
	for i, r := range l {
		names[i] = r.Name()
	}
	return names
}

// Recorder collects the records of a running local AWS; at its limit it forgets the older half.
type Recorder struct {
	mu      sync.Mutex
	limit   int
	seq     uint64
	records []Record
	watch   func(Record)
}

// NewRecorder keeps up to limit records (0: half a million).
func NewRecorder(limit int) *Recorder {
	if limit <= 0 {
		limit = 500_000
	}
	return &Recorder{limit: limit}
}

// Add numbers and keeps a record.
func (rec *Recorder) Add(r Record) {
	rec.mu.Lock()
	rec.seq++
	r.Seq = rec.seq
	if len(rec.records) >= rec.limit {
		rec.records = append([]Record(nil), rec.records[len(rec.records)/2:]...)
	}
	rec.records = append(rec.records, r)
	watch := rec.watch
	rec.mu.Unlock()
	if watch != nil {
		watch(r)
	}
}

// Watch calls fn with every further record, after it was added and before the caller gets its answer.
func (rec *Recorder) Watch(fn func(Record)) {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	rec.watch = fn
}

// Snapshot is the log as it stands; later calls do not change it.
func (rec *Recorder) Snapshot() Log {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	return Log(slices.Clip(rec.records))
}
