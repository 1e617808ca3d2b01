package stage

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// work does what takes long (uploads, warming) beside the reconcile workers, one thing for each Stage, and wakes the Stage when
// it is done. What is lost with the process is done again: all of it may be repeated.
type work struct {
	base context.Context //nolint:containedctx // the life of the process: work outlives the reconcile that began it
	now  func() time.Time
	wake chan event.GenericEvent
	// slots bound what moves at the same time.
	slots chan struct{}

	mu   sync.Mutex
	jobs map[types.UID]*job
}

// job is one thing that goes on or is done.
type job struct {
	key    string
	cancel context.CancelFunc
	// ended is closed when the job's goroutine is.
	ended chan struct{}
	done  bool
	// told says that its end was asked for.
	told bool
	run  *release.Run
	err  error
	// failures in a row, and when it may be begun again after them.
	failures int
	again    time.Time
}

// state is where a job stands.
type state struct {
	running bool
	// again is how long it is left alone after a failure.
	again time.Duration
}

// Failed work is begun again after a pause that doubles with each failure.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

func newWork(base context.Context, parallel int, now func() time.Time) *work {
	return &work{
		base: base, now: now, wake: make(chan event.GenericEvent, 1024), slots: make(chan struct{}, parallel), jobs: map[types.UID]*job{},
	}
}

// do begins a job, or tells how it ended. A success is told until it is recorded, a failure until it is begun again. Asking for
// another key gives up the job before.
func (w *work) do(
	owner client.Object, key string, perform func(context.Context) (*release.Run, error),
) (*release.Run, state, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[owner.GetUID()]
	failures := 0
	if current != nil && current.key == key {
		news := current.done && !current.told
		current.told = current.done
		pause := current.again.Sub(w.now())
		if !current.done || current.err == nil || news || pause > 0 {
			return current.run, state{running: !current.done, again: max(pause, conflictPoll)}, current.err
		}
		failures = current.failures
	}
	if current != nil {
		current.cancel()
	}
	ctx, cancel := context.WithCancel(w.base)
	begun := &job{key: key, cancel: cancel, ended: make(chan struct{}), failures: failures}
	w.jobs[owner.GetUID()] = begun
	stub := &v1alpha1.Stage{}
	stub.SetNamespace(owner.GetNamespace())
	stub.SetName(owner.GetName())
	go w.perform(ctx, begun, stub, perform)
	return nil, state{running: true}, nil
}

func (w *work) perform(ctx context.Context, j *job, owner client.Object, perform func(context.Context) (*release.Run, error)) {
	defer close(j.ended)
	defer j.cancel()
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		w.mu.Lock()
		j.err, j.done = ctx.Err(), true
		w.mu.Unlock()
		return
	}
	run, err := perform(ctx)
	w.mu.Lock()
	j.run, j.err, j.done = run, err, true
	if _, waits := release.AsWaiting(err); err != nil && !waits { // a wait says itself when to come back
		j.again = w.now().Add(min(firstPause<<min(j.failures, 16), longestPause))
		j.failures++
	}
	w.mu.Unlock()
	select {
	case w.wake <- event.GenericEvent{Object: owner}:
	case <-w.base.Done():
	}
}

// recorded forgets a job that has ended, after how it ended was told and written.
func (w *work) recorded(uid types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if current := w.jobs[uid]; current != nil && current.told && current.err == nil {
		delete(w.jobs, uid)
	}
}

// stop gives up what goes on for a Stage; false says that it has not come to its end yet.
func (w *work) stop(uid types.UID) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[uid]
	if current == nil {
		return true
	}
	current.cancel()
	select {
	case <-current.ended:
		delete(w.jobs, uid)
		return true
	default:
		return false
	}
}
