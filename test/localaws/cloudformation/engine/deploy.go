package engine

import (
	"context"
	"fmt"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// deploy creates or updates every resource and ends in a complete, failed or rolled back stack.
func (r *run) deploy(ctx context.Context, creating bool) {
	w := &walker{needs: r.next.graph.Needs, proceed: r.wanted, step: func(name string) bool { return r.apply(ctx, name) }}
	failed := w.walk(r.next.graph.Order)
	outputs, err := r.outputs(len(failed) == 0 && r.wanted())
	switch {
	case ctx.Err() != nil || r.handedOver():
		return
	case len(failed) > 0 || !r.wanted():
		r.unwind(ctx, creating, r.failedReason(failed))
	case err != nil:
		r.unwind(ctx, creating, err.Error())
	case creating:
		r.locked(func() { r.stack.Outputs = outputs })
		r.end(CreateComplete, "")
	default:
		r.locked(func() { r.stack.Outputs = outputs })
		r.cleanUp(ctx)
	}
}

// handedOver says that a deletion waits for this creation to let go.
func (r *run) handedOver() bool {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	return r.abandoned
}

func (r *run) outputs(wanted bool) ([]Output, error) {
	if !wanted {
		return nil, nil
	}
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	return r.next.evaluateOutputs(r.deployed)
}

func (d *desired) evaluateOutputs(lookup func(string) (template.Values, bool)) ([]Output, error) {
	var outputs []Output
	scope := d.scope(lookup)
	for _, name := range template.SortedKeys(d.template.Outputs) {
		definition := d.template.Outputs[name]
		if definition.Condition != "" && !d.conditions[definition.Condition] {
			continue
		}
		value, err := scope.Resolve(definition.Value)
		if err != nil {
			return nil, err
		}
		switch value.(type) {
		case []any, map[string]any:
			return nil, fmt.Errorf("Template format error: Output %s is malformed. The Value field of every Outputs member "+
				"must evaluate to a String.", name)
		}
		export, err := scope.Resolve(definition.ExportName)
		if err != nil {
			return nil, err
		}
		outputs = append(outputs, Output{
			Key: name, Value: template.Scalar(value), Description: definition.Description, ExportName: template.Scalar(export),
		})
	}
	return outputs, nil
}

// failedReason names the failed resources the way AWS does: those being created, then those being updated.
func (r *run) failedReason(failed []string) string {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	var creating, updating []string
	for _, name := range failed {
		if r.before[name] == nil {
			creating = append(creating, name)
		} else {
			updating = append(updating, name)
		}
	}
	var reason strings.Builder
	if len(creating) > 0 {
		fmt.Fprintf(&reason, "The following resource(s) failed to create: %s. ", list(creating))
	}
	if len(updating) > 0 {
		fmt.Fprintf(&reason, "The following resource(s) failed to update: %s. ", list(updating))
	}
	return reason.String()
}

// cleanUp deletes what the update replaced or dropped. Failures are reported and do not fail the update.
func (r *run) cleanUp(ctx context.Context) {
	r.locked(func() {
		for _, name := range template.SortedKeys(r.stack.Resources) {
			if _, stays := r.next.graph.Needs[name]; !stays {
				r.superseded = append(r.superseded, r.stack.Resources[name])
				r.removed[name] = true
			}
		}
		r.engine.setStatus(r.stack, UpdateCleanupInProgress, "", r.token)
	})
	left := r.deleteAll(ctx, r.superseded, true, func(res *Resource) bool {
		if r.removed[res.LogicalID] {
			return res.keptOnDelete()
		}
		return res.UpdateReplacePolicy == "Retain"
	})
	if ctx.Err() != nil {
		return
	}
	r.locked(func() {
		for name := range r.removed {
			delete(r.stack.Resources, name)
		}
	})
	reason := ""
	if len(left) > 0 {
		reason = "Update successful. One or more resources could not be deleted."
	}
	r.end(UpdateComplete, reason)
}
