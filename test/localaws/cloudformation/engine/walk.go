package engine

import (
	"sort"
	"sync"
)

// walker handles the resources of a graph: each after those it needs, independent ones at the same time.
type walker struct {
	needs map[string][]string
	// step handles one resource; false means that it failed.
	step func(name string) bool
	// proceed says whether a resource may still start; nil means always.
	proceed func() bool
	// regardless starts a resource also where one that it needs failed.
	regardless bool

	mu     sync.Mutex
	failed []string
}

// walk returns the names whose step failed, in order. What needs a failed one is not started.
func (w *walker) walk(order []string) []string {
	finished := make(map[string]chan struct{}, len(order))
	good := make(map[string]*bool, len(order))
	for _, name := range order {
		finished[name], good[name] = make(chan struct{}), new(bool)
	}
	var all sync.WaitGroup
	for _, name := range order {
		all.Go(func() {
			defer close(finished[name])
			*good[name] = w.await(name, finished, good) && w.run(name)
		})
	}
	all.Wait()
	sort.Strings(w.failed)
	return w.failed
}

func (w *walker) await(name string, finished map[string]chan struct{}, good map[string]*bool) bool {
	met := true
	for _, need := range w.needs[name] {
		if done, ok := finished[need]; ok {
			<-done
			met = met && (*good[need] || w.regardless)
		}
	}
	return met
}

func (w *walker) run(name string) bool {
	if w.proceed != nil && !w.proceed() {
		return false
	}
	if w.step(name) {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, name)
	return false
}

// reversed turns "needs" into "is needed by", for deletions.
func reversed(needs map[string][]string) map[string][]string {
	neededBy := map[string][]string{}
	for name, list := range needs {
		for _, need := range list {
			neededBy[need] = append(neededBy[need], name)
		}
	}
	return neededBy
}
