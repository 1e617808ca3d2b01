package wire

import (
	"maps"
	"sync"
	"time"
)

// Latencies is the table of injected waits: "service:Operation", "service:*" or "*" to the time a call
// takes before it is executed.
type Latencies struct {
	mu    sync.RWMutex
	table map[string]time.Duration
}

// Set replaces the table; nil means that nothing waits.
func (l *Latencies) Set(table map[string]time.Duration) {
	own := make(map[string]time.Duration, len(table))
	maps.Copy(own, table)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.table = own
}

// Of is the wait of one operation: the most exact entry counts.
func (l *Latencies) Of(service, operation string) time.Duration {
	l.mu.RLock()
	defer l.mu.RUnlock()
	if len(l.table) == 0 {
		return 0
	}
	for _, name := range []string{service + ":" + operation, service + ":*", "*"} {
		if d, ok := l.table[name]; ok {
			return d
		}
	}
	return 0
}
