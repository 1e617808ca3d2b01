package engine

import (
	"context"
	"sync"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// run is one operation on a stack: a creation or an update with its rollback, or a deletion.
type run struct {
	engine *Engine
	stack  *Stack
	config aws.Config
	token  string
	next   *desired

	// before are the resources and the content as the operation found them.
	before        map[string]*Resource
	beforeContent *desired
	beforeOutputs []Output
	// made are the physical resources that this operation created, superseded those that it replaced or dropped.
	made, superseded []*Resource
	removed          map[string]bool

	keepFailed           bool
	onFailure            string
	retainExceptOnCreate bool
	changeSet            *ChangeSet
	skip                 map[string]bool

	// abandoned is set when a deletion takes over from a running creation.
	abandoned bool

	cancelOnce sync.Once
	cancelled  chan struct{}
	done       chan struct{}
}

// start registers an operation and runs it in the background; the caller holds the lock.
func (e *Engine) start(r *run, work func(context.Context)) {
	r.engine, r.cancelled, r.done = e, make(chan struct{}), make(chan struct{})
	r.removed = map[string]bool{}
	r.stack.running = r
	e.background(func() {
		defer close(r.done)
		work(e.ctx)
	})
}

func (r *run) locked(f func()) {
	r.engine.mu.Lock()
	defer r.engine.mu.Unlock()
	f()
}

// cancel makes waiting handlers give up and keeps further resources from starting.
func (r *run) cancel() { r.cancelOnce.Do(func() { close(r.cancelled) }) }

func (r *run) wanted() bool {
	select {
	case <-r.cancelled:
		return false
	case <-r.engine.ctx.Done():
		return false
	default:
		return true
	}
}

// mark sets a resource's status and records the event; the caller holds the lock.
func (r *run) mark(res *Resource, status Status, reason string) {
	res.Status, res.Reason, res.Changed = status, reason, r.engine.options.Now()
	r.engine.record(r.stack, Event{
		LogicalID: res.LogicalID, PhysicalID: res.PhysicalID, Type: res.Type, Status: status, Reason: reason,
		Properties: jsonText(res.Properties), Token: r.token,
	})
}

func (r *run) status(status Status, reason string) {
	r.locked(func() {
		if r.stack.running == r {
			r.engine.setStatus(r.stack, status, reason, r.token)
		}
	})
}

// end gives the stack its final status and frees it for the next operation in the same instant.
func (r *run) end(status Status, reason string) {
	r.locked(func() {
		if r.stack.running != r {
			return
		}
		r.stack.running = nil
		r.stack.changeSetEnded(r.changeSet, status)
		r.engine.setStatus(r.stack, status, reason, r.token)
	})
}

// request prepares a handler call. Waits of a rollback or deletion are not cancelled by the failure that caused it.
func (r *run) request(res *Resource, previous *Resource, cancelled <-chan struct{}) *resource.Request {
	o := r.engine.options
	request := &resource.Request{
		Config: r.config, Account: o.Account, Region: o.Region, Partition: o.Partition, URLSuffix: o.URLSuffix,
		StackName: r.stack.Name, StackID: r.stack.ID, LogicalID: res.LogicalID, PhysicalID: res.PhysicalID,
		Properties: res.Properties, Tags: res.Tags, Cancelled: cancelled, Settle: o.Settle[res.Type],
		Initiated: func(string) {},
	}
	if previous != nil {
		request.Previous, request.PreviousTags = previous.Properties, previous.Tags
	}
	return request
}

func (r *run) handler(res *Resource) resource.Handler {
	return r.engine.options.Types[res.Type].Handler
}

// failure is the reason of a failed event; cancelled says what a sibling's failure is called.
func failure(err error, cancelled string) string {
	switch err := err.(type) {
	case *templateProblem:
		return err.Error()
	}
	if isCancelled(err) {
		return cancelled
	}
	if resource.IsInvalid(err) {
		return err.Error()
	}
	return resource.Reason(err, uuid.NewString())
}
