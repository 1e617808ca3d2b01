package stage

import (
	"context"
	"sync"

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
	done   bool
	// told says that its end was asked for.
	told bool
	run  *release.Run
	err  error
}

func newWork(base context.Context, parallel int) *work {
	return &work{
		base: base, wake: make(chan event.GenericEvent, 1024), slots: make(chan struct{}, parallel), jobs: map[types.UID]*job{},
	}
}

// do begins a job, or tells how it ended. A success is told until it is recorded; a failed job is begun again. Asking for another key
// gives up the job before.
func (w *work) do(
	owner client.Object, key string, perform func(context.Context) (*release.Run, error),
) (run *release.Run, done bool, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	current := w.jobs[owner.GetUID()]
	if current != nil && current.key == key {
		current.told = current.done
		if current.done && current.err != nil {
			delete(w.jobs, owner.GetUID())
		}
		return current.run, current.done, current.err
	}
	if current != nil {
		current.cancel()
	}
	ctx, cancel := context.WithCancel(w.base)
	begun := &job{key: key, cancel: cancel}
	w.jobs[owner.GetUID()] = begun
	stub := &v1alpha1.Stage{}
	stub.SetNamespace(owner.GetNamespace())
	stub.SetName(owner.GetName())
	go w.perform(ctx, begun, stub, perform)
	return nil, false, nil
}

func (w *work) perform(ctx context.Context, j *job, owner client.Object, perform func(context.Context) (*release.Run, error)) {
	defer j.cancel()
	select {
	case w.slots <- struct{}{}:
		defer func() { <-w.slots }()
	case <-ctx.Done():
		return
	}
	run, err := perform(ctx)
	w.mu.Lock()
	j.run, j.err, j.done = run, err, true
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
	if current := w.jobs[uid]; current != nil && current.told {
		delete(w.jobs, uid)
	}
}

// drop gives up what goes on for a Stage.
func (w *work) drop(uid types.UID) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if current := w.jobs[uid]; current != nil {
		current.cancel()
		delete(w.jobs, uid)
	}
}
