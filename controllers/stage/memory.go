package stage

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/controllers/release"
)

// memory holds what was seen of the stacks of Stages whose run goes on, so that each reconcile of a run need not look
// at the same again. It is lost with the process, and then it is looked at again.
type memory struct {
	mu   sync.Mutex
	seen map[types.NamespacedName]seenStacks
}

// seenStacks are the stacks of one run: the foundation stack, which nothing of a run changes once it is as it should
// be, and the application stack when its template was last read.
type seenStacks struct {
	uid             types.UID
	run             string
	foundation, app *release.Stack
	// foundationAt is when the foundation stack was looked at.
	foundationAt time.Time
}

// foundationHolds is for how long a foundation counts as what it was: somebody may take it over, or delete it.
const foundationHolds = time.Minute

func (m *memory) recall(stage types.NamespacedName, uid types.UID, run string) seenStacks {
	m.mu.Lock()
	defer m.mu.Unlock()
	if seen := m.seen[stage]; seen.uid == uid && seen.run == run {
		return seen
	}
	return seenStacks{uid: uid, run: run}
}

func (m *memory) keep(stage types.NamespacedName, seen seenStacks) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.seen == nil {
		m.seen = map[types.NamespacedName]seenStacks{}
	}
	m.seen[stage] = seen
}

func (m *memory) forget(stage types.NamespacedName) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.seen, stage)
}

// recallStacks gives the machine what is known of its run's stacks.
func (s *session) recallStacks() {
	m := s.machine
	run := m.Recorded.Run
	if run == nil {
		return
	}
	s.seen = s.r.memory.recall(client.ObjectKeyFromObject(s.stage), s.stage.UID, run.ID)
	if run.State == release.RunRunning && run.Phase(release.PhaseFoundation).State == release.PhaseSucceeded &&
		s.r.Now().Sub(s.seen.foundationAt) < foundationHolds {
		m.Observed.Foundation = s.seen.foundation
	}
}

// keepStack keeps what was seen of a stack that nothing goes on with.
func (s *session) keepStack(part release.Part) {
	stack, run := s.machine.Observed.Stack(part), s.machine.Recorded.Run
	if run == nil || !stack.Exists || stack.Foreign != "" || stack.Adopted || stack.InProgress() {
		return
	}
	if s.seen.run != run.ID {
		s.seen = seenStacks{uid: s.stage.UID, run: run.ID}
	}
	switch {
	case part == release.PartFoundation:
		s.seen.foundation, s.seen.foundationAt = stack, s.r.Now()
	case len(stack.Template) > 0:
		s.seen.app = stack
	}
	s.r.memory.keep(client.ObjectKeyFromObject(s.stage), s.seen)
}

// forgetStack forgets a stack that is operated on.
func (s *session) forgetStack(part release.Part) {
	if part == release.PartFoundation {
		s.seen.foundation = nil
		s.r.memory.keep(client.ObjectKeyFromObject(s.stage), s.seen)
	}
}

// forgetStacks frees what is known once there is no run to know it for.
func (s *session) forgetStacks(outcome error) {
	if _, waits := release.AsWaiting(outcome); !waits || s.machine.Asked.Unprepared != nil {
		s.r.memory.forget(client.ObjectKeyFromObject(s.stage))
	}
}
