package engine

import (
	"context"
	"fmt"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// deleteAll deletes physical resources in reverse order of their dependencies and returns the logical ids of those that
// failed. What a failed one needs is left alone, unless regardless.
func (r *run) deleteAll(ctx context.Context, all []*Resource, regardless bool, kept func(*Resource) bool) []string {
	needs := map[string][]string{}
	byKey := map[string]*Resource{}
	keys := map[string][]string{}
	var order []string
	for i, res := range all {
		// One logical id may stand for two physical resources, so the walk needs keys of its own.
		key := fmt.Sprintf("%s#%d", res.LogicalID, i)
		byKey[key], order = res, append(order, key)
		keys[res.LogicalID] = append(keys[res.LogicalID], key)
	}
	for key, res := range byKey {
		for _, need := range res.Needs {
			needs[key] = append(needs[key], keys[need]...)
		}
	}
	w := &walker{needs: reversed(needs), regardless: regardless, step: func(key string) bool {
		return r.deleteOne(ctx, byKey[key], kept(byKey[key]))
	}}
	var left []string
	for _, key := range w.walk(order) {
		left = append(left, byKey[key].LogicalID)
	}
	return left
}

// deleteOne deletes a physical resource; false means that it failed.
func (r *run) deleteOne(ctx context.Context, res *Resource, kept bool) bool {
	done := false
	r.locked(func() {
		switch {
		case res.Status == DeleteComplete || res.Status == DeleteSkipped:
			done = true
		case kept:
			r.mark(res, DeleteSkipped, "")
			done = true
		default:
			r.mark(res, DeleteInProgress, "")
		}
	})
	if done {
		return true
	}
	var err error
	if res.PhysicalID != "" {
		err = r.handler(res).Delete(ctx, r.request(res, nil, nil))
	}
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if err != nil && resource.CodeOf(err) != resource.NotFound {
		r.mark(res, DeleteFailed, failure(err, "Resource deletion cancelled"))
		return false
	}
	r.mark(res, DeleteComplete, "")
	return true
}

// deleteStack deletes every resource but the retained ones.
func (r *run) deleteStack(ctx context.Context, retain map[string]bool) {
	var all []*Resource
	r.locked(func() {
		for _, name := range template.SortedKeys(r.stack.Resources) {
			all = append(all, r.stack.Resources[name])
		}
	})
	left := r.deleteAll(ctx, all, false, func(res *Resource) bool { return retain[res.LogicalID] || res.keptOnDelete() })
	if ctx.Err() != nil {
		return
	}
	if len(left) > 0 {
		r.end(DeleteFailed, "The following resource(s) failed to delete: "+list(left)+". ")
		return
	}
	r.locked(func() {
		r.stack.Deleted = r.engine.options.Now()
		r.stack.changeSets = nil
	})
	r.end(DeleteComplete, "")
}
