package plan

import (
	"time"

	"github.com/aloft-dev/aloft/controllers/release"
)

// Trimmed gives the history without the releases that need not be kept: those beyond the number to keep that were
// superseded long enough ago, and those that the status has no room for.
func Trimmed(history []release.Live, keep int32, limits Limits, now time.Time) []release.Live {
	kept := make([]release.Live, 0, len(history))
	for i, old := range history {
		young := now.Sub(old.SupersededAt) < limits.KeepSuperseded
		if i < maxHistory && (i < int(keep) || young) {
			kept = append(kept, old)
		}
	}
	return kept
}
