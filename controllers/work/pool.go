package work

import (
	"context"
	"slices"
	"sync"

	"github.com/aloft-dev/aloft/controllers/release"
)

// slots are how many jobs of a pool are done at the same time. They wait for others most of the time, and stream what
// they move, so that a slot costs a few MiB.
var slots = map[release.Pool]int{
	release.PoolResolve: 32, release.PoolUpload: 16, release.PoolWarm: 32, release.PoolRemove: 16,
}

// shares is how many namespaces a pool has room for at least: none holds more than its share of the slots, however much
// it asks for.
const shares = 4

// pool gives slots to namespaces: each has at most its share of them, and those that wait have their turn one after
// another.
type pool struct {
	name  release.Pool
	share int

	mu   sync.Mutex
	free int
	// held are the slots that a namespace holds.
	held map[string]int
	// waiting by namespace, and the namespaces in the order of their turns.
	waiting map[string][]chan struct{}
	turns   []string
}

func newPool(name release.Pool, slots int) *pool {
	return &pool{
		name: name, share: max(1, slots/shares), free: slots, held: map[string]int{}, waiting: map[string][]chan struct{}{},
	}
}

// enter waits for a slot. The error is the context's: the job was given up before it had one.
func (p *pool) enter(ctx context.Context, namespace string) error {
	waiting := jobs.WithLabelValues(string(p.name), jobWaiting)
	waiting.Inc()
	defer waiting.Dec()
	turn := p.queue(namespace)
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
		p.giveUp(namespace, turn)
		return ctx.Err()
	}
}

// queue puts someone at the end of a namespace's queue, whose turn is told by closing what is given back.
func (p *pool) queue(namespace string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	turn := make(chan struct{})
	if len(p.waiting[namespace]) == 0 {
		p.turns = append(p.turns, namespace)
	}
	p.waiting[namespace] = append(p.waiting[namespace], turn)
	p.serve()
	return turn
}

// giveUp takes someone out of a queue, or gives the slot back that was given to them meanwhile.
func (p *pool) giveUp(namespace string, turn chan struct{}) {
	p.mu.Lock()
	defer p.mu.Unlock()
	queue := p.waiting[namespace]
	i := slices.Index(queue, turn)
	if i < 0 {
		p.release(namespace)
		return
	}
	p.dequeue(namespace, i)
}

// dequeue takes one out of a namespace's queue, and the namespace out of the turns when nobody waits there any more.
func (p *pool) dequeue(namespace string, i int) {
	p.waiting[namespace] = slices.Delete(p.waiting[namespace], i, i+1)
	if len(p.waiting[namespace]) == 0 {
		delete(p.waiting, namespace)
		p.turns = slices.DeleteFunc(p.turns, func(other string) bool { return other == namespace })
	}
}

// leave gives a slot back.
func (p *pool) leave(namespace string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(namespace)
}

func (p *pool) release(namespace string) {
	jobs.WithLabelValues(string(p.name), jobRunning).Dec()
	p.free++
	if p.held[namespace]--; p.held[namespace] == 0 {
		delete(p.held, namespace)
	}
	p.serve()
}

// serve gives free slots to those whose turn it is.
func (p *pool) serve() {
	for p.free > 0 {
		i := slices.IndexFunc(p.turns, func(namespace string) bool { return p.held[namespace] < p.share })
		if i < 0 {
			return
		}
		namespace := p.turns[i]
		p.turns = append(slices.Delete(p.turns, i, i+1), namespace)
		turn := p.waiting[namespace][0]
		p.dequeue(namespace, 0)
		p.free--
		p.held[namespace]++
		jobs.WithLabelValues(string(p.name), jobRunning).Inc()
		close(turn)
	}
}
