package removal_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/tenant"
)

const keep = time.Hour

// stage is a remover of one stage, on a local AWS of its own whose clock the test moves. Both count by that clock.
type stage struct {
	*tenant.Tenant
	*removal.Remover
	removal.Subject
	t     *testing.T
	clock *wire.ManualClock
	// role of the functions, once there are some.
	role string

	mu sync.Mutex
	// order has each fence and each call that deletes, as they came.
	order []string
}

// newStage runs release r2, has r1 in its history, and has neither functions nor repository nor bucket yet.
func newStage(t *testing.T) *stage {
	t.Helper()
	clock := wire.NewManualClock(time.Now())
	on := tenant.New(t, func(o *localaws.Options) { o.Clock = clock })
	clients, names := on.Access()
	s := &stage{Tenant: on, t: t, clock: clock}
	s.Remover = &removal.Remover{
		Clients: clients, Names: names, Keep: keep, Now: clock.Now,
		Ownership: release.Ownership{Owner: tenant.Owner, NamespaceUID: tenant.NamespaceUID},
		Fence:     func(context.Context) error { s.note("fence"); return nil },
	}
	s.Subject = removal.Subject{
		Desired: &release.Desired{
			ID: "r2", BuildID: "v2", ConfigHash: "c2", Stage: tenant.Key, Owner: tenant.Owner, Names: names,
			Functions: []release.Function{{Name: "http", FullName: names.Prefix + "-http"}},
		},
		Observed: &release.Observed{
			App: &release.Stack{}, Foundation: &release.Stack{}, Aliases: map[string]release.Alias{},
		},
		Recorded: &release.Recorded{
			Live:    &release.Live{ID: "r2", BuildID: "v2", ConfigHash: "c2"},
			History: []release.Live{{ID: "r1", BuildID: "v1", ConfigHash: "c1"}},
		},
	}
	s.Local.Watch(func(call wire.Record) {
		if call.Mutating && deletes(call.Operation) {
			s.note(call.Name())
		}
	})
	return s
}

// deletes says that an operation takes something away.
func deletes(operation string) bool {
	return strings.HasPrefix(operation, "Delete") || strings.HasPrefix(operation, "BatchDelete") ||
		strings.HasPrefix(operation, "Schedule")
}

func (s *stage) note(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.order = append(s.order, what)
}

// noted are the fences and deletions since the last time that they were asked for.
func (s *stage) noted() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	noted := s.order
	s.order = nil
	return noted
}

var sweep = release.Step{Action: release.ActionSweep, Phase: release.PhaseClean}

func (s *stage) remove(step release.Step) error { return s.Remove(s.t.Context(), step, s.Subject) }

// removed performs a step that must succeed.
func (s *stage) removed(step release.Step) {
	s.t.Helper()
	s.Must(s.remove(step))
}

// fails performs a step that must fail with all of these texts.
func (s *stage) fails(step release.Step, texts ...string) {
	s.t.Helper()
	err := s.remove(step)
	if err == nil {
		s.t.Fatal("it succeeded")
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			s.t.Errorf("the error %q does not tell %q", err, text)
		}
	}
}

// later lets an hour pass, so that what was made before is old.
func (s *stage) later() { s.clock.Advance(time.Hour) }
