package lambda

import (
	"context"
	"slices"
	"strings"
	"time"
)

// States of an event source mapping (Lambda API reference, EventSourceMappingConfiguration).
const (
	mappingCreating  = "Creating"
	mappingEnabling  = "Enabling"
	mappingEnabled   = "Enabled"
	mappingDisabling = "Disabling"
	mappingDisabled  = "Disabled"
	mappingUpdating  = "Updating"
	mappingDeleting  = "Deleting"
)

// reportFailures is the response type by which a function says which records of a batch it failed on.
const reportFailures = "ReportBatchItemFailures"

// mapping is an event source mapping on a queue. Its fields are guarded by the service's lock.
type mapping struct {
	id     string
	source string
	target reference
	reading
	enabled  bool
	state    string
	reason   string
	result   string
	modified time.Time
	tags     map[string]string

	// stop ends the poller; batches in flight go on.
	stop context.CancelFunc
}

// reading is how a queue is read.
type reading struct {
	batch       int
	window      int
	concurrency *int
	responses   []string
}

// reports says whether the function names the records that it failed on.
func (r reading) reports() bool { return slices.Contains(r.responses, reportFailures) }

func (m *mapping) busy() bool { return m.state != mappingEnabled && m.state != mappingDisabled }

// rest is the state that a finished change ends in.
func (m *mapping) rest() string {
	if m.enabled {
		return mappingEnabled
	}
	return mappingDisabled
}

func (l *Lambda) mappingARN(id string) string {
	return "arn:aws:lambda:" + l.env.Region + ":" + l.env.AccountID + ":event-source-mapping:" + id
}

// queueName is the name in a queue's ARN.
func queueName(arn string) string { return arn[strings.LastIndexByte(arn, ':')+1:] }

type scalingConfig struct{ MaximumConcurrency *int }

type mappingConfiguration struct {
	UUID                           string
	EventSourceMappingArn          string
	EventSourceArn                 string
	FunctionArn                    string
	BatchSize                      int
	MaximumBatchingWindowInSeconds int `wire:",required"`
	FunctionResponseTypes          []string
	ScalingConfig                  *scalingConfig
	State                          string
	StateTransitionReason          string
	LastModified                   time.Time
	LastProcessingResult           string
}

func (l *Lambda) showMapping(m *mapping) *mappingConfiguration {
	out := &mappingConfiguration{UUID: m.id, EventSourceMappingArn: l.mappingARN(m.id), EventSourceArn: m.source,
		FunctionArn: l.arn(m.target.String()), BatchSize: m.batch, MaximumBatchingWindowInSeconds: m.window,
		FunctionResponseTypes: slices.Clone(m.responses), State: m.state,
		StateTransitionReason: m.reason, LastModified: m.modified, LastProcessingResult: m.result}
	if m.concurrency != nil {
		limit := *m.concurrency
		out.ScalingConfig = &scalingConfig{&limit}
	}
	return out
}

// transition ends a change after its delay: the poller follows the state. Callers hold the lock.
func (l *Lambda) transition(m *mapping, state string, at time.Time) {
	m.state, m.reason, m.modified = state, "USER_INITIATED", at
	if m.stop != nil {
		m.stop()
		m.stop = nil
	}
	delay := l.options.Mapping
	l.later(func(ctx context.Context) {
		if l.env.Clock.Sleep(ctx, delay) != nil {
			return
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		if m.state == mappingDeleting {
			delete(l.mappings, m.id)
			return
		}
		m.state = m.rest()
		if m.enabled {
			l.poll(m)
		}
	})
}
