package release

import "time"

// FenceHolds is how long it counts that an operator has proven to be the one that acts for a Stage. Whoever takes over
// waits for the lease to end, which is longer.
const FenceHolds = 5 * time.Second

// Expired says that a proof of some moment counts no more, by the monotonic clock and by the wall clock: the one stands
// still with a machine that is suspended, and the other may be set.
func Expired(proven, now time.Time) bool {
	return now.Sub(proven) > FenceHolds || now.Round(0).Sub(proven.Round(0)) > FenceHolds
}
