package stage

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/time/rate"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
)

const (
	// secretPoll is how often referenced Secrets are read again while something happens with the Stage, and
	// secretPollAtRest is how often after that: they are not watched, for the right to watch a Secret is the right to read
	// all of them.
	secretPoll       = time.Minute
	secretPollAtRest = 10 * time.Minute
	// readsAtRest is how many Stages at rest have their Secrets read each second, all of them together, so that thousands
	// cost no more than that: they are read more seldom.
	readsAtRest = 4
)

// atRest says that there is nothing to do for a Stage, by its status and by what is in the cache, and when it is
// reconciled in full again; zero is never. Until then its Secrets count as what they were, and neither AWS nor the API
// server is asked for anything.
func (r *Reconciler) atRest(ctx context.Context, stage *v1alpha1.Stage) (again time.Duration, rests bool) {
	status := &stage.Status
	if status.Live == nil || status.ObservedGeneration != stage.Generation ||
		!meta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady) {
		return 0, false
	}
	again, due := r.reads.next(client.ObjectKeyFromObject(stage), r.restsFor(stage), r.Now())
	if due {
		return 0, false
	}
	in, err := r.granted(ctx, stage)
	if err != nil {
		return 0, false
	}
	in.ConfigHash = status.Live.ConfigHash
	machine := plan.New(recordedFrom(status), string(stage.UID), r.Limits)
	machine.Now = r.Now()
	machine.Ask(r.askedOf(stage, in))
	return again, machine.Rests()
}

// restsFor is for how long nothing has happened with a Stage.
func (r *Reconciler) restsFor(stage *v1alpha1.Stage) time.Duration {
	if len(stage.Status.Conditions) == 0 {
		return 0
	}
	last := time.Time{}
	for i := range stage.Status.Conditions {
		if changed := stage.Status.Conditions[i].LastTransitionTime.Time; changed.After(last) {
			last = changed
		}
	}
	return r.Now().Sub(last)
}

// reads are the times at which Stages at rest are reconciled in full, and their Secrets read for that.
type reads struct {
	mu     sync.Mutex
	of     map[types.NamespacedName]read
	shared *rate.Limiter
}

type read struct {
	// at is when; zero is never.
	at time.Time
	// inTurn says that it is this Stage's turn then, among all that are at rest.
	inTurn bool
	// busy says that it did not rest when it was last reconciled in full: the cache may not tell that yet.
	busy bool
}

// done records that a Stage was reconciled in full, and gives when it is again; zero is never: it has no Secrets, and
// whatever else it depends on is watched.
func (r *reads) done(
	stage types.NamespacedName, busy, hasSecrets bool, rests time.Duration, now time.Time,
) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !hasSecrets {
		r.set(stage, read{busy: busy})
		return 0
	}
	again := secretPoll
	if rests >= secretPollAtRest {
		again = secretPollAtRest
	}
	again += rand.N(again / 10) //nolint:gosec // spreads load, guards nothing
	r.set(stage, read{at: now.Add(again), busy: busy})
	return again
}

// next gives when a Stage at rest is reconciled in full again, and whether that is now; zero is never. Those that have
// rested for long, and so all that were at rest when the operator was started, have their turn one after another.
func (r *reads) next(stage types.NamespacedName, rests time.Duration, now time.Time) (after time.Duration, due bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	next, known := r.of[stage]
	switch {
	case next.busy:
		return 0, true
	case known && next.at.IsZero():
		return 0, false
	}
	after = next.at.Sub(now)
	if after <= 0 && !next.inTurn && rests >= secretPollAtRest {
		if r.shared == nil {
			r.shared = rate.NewLimiter(readsAtRest, readsAtRest)
		}
		after = r.shared.ReserveN(now, 1).DelayFrom(now)
		r.set(stage, read{at: now.Add(after), inTurn: true})
	}
	return after, after <= 0
}

// set is for whoever holds the lock.
func (r *reads) set(stage types.NamespacedName, next read) {
	if r.of == nil {
		r.of = map[types.NamespacedName]read{}
	}
	r.of[stage] = next
}

// forget drops a Stage that is gone.
func (r *reads) forget(stage types.NamespacedName) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.of, stage)
}
