package image

import "sync"

// budget is what all readings of images together may take of the operator's memory and disk, in bytes. Nothing waits
// for it: who has taken a part would wait for others who have too. What does not fit is given up whole and begun again
// later.
type budget struct {
	mu           sync.Mutex
	memory, disk int64
}

const (
	defaultMemoryBytes = 256 << 20
	defaultDiskBytes   = 8 << 30
)

// share is what one holder has of a budget. It is used by one goroutine at a time.
type share struct {
	of           *budget
	memory, disk int64
}

// take adds to a share; ErrBusy says that others have what is missing.
func (s *share) take(memory, disk int64) error {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	if memory > s.of.memory || disk > s.of.disk {
		return &failure{kinds: []error{ErrBusy}, message: "the operator has no room for more assets until those of other " +
			"Stages are sent"}
	}
	s.of.memory -= memory
	s.of.disk -= disk
	s.memory += memory
	s.disk += disk
	return nil
}

// release gives everything back. It may be repeated.
func (s *share) release() {
	s.of.mu.Lock()
	defer s.of.mu.Unlock()
	s.of.memory += s.memory
	s.of.disk += s.disk
	s.memory, s.disk = 0, 0
}
