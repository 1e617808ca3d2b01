package lambda

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// mappingSettings are the parameters that creation and update share.
type mappingSettings struct {
	Enabled                        *bool
	BatchSize                      *int
	MaximumBatchingWindowInSeconds *int
	FunctionResponseTypes          []string
	ScalingConfig                  *scalingConfig
}

type createMappingInput struct {
	FunctionName   string `wire:",required"`
	EventSourceArn string `wire:",required"`
	Tags           map[string]string
	mappingSettings
}

func (l *Lambda) createMapping(
	ctx context.Context, call *wire.Call, in *createMappingInput,
) (*mappingConfiguration, error) {
	m := &mapping{id: newID(), source: in.EventSourceArn, enabled: true, reading: reading{batch: 10},
		tags: map[string]string{}}
	maps.Copy(m.tags, in.Tags)
	if !strings.HasPrefix(in.EventSourceArn, "arn:aws:sqs:"+l.env.Region+":"+l.env.AccountID+":") {
		return nil, invalidValue(
			"Unrecognized event source, the local AWS knows queues of SQS in its own account and region.",
		)
	}
	if err := in.apply(m); err != nil {
		return nil, err
	}
	var err error
	if m.target, err = l.refer(call, in.FunctionName, ""); err != nil {
		return nil, err
	}
	if err := l.checkSource(ctx, m); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, other := range l.mappings {
		if other.source == m.source && other.target.name == m.target.name {
			return nil, conflict(fmt.Sprintf("An event source mapping with SQS arn (\" %s \") and function (\" %s \") "+
				"already exists. "+
				"Please update or delete the existing mapping with UUID %s", m.source, m.target.name, other.id))
		}
	}
	l.mappings[m.id] = m
	l.transition(m, mappingCreating, call.Time)
	return l.showMapping(m), nil
}

// apply checks the parameters and lays them over a mapping.
func (s *mappingSettings) apply(m *mapping) error {
	set(&m.enabled, s.Enabled)
	set(&m.batch, s.BatchSize)
	set(&m.window, s.MaximumBatchingWindowInSeconds)
	if s.FunctionResponseTypes != nil {
		m.responses = s.FunctionResponseTypes
	}
	if s.ScalingConfig != nil {
		m.concurrency = s.ScalingConfig.MaximumConcurrency
	}
	return m.check(strings.HasSuffix(m.source, ".fifo"))
}

// check holds what the numbers say of each other (Lambda API reference).
func (r reading) check(fifo bool) error {
	if fifo && (r.batch > 10 || r.window > 0) {
		return invalidValue("Batch size must be at most 10 and no batching window is supported for FIFO queues.")
	}
	if r.batch > 10 && r.window == 0 {
		return invalidValue("Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10")
	}
	return nil
}

type mappingInput struct {
	UUID string `wire:",path,required"`
}

// mappingOf finds a mapping; callers hold the lock.
func (l *Lambda) mappingOf(call *wire.Call, id string) (*mapping, error) {
	call.On(id)
	if m := l.mappings[id]; m != nil {
		return m, nil
	}
	return nil, missing("The resource you requested does not exist.")
}

func (l *Lambda) getMapping(_ context.Context, call *wire.Call, in *mappingInput) (*mappingConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.mappingOf(call, in.UUID)
	if err != nil {
		return nil, err
	}
	return l.showMapping(m), nil
}

type updateMappingInput struct {
	UUID         string `wire:",path,required"`
	FunctionName string
	mappingSettings
}

func (l *Lambda) updateMapping(
	ctx context.Context, call *wire.Call, in *updateMappingInput,
) (*mappingConfiguration, error) {
	changed, err := l.changedMapping(call, in)
	if err != nil {
		return nil, err
	}
	if err := l.checkSource(ctx, changed); err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.free(call, in.UUID, "update")
	if err != nil {
		return nil, err
	}
	state := mappingUpdating
	switch {
	case changed.enabled && !m.enabled:
		state = mappingEnabling
	case !changed.enabled && m.enabled:
		state = mappingDisabling
	}
	m.target, m.reading, m.enabled = changed.target, changed.reading, changed.enabled
	l.transition(m, state, call.Time)
	return l.showMapping(m), nil
}

// changedMapping is what an update would make of a mapping.
func (l *Lambda) changedMapping(call *wire.Call, in *updateMappingInput) (*mapping, error) {
	l.mu.Lock()
	m, err := l.free(call, in.UUID, "update")
	if err != nil {
		l.mu.Unlock()
		return nil, err
	}
	changed := &mapping{source: m.source, target: m.target, reading: m.reading, enabled: m.enabled}
	l.mu.Unlock()
	if in.FunctionName != "" {
		if changed.target, err = l.refer(call, in.FunctionName, ""); err != nil {
			return nil, err
		}
	}
	return changed, in.apply(changed)
}

// free finds a mapping that no change is under way at; callers hold the lock.
func (l *Lambda) free(call *wire.Call, id, verb string) (*mapping, error) {
	m, err := l.mappingOf(call, id)
	if err != nil {
		return nil, err
	}
	if m.busy() {
		return nil, user(http.StatusBadRequest, "ResourceInUseException",
			"Cannot "+verb+" the event source mapping because it is in use.")
	}
	return m, nil
}

func (l *Lambda) deleteMapping(_ context.Context, call *wire.Call, in *mappingInput) (*mappingConfiguration, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	m, err := l.free(call, in.UUID, "delete")
	if err != nil {
		return nil, err
	}
	l.transition(m, mappingDeleting, call.Time)
	return l.showMapping(m), nil
}

type listMappingsInput struct {
	EventSourceArn string `wire:",query"`
	FunctionName   string `wire:",query"`
	Marker         string `wire:",query"`
	MaxItems       int    `wire:",query"`
}

type listMappingsOutput struct {
	EventSourceMappings []*mappingConfiguration `wire:",required"`
	NextMarker          string
}

func (l *Lambda) listMappings(_ context.Context, call *wire.Call, in *listMappingsInput) (*listMappingsOutput, error) {
	var wanted reference
	if in.FunctionName != "" {
		var err error
		if wanted, err = l.refer(call, in.FunctionName, ""); err != nil {
			return nil, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var ids []string
	for id, m := range l.mappings {
		if (in.EventSourceArn == "" || in.EventSourceArn == m.source) && (in.FunctionName == "" || wanted == m.target) {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	ids, next := page(ids, in.Marker, in.MaxItems, 100)
	out := &listMappingsOutput{EventSourceMappings: []*mappingConfiguration{}, NextMarker: next}
	for _, id := range ids {
		out.EventSourceMappings = append(out.EventSourceMappings, l.showMapping(l.mappings[id]))
	}
	return out, nil
}
