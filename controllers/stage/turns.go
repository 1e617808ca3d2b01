package stage

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// parallelStacks is how many stacks of an account and region are operated on at the same time: CloudFormation's own
	// calls count to the account's quotas, and what they are throttled for is rolled back.
	parallelStacks = 10
	// turnPoll is when a Stage asks again for its turn.
	turnPoll = 5 * time.Second
	// turnLasts is when a turn ends that nobody gave back.
	turnLasts = time.Hour
)

// turns bounds the stack operations of an account.
type turns struct {
	mu sync.Mutex
	// held by the Stages of an account and region, and since when.
	held map[string]map[types.UID]time.Time
}

// take gives a Stage its turn, or says that it has none yet. A Stage that has one keeps it.
func (t *turns) take(account string, stage types.UID, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	held := t.held[account]
	for other, since := range held {
		if now.Sub(since) > turnLasts {
			delete(held, other)
		}
	}
	if _, has := held[stage]; !has && len(held) >= parallelStacks {
		return false
	}
	if held == nil {
		if t.held == nil {
			t.held = map[string]map[types.UID]time.Time{}
		}
		held = map[types.UID]time.Time{}
		t.held[account] = held
	}
	held[stage] = now
	return true
}

// end gives a turn back.
func (t *turns) end(account string, stage types.UID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.held[account], stage)
	if len(t.held[account]) == 0 {
		delete(t.held, account)
	}
}

// takeTurn waits until the Stage may operate on a stack. Once its aliases have moved nothing holds it up.
func (s *session) takeTurn(step release.Step) error {
	if step.Phase == release.PhaseActivate || s.r.turns.take(s.accountKey(), s.stage.UID, s.r.Now()) {
		return nil
	}
	return release.Wait(step.Stack.Condition, v1alpha1.ReasonStackBusy, turnPoll,
		"%d stacks of the account are operated on at the same time: the turn of stack %s comes when one of them has ended",
		parallelStacks, step.Stack.Name)
}

// endTurn gives the Stage's turn back when its stacks are seen at rest.
func (s *session) endTurn() {
	for _, stack := range []*release.Stack{s.machine.Observed.App, s.machine.Observed.Foundation} {
		if stack.InProgress() {
			return
		}
	}
	if s.clients != nil {
		s.r.turns.end(s.accountKey(), s.stage.UID)
	}
}

func (s *session) accountKey() string { return s.clients.Account + "/" + s.clients.Region }
