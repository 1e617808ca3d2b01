package engine_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/engine"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
	"github.com/aloft-dev/aloft/test/localaws/cloudformation/thing"
)

type world struct {
	*engine.Engine
	t      *testing.T
	things *thing.Things
}

func newWorld(t *testing.T) *world {
	t.Helper()
	things := thing.New()
	registry, err := resource.NewRegistry(things.Type())
	if err != nil {
		t.Fatal(err)
	}
	e := engine.New(engine.Options{Account: "123456789012", Region: "eu-central-1", Types: registry, Now: time.Now})
	t.Cleanup(e.Close)
	return &world{e, t, things}
}

func resources(entries string) string { return `{"Resources":{` + entries + `}}` }

func (w *world) create(body string) engine.View {
	w.t.Helper()
	_, err := w.Create(context.Background(), aws.Config{}, engine.CreateInput{
		Name: "demo", Content: engine.Content{Body: body},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return w.settled()
}

func (w *world) update(body string) engine.View {
	w.t.Helper()
	view, err := w.tryUpdate(body)
	if err != nil {
		w.t.Fatal(err)
	}
	return view
}

func (w *world) tryUpdate(body string) (engine.View, error) {
	w.t.Helper()
	_, err := w.Update(context.Background(), aws.Config{}, engine.UpdateInput{
		Name: "demo", Content: engine.Content{Body: body},
	})
	if err != nil {
		return engine.View{}, err
	}
	return w.settled(), nil
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
	for _, v := range slices.Backward(view.Events) {
		if e := v; e.LogicalID == logicalID && e.Status == status {
			return e.Reason
		}
	}
	return "no such event"
}
