package engine

import (
	"context"
	"errors"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/template"
)

// templateProblem is a failure that is worded by the engine and not by a handler.
type templateProblem struct{ text string }

func (e *templateProblem) Error() string { return e.text }

func isCancelled(err error) bool {
	return errors.Is(err, resource.ErrCancelled) || errors.Is(err, context.Canceled)
}

// candidate evaluates a resource of the new content against what is deployed by now; the caller holds the lock.
func (r *run) candidate(name string) (*Resource, error) {
	definition := r.next.template.Resources[name]
	known := r.engine.options.Types[definition.Type]
	res := &Resource{
		LogicalID: name, Type: definition.Type, Needs: r.next.graph.Needs[name], Metadata: definition.Metadata,
		DeletionPolicy: definition.DeletionPolicy, UpdateReplacePolicy: definition.UpdateReplacePolicy,
	}
	resolved, err := r.next.scope(r.deployed).ResolveProperties(definition.Properties)
	if err != nil {
		return res, &templateProblem{err.Error()}
	}
	conformed, problems := known.Properties.Conform(resolved)
	res.Properties = conformed
	res.Tags = r.next.effectiveTags(known, name, res.Properties)
	if len(problems) > 0 {
		return res, resource.Invalid(name, problems)
	}
	return res, nil
}

func (r *run) deployed(name string) (template.Values, bool) {
	res, ok := r.stack.Resources[name]
	if !ok {
		return template.Values{}, false
	}
	return res.values(), true
}

// apply brings one resource to its new content; false means that it failed.
func (r *run) apply(ctx context.Context, name string) bool {
	r.engine.mu.Lock()
	res, err := r.candidate(name)
	current := r.stack.Resources[name]
	known := r.engine.options.Types[res.Type]
	r.engine.mu.Unlock()
	switch {
	case current == nil:
		return r.create(ctx, res, nil, err)
	case current.Status == CreateFailed:
		return r.createAgain(ctx, res, current, err)
	case err == nil && !current.differs(res):
		r.locked(func() { r.stack.Resources[name] = current.redefined(res) })
		return true
	case err == nil && replaces(known, current.Properties, res.Properties):
		return r.replace(ctx, res, current)
	}
	return r.update(ctx, res, current, err)
}

// differs says whether a handler must be called; metadata and policies are the engine's own.
func (r *Resource) differs(next *Resource) bool {
	return r.attempted != nil || !equal(r.Properties, next.Properties) || !equal(r.Tags, next.Tags)
}

// redefined keeps what is deployed and takes over the rest of the definition.
func (r *Resource) redefined(next *Resource) *Resource {
	c := r.clone()
	c.Needs, c.Metadata = next.Needs, next.Metadata
	c.DeletionPolicy, c.UpdateReplacePolicy = next.DeletionPolicy, next.UpdateReplacePolicy
	return c
}

// create makes a new physical resource; with old set it is the replacement of that one.
func (r *run) create(ctx context.Context, res, old *Resource, problem error) bool {
	started, completed, failed, cancelled := CreateInProgress, CreateComplete, CreateFailed, "Resource creation cancelled"
	first := ""
	if old != nil {
		started, completed, failed, cancelled = UpdateInProgress, UpdateComplete, UpdateFailed, "Resource update cancelled"
		first = "Requested update requires the creation of a new physical resource; hence creating one."
	}
	r.locked(func() {
		r.stack.Resources[res.LogicalID] = res
		r.mark(res, started, first)
	})
	state, err := resource.State{}, problem
	if err == nil {
		request := r.request(res, nil, r.cancelled)
		request.Initiated = func(id string) { r.initiated(res, started, id) }
		state, err = settled(ctx, request, r.handler(res).Create)
	}
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	r.own(res, state.PhysicalID)
	if err != nil {
		r.fail(res, failed, failure(err, cancelled))
		return false
	}
	res.Attributes = state.Attributes
	r.mark(res, completed, "")
	return true
}

// settled calls a handler and then takes the time that the type is configured to take.
func settled(
	ctx context.Context, request *resource.Request, call func(context.Context, *resource.Request) (resource.State, error),
) (resource.State, error) {
	state, err := call(ctx, request)
	if err == nil {
		err = request.WaitSettled(ctx)
	}
	return state, err
}

// createAgain makes what an earlier operation without rollback failed to create; its remains are cleaned up.
func (r *run) createAgain(ctx context.Context, res, remains *Resource, problem error) bool {
	if remains.PhysicalID != "" {
		r.locked(func() { r.superseded = append(r.superseded, remains) })
	}
	return r.create(ctx, res, nil, problem)
}

// initiated records that something exists under a physical id by now.
func (r *run) initiated(res *Resource, status Status, id string) {
	r.locked(func() {
		r.own(res, id)
		r.mark(res, status, "Resource creation Initiated")
	})
}

func (r *run) own(res *Resource, id string) {
	if id == "" || res.PhysicalID == id {
		return
	}
	res.PhysicalID = id
	r.made = append(r.made, res)
}

func (r *run) fail(res *Resource, status Status, reason string) {
	r.mark(res, status, reason)
	r.cancel()
}

func (r *run) replace(ctx context.Context, res, current *Resource) bool {
	known := r.engine.options.Types[res.Type]
	if name := known.NameProperty; name != "" && res.Properties.Has(name) &&
		res.Properties.Same(current.Properties, name) {
		return r.update(ctx, res, current, &templateProblem{
			"CloudFormation cannot update a stack when a custom-named resource requires replacing. Rename " +
				res.Properties.Text(name) + " and update the stack again.",
		})
	}
	if !r.create(ctx, res, current, nil) {
		return false
	}
	r.locked(func() { r.superseded = append(r.superseded, current) })
	return true
}

func (r *run) update(ctx context.Context, res, current *Resource, problem error) bool {
	res.PhysicalID, res.Attributes = current.PhysicalID, current.Attributes
	r.locked(func() {
		r.stack.Resources[res.LogicalID] = res
		r.mark(res, UpdateInProgress, "")
	})
	state, err := resource.State{}, problem
	if err == nil {
		state, err = settled(ctx, r.request(res, current, r.cancelled), r.handler(res).Update)
	}
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	if err != nil {
		r.keepCurrent(res, current, problem == nil)
		r.fail(res, UpdateFailed, failure(err, "Resource update cancelled"))
		return false
	}
	if state.Attributes != nil {
		res.Attributes = state.Attributes
	}
	r.mark(res, UpdateComplete, "")
	return true
}

// keepCurrent notes what a failed update left: the old properties, and that the new ones may be there in part.
func (r *run) keepCurrent(res, current *Resource, called bool) {
	attempted := res.Properties
	res.Properties, res.Tags = current.Properties, current.Tags
	if called {
		res.attempted = attempted
	}
}
