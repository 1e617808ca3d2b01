package engine

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/google/uuid"

	"github.com/aloft-dev/aloft/test/localaws/cloudformation/resource"
)

// Options configure an engine.
type Options struct {
	Account, Region, Partition, URLSuffix string
	Types                                 resource.Registry
	// Now is the clock of events.
	Now func() time.Time
	// Assume gives a configuration that acts as the stack's role.
	Assume func(ctx context.Context, roleARN string) (aws.Config, error)
	// Settle is how long resources of a type take beyond their service's own time, by type name.
	Settle map[string]time.Duration
	// ChangeSetTime is how long a change set stays in CREATE_PENDING.
	ChangeSetTime time.Duration
}

// Engine holds the stacks of one account and region.
type Engine struct {
	options Options

	mu     sync.Mutex
	stacks []*Stack
	ctx    context.Context
	stop   context.CancelFunc
	work   sync.WaitGroup
}

// New makes an engine without stacks.
func New(options Options) *Engine {
	if options.Now == nil {
		options.Now = time.Now
	}
	if options.Partition == "" {
		options.Partition, options.URLSuffix = "aws", "amazonaws.com"
	}
	e := &Engine{options: options}
	e.ctx, e.stop = context.WithCancel(context.Background())
	return e
}

// Close stops the running operations where they are and waits for them.
func (e *Engine) Close() {
	e.stop()
	e.work.Wait()
}

// Settled waits until no operation runs, for tests that must not poll.
func (e *Engine) Settled() { e.work.Wait() }

func (e *Engine) background(work func()) {
	e.work.Go(func() {
		work()
	})
}

func (e *Engine) arn(rest string) string {
	return fmt.Sprintf("arn:%s:cloudformation:%s:%s:%s", e.options.Partition, e.options.Region, e.options.Account, rest)
}

// find returns the stack of an id, or the live stack of a name; the caller holds the lock.
func (e *Engine) find(nameOrID string) *Stack {
	for _, s := range e.stacks {
		if s.ID == nameOrID || (s.Name == nameOrID && s.Status != DeleteComplete) {
			return s
		}
	}
	return nil
}

// existing is find with the error that most operations give.
func (e *Engine) existing(nameOrID string) (*Stack, error) {
	if s := e.find(nameOrID); s != nil {
		return s, nil
	}
	return nil, invalid("Stack [%s] does not exist", nameOrID)
}

// newStack registers a stack; the caller holds the lock.
func (e *Engine) newStack(name string) *Stack {
	s := &Stack{
		ID: e.arn("stack/" + name + "/" + uuid.NewString()), Name: name, Created: e.options.Now(),
		Resources: map[string]*Resource{}, tokens: map[string]tokenUse{},
	}
	e.stacks = append(e.stacks, s)
	return s
}

// Stack describes one stack by name or id; a deleted one only by id.
func (e *Engine) Stack(nameOrID string) (View, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := e.find(nameOrID)
	if s == nil {
		return View{}, invalid("Stack with id %s does not exist", nameOrID)
	}
	return s.view(), nil
}

// Stacks describes all stacks, the newest first, the deleted ones included.
func (e *Engine) Stacks() []View {
	e.mu.Lock()
	defer e.mu.Unlock()
	views := make([]View, 0, len(e.stacks))
	for _, s := range e.stacks {
		views = append(views, s.view())
	}
	sort.SliceStable(views, func(i, j int) bool { return views[i].Created.After(views[j].Created) })
	return views
}

// setStatus moves the stack to a status and records the event; the caller holds the lock.
func (e *Engine) setStatus(s *Stack, status Status, reason, token string) {
	s.Status, s.Reason = status, reason
	e.record(s, Event{LogicalID: s.Name, PhysicalID: s.ID, Type: StackType, Status: status, Reason: reason, Token: token})
}

// record appends an event; the caller holds the lock.
func (e *Engine) record(s *Stack, event Event) {
	event.ID, event.StackID, event.StackName, event.Time = uuid.NewString(), s.ID, s.Name, e.options.Now()
	if n := len(s.Operations); n > 0 {
		event.Operation = s.Operations[n-1].ID
	}
	if event.Type != StackType {
		event.ID = fmt.Sprintf("%s-%s-%s", event.LogicalID, event.Status, event.Time.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	s.Events = append(s.Events, event)
}

// pseudo are the pseudo parameters of a stack.
func (e *Engine) pseudo(s *Stack) map[string]string {
	return map[string]string{
		"AWS::AccountId": e.options.Account, "AWS::Region": e.options.Region, "AWS::Partition": e.options.Partition,
		"AWS::URLSuffix": e.options.URLSuffix, "AWS::StackId": s.ID, "AWS::StackName": s.Name, "AWS::NotificationARNs": "",
	}
}

// list writes names the way AWS's messages do.
func list(names []string) string { return "[" + strings.Join(names, ", ") + "]" }
