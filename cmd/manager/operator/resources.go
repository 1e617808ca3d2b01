package operator

import (
	"os"
	"runtime/debug"
)

// Resources are what the pod may take, in bytes; zero is not known.
type Resources struct {
	Memory, Disk int64
}

// budget gives the shares of the pod that all images which are read at the same time may take for their assets: a
// quarter of its memory, the rest being for the Stages and the garbage of both; and four fifths of its disk, the rest
// being for the logs. Zero leaves it to the client's own bounds.
func (r Resources) budget() (memory, disk int64) { return r.Memory / 4, r.Disk / 5 * 4 }

// soft is the memory at which the collector of garbage begins to work harder, before the kernel ends the process.
func (r Resources) soft() int64 { return r.Memory / 10 * 9 }

// collectAt is by how many percent of what is live the heap grows before garbage is collected. Most of what is live are
// Stages at rest, which make none: half of Go's own 100 takes a quarter less memory and hardly more of a core.
const collectAt = 50

// apply lets the process keep within its memory, unless GOMEMLIMIT and GOGC say already what that is to be.
func (r Resources) apply() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(collectAt)
	}
	if r.Memory > 0 && os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(r.soft())
	}
}
