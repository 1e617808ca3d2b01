// Package thing is a resource type for tests of the stack engine, Test::Thing: a service of named things in memory
// whose calls are recorded and can be made to fail or to take until they are let go.
package thing

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// Slow is the Value of a thing whose creation and update last until Release.
const Slow = "slow"

// Things is the service.
type Things struct {
	mu    sync.Mutex
	calls []string
	alive map[string]string
	fail  map[string]string
	once  map[string]bool
	tags  map[string]map[string]string
	count int
	let   chan struct{}
	begun chan string
}

// New makes a service without things.
func New() *Things {
	return &Things{
		alive: map[string]string{}, fail: map[string]string{}, once: map[string]bool{}, tags: map[string]map[string]string{},
		let: make(chan struct{}), begun: make(chan string, 100),
	}
}

// Type is Test::Thing, provided by this service.
func (t *Things) Type() *resource.Type {
	return &resource.Type{
		Name: "Test::Thing", Taggable: true, NameProperty: "Name", Attributes: []string{"Arn", "Value"}, Handler: t,
		Properties: resource.Schema{
			"Name": resource.Text().Replaces(), "Value": resource.Text(), "Size": resource.Int(),
			"Shape": resource.Text().Replaces(), "Links": resource.Texts(), "Tags": resource.Tags(),
		},
	}
}

// Fail makes a call fail for a reason, "" makes it work again. A call is "create A", or "update
// A=two" for one value only.
func (t *Things) Fail(call, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if reason == "" {
		delete(t.fail, call)
		return
	}
	t.fail[call], t.once[call] = reason, false
}

// Calls lists the calls so far, as "create A".
func (t *Things) Calls() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return append([]string(nil), t.calls...)
}

// Living lists the things that exist, as "A-1=one B-2=two".
func (t *Things) Living() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []string
	for id, value := range t.alive {
		list = append(list, id+"="+value)
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

// Tags are the tags of a thing.
func (t *Things) Tags(id string) map[string]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.tags[id]
}

// AwaitSlow waits until a slow call has begun.
func (t *Things) AwaitSlow() { <-t.begun }

// Release lets every slow call end, now and later.
func (t *Things) Release() { close(t.let) }

// FailOnce makes the next such call fail.
func (t *Things) FailOnce(call, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.fail[call], t.once[call] = reason, true
}

func (t *Things) called(operation string, r *resource.Request) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	call := operation + " " + r.LogicalID
	t.calls = append(t.calls, call)
	for _, key := range []string{call, call + "=" + r.Properties.Text("Value")} {
		if reason, ok := t.fail[key]; ok {
			if t.once[key] {
				delete(t.fail, key)
			}
			return resource.Fail(resource.InvalidRequest, "%s", reason)
		}
	}
	return nil
}

func (t *Things) keep(id string, r *resource.Request) resource.State {
	t.mu.Lock()
	defer t.mu.Unlock()
	value := r.Properties.Text("Value")
	t.alive[id], t.tags[id] = value, r.Tags
	return resource.State{PhysicalID: id, Attributes: map[string]any{"Arn": "arn:thing:" + id, "Value": value}}
}

func (t *Things) settle(ctx context.Context, r *resource.Request) error {
	if r.Properties.Text("Value") != Slow {
		return nil
	}
	t.begun <- r.LogicalID
	return r.Wait(ctx, func(context.Context) (bool, error) {
		select {
		case <-t.let:
			return true, nil
		default:
			return false, nil
		}
	})
}

// Create makes a thing.
func (t *Things) Create(ctx context.Context, r *resource.Request) (resource.State, error) {
	if err := t.called("create", r); err != nil {
		return resource.State{}, err
	}
	t.mu.Lock()
	t.count++
	id := r.Properties.Text("Name")
	if id == "" {
		id = fmt.Sprintf("%s-%d", r.LogicalID, t.count)
	}
	t.mu.Unlock()
	state := t.keep(id, r)
	r.Initiated(id)
	return state, t.settle(ctx, r)
}

// Update changes a thing.
func (t *Things) Update(ctx context.Context, r *resource.Request) (resource.State, error) {
	if err := t.called("update", r); err != nil {
		return resource.State{}, err
	}
	return t.keep(r.PhysicalID, r), t.settle(ctx, r)
}

// Delete removes a thing.
func (t *Things) Delete(_ context.Context, r *resource.Request) error {
	if err := t.called("delete", r); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.alive, r.PhysicalID)
	return nil
}
