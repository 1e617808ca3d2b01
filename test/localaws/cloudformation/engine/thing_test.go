package engine_test

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// things is a service made of named things; Fail decides by operation and thing which calls fail.
type things struct {
	mu    sync.Mutex
	calls []string
	alive map[string]string
	fail  map[string]string
	count int
	slow  chan struct{}
}

func (t *things) called(operation string, request *resource.Request) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	call := operation + " " + request.LogicalID
	t.calls = append(t.calls, call)
	if reason, ok := t.fail[call+"="+request.Properties.Text("Value")]; ok {
		return resource.Fail(resource.InvalidRequest, "%s", reason)
	}
	if reason, ok := t.fail[call]; ok {
		return resource.Fail(resource.InvalidRequest, "%s", reason)
	}
	return nil
}

func (t *things) Create(ctx context.Context, request *resource.Request) (resource.State, error) {
	if err := t.called("create", request); err != nil {
		return resource.State{}, err
	}
	t.mu.Lock()
	t.count++
	id := request.Properties.Text("Name")
	if id == "" {
		id = fmt.Sprintf("%s-%d", request.LogicalID, t.count)
	}
	t.alive[id] = request.Properties.Text("Value")
	t.mu.Unlock()
	request.Initiated(id)
	state := resource.State{PhysicalID: id, Attributes: t.attributes(id, request)}
	if request.Properties.Text("Value") != "slow" {
		return state, nil
	}
	return state, request.Wait(ctx, func(context.Context) (bool, error) {
		select {
		case <-t.slow:
			return true, nil
		default:
			return false, nil
		}
	})
}

func (t *things) attributes(id string, request *resource.Request) map[string]any {
	return map[string]any{"Arn": "arn:thing:" + id, "Value": request.Properties.Text("Value")}
}

func (t *things) Update(_ context.Context, request *resource.Request) (resource.State, error) {
	if err := t.called("update", request); err != nil {
		return resource.State{}, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.alive[request.PhysicalID] = request.Properties.Text("Value")
	return resource.State{PhysicalID: request.PhysicalID, Attributes: t.attributes(request.PhysicalID, request)}, nil
}

func (t *things) Delete(_ context.Context, request *resource.Request) error {
	if err := t.called("delete", request); err != nil {
		return err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.alive, request.PhysicalID)
	return nil
}

func (t *things) living() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	var list []string
	for id, value := range t.alive {
		list = append(list, id+"="+value)
	}
	sort.Strings(list)
	return strings.Join(list, " ")
}

func (t *things) set(call, reason string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if reason == "" {
		delete(t.fail, call)
		return
	}
	t.fail[call] = reason
}

func thingType(handler resource.Handler) *resource.Type {
	return &resource.Type{
		Name: "Test::Thing", Taggable: true, NameProperty: "Name", Attributes: []string{"Arn", "Value"}, Handler: handler,
		Properties: resource.Schema{
			"Name": resource.Text().Replaces(), "Value": resource.Text(), "Size": resource.Int(), "Shape": resource.Text().Replaces(),
			"Links": resource.Texts(), "Tags": resource.Tags(),
		},
	}
}

type world struct {
	*engine.Engine
	t      *testing.T
	things *things
}

func newWorld(t *testing.T) *world {
	t.Helper()
	service := &things{alive: map[string]string{}, fail: map[string]string{}, slow: make(chan struct{})}
	registry, err := resource.NewRegistry(thingType(service))
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Options{Account: "123456789012", Region: "eu-central-1", Types: registry, Now: time.Now})
	t.Cleanup(e.Close)
	return &world{e, t, service}
}

func resources(entries string) string { return `{"Resources":{` + entries + `}}` }

func (w *world) create(body string) engine.View {
	w.t.Helper()
	_, err := w.Create(context.Background(), aws.Config{}, engine.CreateInput{Name: "demo", Content: engine.Content{Body: body}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.settled()
}

func (w *world) update(body string) engine.View {
	w.t.Helper()
	_, err := w.Update(context.Background(), aws.Config{}, engine.UpdateInput{Name: "demo", Content: engine.Content{Body: body}})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.settled()
}

func (w *world) settled() engine.View {
	w.t.Helper()
	w.Settled()
	for _, view := range w.Stacks() {
		if view.Name == "demo" {
			return view
		}
	}
	w.t.Fatal("the stack is gone")
	return engine.View{}
}

// statuses lists the events of the stack itself, oldest first.
func statuses(view engine.View) string {
	var list []string
	for _, event := range view.Events {
		if event.Type == engine.StackType {
			list = append(list, string(event.Status))
		}
	}
	return strings.Join(list, " ")
}

// reasonOf returns the reason of the newest event of a resource with a status.
func reasonOf(view engine.View, logicalID string, status engine.Status) string {
	for i := len(view.Events) - 1; i >= 0; i-- {
		if e := view.Events[i]; e.LogicalID == logicalID && e.Status == status {
			return e.Reason
		}
	}
	return "no such event"
}
