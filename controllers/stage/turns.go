package stage

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// parallelStacks is how many stacks of an account and region are operated on at the same time: CloudFormation's own
	// calls count to the account's quotas, and what they are throttled for is rolled back. A namespace has half of them.
	parallelStacks  = 10
	namespaceStacks = parallelStacks / 2
	// turnPoll is when a Stage asks again for its turn.
	turnPoll = 5 * time.Second
	// turnLasts is when a turn, or a place in the queue, ends that nobody gave back.
	turnLasts = time.Hour
)

// turns bounds the stack operations of an account. Those who wait have their turn in the order in which they came, but
// those of a namespace that has fewer come first.
type turns struct {
	mu sync.Mutex
	// held are the turns, and queued who waits for one, each with its account and region.
	held   map[types.NamespacedName]turn
	queued []turn
}

type turn struct {
	stage   types.NamespacedName
	account string
	since   time.Time
}

// take gives a Stage its turn, or a place in the queue. A Stage that has a turn keeps it.
func (t *turns) take(account string, stage types.NamespacedName, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	if _, has := t.held[stage]; has || t.ready(account, stage) {
		t.hold(account, stage, now)
		return true
	}
	if !slices.ContainsFunc(t.queued, func(q turn) bool { return q.stage == stage }) {
		t.queued = append(t.queued, turn{stage, account, now})
	}
	return false
}

// waits says that a Stage is in the queue, and that its turn has not come.
func (t *turns) waits(stage types.NamespacedName, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.expire(now)
	i := slices.IndexFunc(t.queued, func(q turn) bool { return q.stage == stage })
	return i >= 0 && !t.ready(t.queued[i].account, stage)
}

// ready says that there is room for a Stage, when those in the queue whose turn comes first have theirs: those of the
// namespace that has the fewest, in the order in which they came.
func (t *turns) ready(account string, stage types.NamespacedName) bool {
	held, own := 0, map[string]int{}
	for _, h := range t.held {
		if h.account == account {
			held++
			own[h.stage.Namespace]++
		}
	}
	waiting := slices.DeleteFunc(slices.Clone(t.queued), func(q turn) bool { return q.account != account })
	if !slices.ContainsFunc(waiting, func(q turn) bool { return q.stage == stage }) {
		waiting = append(waiting, turn{stage: stage})
	}
	for ; held < parallelStacks && len(waiting) > 0; held++ {
		next := 0
		for i := range waiting {
			if own[waiting[i].stage.Namespace] < own[waiting[next].stage.Namespace] {
				next = i
			}
		}
		namespace := waiting[next].stage.Namespace
		switch {
		case own[namespace] >= namespaceStacks:
			return false
		case waiting[next].stage == stage:
			return true
		}
		own[namespace]++
		waiting = slices.Delete(waiting, next, next+1)
	}
	return false
}

// hold records that a Stage has a turn, also one that it took before the operator was started.
func (t *turns) hold(account string, stage types.NamespacedName, now time.Time) {
	if t.held == nil {
		t.held = map[types.NamespacedName]turn{}
	}
	t.held[stage] = turn{stage, account, now}
	t.queued = slices.DeleteFunc(t.queued, func(q turn) bool { return q.stage == stage })
}

func (t *turns) expire(now time.Time) {
	for stage, held := range t.held {
		if now.Sub(held.since) > turnLasts {
			delete(t.held, stage)
		}
	}
	t.queued = slices.DeleteFunc(t.queued, func(q turn) bool { return now.Sub(q.since) > turnLasts })
}

// note records what was seen of a Stage's stack.
func (t *turns) note(account string, stage types.NamespacedName, inProgress bool, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if inProgress {
		t.hold(account, stage, now)
	} else {
		delete(t.held, stage)
	}
}

// end gives up a Stage's turn and its place in the queue.
func (t *turns) end(stage types.NamespacedName) {
	t.leave(stage)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.held, stage)
}

// leave gives up a place in the queue, whose Stage has no need of a turn any more.
func (t *turns) leave(stage types.NamespacedName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queued = slices.DeleteFunc(t.queued, func(q turn) bool { return q.stage == stage })
}

// awaitTurn leaves a Stage alone that is in the queue: nothing is looked at until its turn comes. What has to be
// finished, or nothing any more, needs no turn.
func (s *session) awaitTurn() error {
	m := s.machine
	if m.Asked.Unprepared != nil || !s.r.turns.waits(client.ObjectKeyFromObject(s.stage), s.r.Now()) {
		return nil
	}
	return s.noTurn(m.Phase(nil))
}

// takeTurn takes a turn before a stack is operated on.
func (s *session) takeTurn(ctx context.Context, step release.Step) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if s.r.turns.take(s.accountKey(), client.ObjectKeyFromObject(s.stage), s.r.Now()) {
		return nil
	}
	return s.noTurn(step.Phase)
}

func (s *session) noTurn(phase release.Phase) error {
	s.queues = true
	return release.Wait(firstCondition(release.Step{Phase: phase}), v1alpha1.ReasonStackBusy, turnPoll,
		"%d stacks of the account are operated on at the same time: this one's turn comes when another has ended",
		parallelStacks)
}

// noteTurn keeps or ends the Stage's turn by what was seen of a stack.
func (s *session) noteTurn(part release.Part) {
	inProgress := s.machine.Observed.Stack(part).InProgress()
	s.r.turns.note(s.accountKey(), client.ObjectKeyFromObject(s.stage), inProgress, s.r.Now())
}

func (s *session) accountKey() string { return s.clients.Account + "/" + s.clients.Region }
