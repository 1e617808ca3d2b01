package stage

import (
	"context"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
)

// work does what takes long (uploads, warming) beside the reconcile workers, one thing for each Stage, and wakes the
// Stage when it is done. What is lost with the process is done again: all of it may be repeated.
type work struct {
	base context.Context //nolint:containedctx // the life of the process: work outlives the reconcile that began it
	now  func() time.Time
	wake chan event.GenericEvent
	// slots bound what moves at the same time.
	slots chan struct{}

	mu   sync.Mutex
	jobs map[types.UID]*job
}

// perform does what takes long, and tells how far it has come.
type perform func(context.Context, *phase.Progress) (release.Outcome, error)

// job is one thing that goes on or is done.
type job struct {
	key    string
	cancel context.CancelFunc
	// ended is closed when the job's goroutine is.
	ended chan struct{}
	done  bool
	// told says that its end was asked for.
	told     bool
	outcome  release.Outcome
	err      error
	progress *phase.Progress
	// failures in a row, and when it may be begun again after them.
	failures int
	again    time.Time
}

// state is where a job stands.
type state struct {
	running bool
	// progress is how far it has come; empty where nothing is known.
	progress string
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
		base: base, now: now, wake: make(chan event.GenericEvent, 1024), slots: make(chan struct{}, parallel),
		jobs: map[types.UID]*job{},
	}
}

// do begins a job, or tells how it ended. A success is told until it is recorded, a failure until it is begun again.
// Asking for another key gives up the job before.
func (w *work) do(
	owner client.Object, key string, perform perform,
) (release.Outcome, state, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[owner.GetUID()]
	failures := 0
	if current != nil && current.key == key {
		news := current.done && !current.told
		current.told = current.done
		pause := current.again.Sub(w.now())
		if !current.done || current.err == nil || news || pause > 0 {
			now := state{running: !current.done, progress: current.progress.String(), again: max(pause, conflictPoll)}
			return current.outcome, now, current.err
		}
		failures = current.failures
	}
	if current != nil {
		current.cancel()
	}
	ctx, cancel := context.WithCancel(w.base)
	begun := &job{key: key, cancel: cancel, ended: make(chan struct{}), progress: &phase.Progress{}, failures: failures}
	w.jobs[owner.GetUID()] = begun
	stub := &v1alpha1.Stage{}
	stub.SetNamespace(owner.GetNamespace())
	stub.SetName(owner.GetName())
	go w.perform(ctx, begun, stub, perform)
	return release.Outcome{}, state{running: true}, nil
}

// has says that a job was begun, and that how it ended was not recorded yet.
func (w *work) has(owner types.UID, key string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[owner]
	return current != nil && current.key == key && (!current.done || current.err == nil)
}

// enter waits for a slot; false says that the job was given up before it had one.
func (w *work) enter(ctx context.Context) bool {
	waiting := workJobs.WithLabelValues(jobWaiting)
	waiting.Inc()
	defer waiting.Dec()
	select {
	case w.slots <- struct{}{}:
		return true
	case <-ctx.Done():
		return false
	}
}

func (w *work) perform(ctx context.Context, j *job, owner client.Object, perform perform) {
	defer close(j.ended)
	defer j.cancel()
	if !w.enter(ctx) {
		w.mu.Lock()
		j.err, j.done = ctx.Err(), true
		w.mu.Unlock()
		return
	}
	defer func() { <-w.slots }()
	running := workJobs.WithLabelValues(jobRunning)
	running.Inc()
	defer running.Dec()
	outcome, err := perform(ctx, j.progress)
	w.mu.Lock()
	j.outcome, j.err, j.done = outcome, err, true
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

// stop gives up what goes on for a Stage, but for a job that may go on; false says that it has not come to its end yet.
func (w *work) stop(uid types.UID, goesOn string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[uid]
	if current == nil || current.key == goesOn {
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
