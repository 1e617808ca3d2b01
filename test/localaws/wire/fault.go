package wire

import (
	"sync"
	"time"
)

// FaultKind is how a call goes wrong.
type FaultKind string

// The kinds of faults. Those before execution leave no trace in the service; FaultLoseAnswer does.
const (
	// FaultError answers with Fault.Error and does not execute (throttling, 5xx, access denied).
	FaultError FaultKind = "error"
	// FaultDropBefore resets the connection and does not execute.
	FaultDropBefore FaultKind = "drop-before"
	// FaultLoseAnswer executes, then resets the connection: the caller cannot know.
	FaultLoseAnswer FaultKind = "lose-answer"
	// FaultErrorAfter executes, then answers with Fault.Error (a 500 after the deed).
	FaultErrorAfter FaultKind = "error-after"
	// FaultDelay waits Fault.Delay before executing.
	FaultDelay FaultKind = "delay"
)

// Fault is one thing that shall go wrong, and for which calls.
type Fault struct {
	// Call is "service:Operation", "service:*", or empty for every call.
	Call string
	// Match narrows further; nil fits every call. It must not call the local AWS.
	Match func(*Call) bool
	Kind  FaultKind
	// Error is the answer of FaultError and FaultErrorAfter.
	Error *Error
	// Delay is the wait of FaultDelay, on the local AWS's clock.
	Delay time.Duration
	// Skip lets that many fitting calls pass first.
	Skip int
	// Times is how many calls it hits; 0 means all.
	Times int
}

// Faults is the fault hook of a local AWS.
type Faults struct {
	mu     sync.Mutex
	active []*Fault
}

// Inject arms a fault and returns what disarms it. The first fitting fault counts.
func (f *Faults) Inject(fault Fault) (remove func()) {
	own := &fault
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = append(f.active, own)
	return func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		f.drop(own)
	}
}

// Clear disarms everything.
func (f *Faults) Clear() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.active = nil
}

// take finds the fault that hits this call; its kind is empty for none.
func (f *Faults) take(call *Call) Fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, fault := range f.active {
		if !fault.fits(call) {
			continue
		}
		if fault.Skip > 0 {
			fault.Skip--
			continue
		}
		hit := *fault
		if fault.Times > 0 {
			fault.Times--
			if fault.Times == 0 {
				f.drop(fault)
			}
		}
		return hit
	}
	return Fault{}
}

// drop removes a fault from a fresh list, for take ranges over the old one; callers hold the lock.
func (f *Faults) drop(gone *Fault) {
	kept := make([]*Fault, 0, len(f.active))
	for _, fault := range f.active {
		if fault != gone {
			kept = append(kept, fault)
		}
	}
	f.active = kept
}

func (f *Fault) fits(call *Call) bool {
	if f.Call != "" && f.Call != call.Service+":"+call.Operation && f.Call != call.Service+":*" {
		return false
	}
	return f.Match == nil || f.Match(call)
}
