package environment

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// Pool is the environments of one version.
type Pool struct {
	host     *Host
	function *Function

	mu     sync.Mutex
	idle   []*environment
	all    map[*environment]bool
	closed bool
	// leaving are in their shutdown phase.
	leaving map[*environment]bool
}

// NewPool makes a pool without environments.
func NewPool(host *Host, function *Function) *Pool {
	return &Pool{host: host, function: function, all: map[*environment]bool{}, leaving: map[*environment]bool{}}
}

// release lets an idle environment end in its shutdown phase; callers hold the lock.
func (p *Pool) release(e *environment) {
	delete(p.all, e)
	p.leaving[e] = true
	go func() {
		e.shutDown()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.leaving, e)
	}()
}

// Gone says that the pool was retired and nothing runs in it. An invocation that began before may still come.
func (p *Pool) Gone() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.closed && len(p.all)+len(p.leaving) == 0
}

// Size is how many environments the pool has, busy ones included.
func (p *Pool) Size() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.all)
}

// take gives the environment that was busy last, so that the others may grow old.
func (p *Pool) take() *environment {
	p.mu.Lock()
	defer p.mu.Unlock()
	for len(p.idle) > 0 {
		e := p.idle[len(p.idle)-1]
		p.idle = p.idle[:len(p.idle)-1]
		e.idle.Stop()
		if !e.gone() {
			return e
		}
		delete(p.all, e)
	}
	return nil
}

func (p *Pool) start() (*environment, error) {
	e, err := begin(p.host, p.function)
	if err != nil {
		return nil, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[e] = true
	return e, nil
}

// put keeps an environment for the next invocation, unless its version is gone.
func (p *Pool) put(e *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || e.gone() {
		p.release(e)
		return
	}
	p.idle = append(p.idle, e)
	e.idle = time.AfterFunc(p.host.Idle, func() { p.reap(e) })
}

// reap ends an environment that nobody took in time.
func (p *Pool) reap(old *environment) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, e := range p.idle {
		if e == old {
			p.idle = append(p.idle[:i:i], p.idle[i+1:]...)
			p.release(e)
			return
		}
	}
}

func (p *Pool) discard(e *environment) {
	e.end()
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.all, e)
}

// Retire ends the idle environments now and the busy ones after their invocation.
func (p *Pool) Retire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	for _, e := range p.idle {
		e.idle.Stop()
		p.release(e)
	}
	p.idle = nil
}

// Kill ends every environment at once and waits until they are gone.
func (p *Pool) Kill() {
	p.Retire()
	p.mu.Lock()
	left := slices.AppendSeq(slices.Collect(maps.Keys(p.all)), maps.Keys(p.leaving))
	p.mu.Unlock()
	for _, e := range left {
		e.process.Kill()
	}
	for _, e := range left {
		<-e.process.Exited
	}
}
