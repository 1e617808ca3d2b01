package engine

import (
	"context"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// unwind deals with a failed creation or update as the operation asked for.
func (r *run) unwind(ctx context.Context, creating bool, reason string) {
	switch {
	case creating && r.onFailure == "DELETE":
		r.status(DeleteInProgress, reason+"Delete requested by user.")
		r.deleteStack(ctx, nil)
	case creating && r.keepFailed:
		r.end(CreateFailed, reason)
	case creating:
		r.status(RollbackInProgress, reason+"Rollback requested by user.")
		r.rollbackCreation(ctx)
	case r.keepFailed:
		r.locked(func() { r.stack.failed = r })
		r.end(UpdateFailed, reason)
	default:
		r.status(UpdateRollbackInProgress, reason)
		r.rollback(ctx)
	}
}

// rollbackCreation deletes what was created; Retain keeps it, RetainExceptOnCreate does not.
func (r *run) rollbackCreation(ctx context.Context) {
	var all []*Resource
	r.locked(func() {
		for _, name := range template.SortedKeys(r.stack.Resources) {
			all = append(all, r.stack.Resources[name])
		}
	})
	left := r.deleteAll(ctx, all, false, r.keptOnRollback)
	if ctx.Err() != nil {
		return
	}
	if len(left) > 0 {
		r.end(RollbackFailed, "The following resource(s) failed to delete: "+list(left)+". ")
		return
	}
	r.end(RollbackComplete, "")
}

func (r *run) keptOnRollback(res *Resource) bool {
	return res.DeletionPolicy == "Retain" && !r.retainExceptOnCreate
}

// rollback re-applies the previous content by real calls, then deletes what the update created.
func (r *run) rollback(ctx context.Context) {
	var order []string
	needs := map[string][]string{}
	r.locked(func() {
		for _, name := range r.beforeContent.graph.Order {
			order = append(order, name)
			needs[name] = r.before[name].Needs
		}
	})
	w := &walker{needs: needs, step: func(name string) bool { return r.restore(ctx, name) }}
	failed := w.walk(order)
	if ctx.Err() != nil {
		return
	}
	if len(failed) > 0 {
		r.locked(func() { r.stack.failed = r })
		r.end(UpdateRollbackFailed, "The following resource(s) failed to update: "+list(failed)+". ")
		return
	}
	r.status(UpdateRollbackCleanupInProgress, "")
	left := r.deleteAll(ctx, r.unwanted(), true, r.keptOnRollback)
	if ctx.Err() != nil {
		return
	}
	r.locked(func() {
		for name := range r.stack.Resources {
			if r.before[name] == nil {
				delete(r.stack.Resources, name)
			}
		}
		r.stack.current, r.stack.Outputs, r.stack.failed = r.beforeContent, r.beforeOutputs, nil
	})
	reason := ""
	if len(left) > 0 {
		reason = "One or more resources could not be deleted."
	}
	r.end(UpdateRollbackComplete, reason)
}

// restore brings one resource back to its previous state; false means that it failed.
func (r *run) restore(ctx context.Context, name string) bool {
	r.engine.mu.Lock()
	old, now := r.before[name], r.stack.Resources[name]
	touched := now != old && (now.attempted != nil || now.differs(old) || now.PhysicalID != old.PhysicalID ||
		now.Status == UpdateFailed)
	if !touched {
		r.stack.Resources[name] = old
		r.engine.mu.Unlock()
		return true
	}
	back := old.clone()
	r.stack.Resources[name] = back
	r.mark(back, UpdateInProgress, "")
	r.engine.mu.Unlock()
	err := r.reapply(ctx, back, now)
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if err != nil {
		back.attempted = now.uncertain()
		r.mark(back, UpdateFailed, failure(err, "Resource update cancelled"))
		return false
	}
	r.mark(back, UpdateComplete, "")
	return true
}

// reapply calls the handler, unless the old physical resource was never touched or the user skips it.
func (r *run) reapply(ctx context.Context, back, now *Resource) error {
	if now.PhysicalID != back.PhysicalID || r.skip[back.LogicalID] {
		return nil
	}
	tried := now.clone()
	tried.Properties = now.uncertain()
	if !tried.differs(back) && now.attempted == nil {
		return nil
	}
	state, err := settled(ctx, r.request(back, tried, nil), r.handler(back).Update)
	if err == nil && state.Attributes != nil {
		r.locked(func() { back.Attributes = state.Attributes })
	}
	return err
}

// uncertain are the properties that the resource may have.
func (r *Resource) uncertain() (properties map[string]any) {
	if r.attempted != nil {
		return r.attempted
	}
	return r.Properties
}

// unwanted are the physical resources that this update created: additions and replacements.
func (r *run) unwanted() []*Resource {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	unwanted := append([]*Resource(nil), r.made...)
	for _, name := range template.SortedKeys(r.stack.Resources) {
		if res := r.stack.Resources[name]; r.before[name] == nil && res.PhysicalID == "" {
			unwanted = append(unwanted, res)
		}
	}
	return unwanted
}
