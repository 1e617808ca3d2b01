// Package work does what takes long beside the reconcile workers: one job for each Stage, in a pool for each kind, of
// which each namespace has a share. What is lost with the process is done again: all of it may be repeated.
package work

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Job is one thing to do for a Stage.
type Job struct {
	Stage types.NamespacedName
	// UID tells Stages of the same name apart.
	UID types.UID
	// Key tells jobs of a Stage apart: the same key is the same job.
	Key  string
	Pool release.Pool
	// Within is how long it may take once it has begun. It is asked again and again: a job learns how much there is to do.
	Within func() time.Duration
	// Do brings something about. It must end soon after its context does.
	Do func(context.Context) (release.Outcome, error)
	// Progress tells how far it has come, also while Do runs; empty where nothing is known.
	Progress fmt.Stringer
}

// State is where a job stands.
type State struct {
	Running bool
	// Begun says that it has begun just now.
	Begun bool
	// Waiting says that it has no slot of its pool yet.
	Waiting bool
	// Reached is what it has brought about so far that others can go on from; nil where there is nothing of that kind.
	Reached *release.Outcome
	// Progress is how far it has come; empty where nothing is known.
	Progress string
	// Failed is how the try before ended that is now tried again; nil the first time.
	Failed error
	// Again is how long it is left alone after a failure.
	Again time.Duration
}

// Failed work is begun again after a pause that doubles with each failure.
const (
	firstPause   = time.Second
	longestPause = 5 * time.Minute
)

// Dispatcher does jobs, one for each Stage.
type Dispatcher struct {
	base  context.Context //nolint:containedctx // the life of the process: a job outlives the reconcile that began it
	now   func() time.Time
	wake  chan event.GenericEvent
	pools map[release.Pool]*pool

	mu   sync.Mutex
	jobs map[types.NamespacedName]*running
}

// running is a job that goes on or has ended.
type running struct {
	Job
	cancel context.CancelFunc
	// ended is closed when the job's goroutine is.
	ended   chan struct{}
	waiting bool
	done    bool
	// told says that its end was asked for.
	told    bool
	reached *release.Outcome
	outcome release.Outcome
	err     error
	// failed is the error of the try before, failures how many there were in a row, and again when it may be begun again.
	failed   error
	failures int
	again    time.Time
}

// New makes a dispatcher whose jobs end with a context.
func New(base context.Context, now func() time.Time) *Dispatcher {
	d := &Dispatcher{
		base: base, now: now, wake: make(chan event.GenericEvent, 1024), pools: map[release.Pool]*pool{},
		jobs: map[types.NamespacedName]*running{},
	}
	for name, slots := range slots {
		d.pools[name] = newPool(name, slots)
	}
	return d
}

// Wakes tells of the Stages whose job has ended, or has brought about what others can go on from.
func (d *Dispatcher) Wakes() <-chan event.GenericEvent { return d.wake }

// Ensure sees to it that a job is done: it begins it, or tells where it stands or how it ended. A success is told until
// it is recorded, a failure until the job is begun again. Another job of the Stage is given up, and its end is awaited.
func (d *Dispatcher) Ensure(job Job) (release.Outcome, State, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.jobs[job.Stage]
	begun := &running{Job: job, ended: make(chan struct{}), waiting: true}
	switch {
	case current == nil:
	case !current.is(job.UID, job.Key):
		current.cancel()
		if !current.hasEnded() {
			return release.Outcome{}, State{Running: true, Progress: "what was given up comes to its end"}, nil
		}
	default:
		news := current.done && !current.told
		current.told = current.done
		if !current.done || current.err == nil || news || d.pause(current) > 0 {
			return current.outcome, d.state(current), current.err
		}
		begun.failed, begun.failures = current.err, current.failures
	}
	var ctx context.Context
	ctx, begun.cancel = context.WithCancel(d.base)
	d.jobs[job.Stage] = begun
	go d.perform(ctx, begun)
	return release.Outcome{}, State{Running: true, Begun: true, Failed: begun.failed}, nil
}

func (r *running) is(uid types.UID, key string) bool { return r.UID == uid && r.Key == key }

func (r *running) hasEnded() bool {
	select {
	case <-r.ended:
		return true
	default:
		return false
	}
}

// soon is the least time after which a job that has failed is asked for again.
const soon = 50 * time.Millisecond

func (d *Dispatcher) pause(r *running) time.Duration { return r.again.Sub(d.now()) }

func (d *Dispatcher) state(r *running) State {
	s := State{Running: !r.done, Waiting: r.waiting, Reached: r.reached, Failed: r.failed, Again: max(d.pause(r), soon)}
	if r.Progress != nil {
		s.Progress = r.Progress.String()
	}
	return s
}

// Reached records what a job that goes on has brought about so far, for others to go on from.
func (d *Dispatcher) Reached(stage types.NamespacedName, uid types.UID, key string, so release.Outcome) {
	d.mu.Lock()
	current := d.jobs[stage]
	goesOn := current != nil && current.is(uid, key) && !current.done
	if goesOn {
		current.reached = &so
	}
	d.mu.Unlock()
	if goesOn {
		d.wakeUp(stage)
	}
}

// Begun says that a job of this key need not be begun: it goes on, has ended well and is not recorded yet, or is left
// alone after a failure. Otherwise it tells how the try before ended; nil where there was none.
func (d *Dispatcher) Begun(stage types.NamespacedName, uid types.UID, key string) (begun bool, failed error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.jobs[stage]
	if current == nil || !current.is(uid, key) {
		return false, nil
	}
	return !current.done || current.err == nil || !current.told || d.pause(current) > 0, current.err
}

// Current gives the key of the job that goes on for a Stage, or has ended and is not recorded yet; empty where there is
// none.
func (d *Dispatcher) Current(stage types.NamespacedName, uid types.UID) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	if current := d.jobs[stage]; current != nil && current.UID == uid {
		return current.Key
	}
	return ""
}

// Recorded forgets a job that has ended well, after how it ended was told and written.
func (d *Dispatcher) Recorded(stage types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if current := d.jobs[stage]; current != nil && current.told && current.err == nil {
		delete(d.jobs, stage)
	}
}

// Stop gives up what goes on for a Stage, but for a job that may go on; false says that it has not come to its end yet.
func (d *Dispatcher) Stop(stage types.NamespacedName, goesOn func(key string) bool) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	current := d.jobs[stage]
	if current == nil || goesOn(current.Key) {
		return true
	}
	current.cancel()
	if !current.hasEnded() {
		return false
	}
	delete(d.jobs, stage)
	return true
}

// Forget gives up what goes on for a Stage that is no more.
func (d *Dispatcher) Forget(stage types.NamespacedName) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if current := d.jobs[stage]; current != nil {
		current.cancel()
		delete(d.jobs, stage)
	}
}

// Ended waits for the jobs of a pool to come to their end, as long as a context lets it, and gives the Stages whose job
// has: for the end of the process, which ends them all.
func (d *Dispatcher) Ended(ctx context.Context, pool release.Pool) (stages []types.NamespacedName) {
	d.mu.Lock()
	jobs := slices.Collect(maps.Values(d.jobs))
	d.mu.Unlock()
	for _, r := range jobs {
		if r.Pool != pool {
			continue
		}
		select {
		case <-r.ended:
			stages = append(stages, r.Stage)
		case <-ctx.Done():
		}
	}
	return stages
}

func (d *Dispatcher) perform(ctx context.Context, r *running) {
	outcome, err := d.inPool(ctx, r)
	r.cancel()
	d.mu.Lock()
	r.outcome, r.err, r.done, r.waiting = outcome, err, true, false
	r.Do = nil                                                    // it may hold much
	if _, waits := release.AsWaiting(err); err != nil && !waits { // a wait says itself when to come back
		r.again = d.now().Add(min(firstPause<<min(r.failures, 16), longestPause))
		r.failures++
	}
	close(r.ended)
	gone := d.jobs[r.Stage] != r
	d.mu.Unlock()
	if !gone {
		d.wakeUp(r.Stage)
	}
}

func (d *Dispatcher) wakeUp(stage types.NamespacedName) {
	stub := &metav1.PartialObjectMetadata{}
	stub.Namespace, stub.Name = stage.Namespace, stage.Name
	select {
	case d.wake <- event.GenericEvent{Object: stub}:
	case <-d.base.Done():
	}
}

// inPool does a job in a slot of its pool.
func (d *Dispatcher) inPool(ctx context.Context, r *running) (release.Outcome, error) {
	pool := d.pools[r.Pool]
	if err := pool.enter(ctx, r.Stage.Namespace); err != nil {
		return release.Outcome{}, err
	}
	defer pool.leave(r.Stage.Namespace)
	d.mu.Lock()
	r.waiting = false
	d.mu.Unlock()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stop := d.limit(ctx, r, cancel)
	defer stop()
	outcome, err := d.recovered(ctx, r)
	if late, ok := errors.AsType[*tooLong](context.Cause(ctx)); ok && err != nil {
		return outcome, release.At(release.ConditionOf(err), late)
	}
	return outcome, err
}

// tooLong says that a job was ended because it took longer than it may.
type tooLong struct{ within time.Duration }

func (t *tooLong) Error() string {
	return fmt.Sprintf("it was not done within %s and is begun again: what it reads from or writes to is too slow",
		t.within)
}

// limitEvery is how often the limit of a job is asked for.
const limitEvery = time.Second

// limit ends a job that takes longer than it may.
func (d *Dispatcher) limit(ctx context.Context, r *running, cancel context.CancelCauseFunc) (stop func()) {
	began, ticks := time.Now(), time.NewTicker(limitEvery)
	go func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks.C:
				if within := r.Within(); time.Since(began) > within {
					cancel(&tooLong{within})
					return
				}
			}
		}
	}()
	return ticks.Stop
}

// recovered does a job, and makes an error of a panic: one job that ends so must not end the others.
func (d *Dispatcher) recovered(ctx context.Context, r *running) (outcome release.Outcome, err error) {
	err = parallel.Recovered(func() (err error) {
		outcome, err = r.Do(ctx)
		return err
	})
	if panicked, ok := errors.AsType[*parallel.Panic](err); ok {
		log.FromContext(d.base).Error(err, "A job panicked", "stage", r.Stage, "job", r.Key, "stack", panicked.Stack)
	}
	return outcome, err
}
