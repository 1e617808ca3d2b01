package lambda

import (
	"context"
	"sync"
)

// once makes something once for each key: whoever asks meanwhile waits for whoever came first. A failure is not kept: the
// next one tries again.
type once[V any] struct {
	mu   sync.Mutex
	made map[string]*making[V]
}

type making[V any] struct {
	done  chan struct{}
	value V
	err   error
}

func (o *once[V]) get(ctx context.Context, key string, do func() (V, error)) (V, error) {
	o.mu.Lock()
	m := o.made[key]
	if m == nil {
		m = &making[V]{done: make(chan struct{})}
		if o.made == nil {
			o.made = map[string]*making[V]{}
		}
		o.made[key] = m
		o.mu.Unlock()
		m.value, m.err = do()
		if m.err != nil {
			o.mu.Lock()
			delete(o.made, key)
			o.mu.Unlock()
		}
		close(m.done)
		return m.value, m.err
	}
	o.mu.Unlock()
	select {
	case <-m.done:
		return m.value, m.err
	case <-ctx.Done():
		var none V
		return none, ctx.Err()
	}
}
