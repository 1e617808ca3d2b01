package phase

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Hold proves that a step which takes long is still what its Stage is about: an operator that stood still and was
// replaced must not go on where it stopped, long after what it sends was swept away.
type Hold struct {
	// Ask fails when the Stage is about something else by now.
	Ask func(context.Context) error
	Now func() time.Time

	mu    sync.Mutex
	asked time.Time
}

// Check asks whether the step is still wanted, unless that was asked a moment ago. Nil holds for good.
func (h *Hold) Check(ctx context.Context) error {
	if h == nil {
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	now := h.Now()
	if !release.Expired(h.asked, now) {
		return nil
	}
	if err := h.Ask(ctx); err != nil {
		return fmt.Errorf("before the next write: %w", err)
	}
	h.asked = now
	return nil
}
