package plan

import (
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

const (
	// maxInterrupted is how often an upload may be interrupted by the operator's end before it is left alone.
	maxInterrupted = 3
	// Pauses before an upload that was interrupted so often is begun again; each is twice the one before.
	firstInterruption   = 10 * time.Minute
	longestInterruption = 6 * time.Hour
)

// Start records that work beside the reconciles is about to begin. The error is a wait: what ends the operator each
// time that it is done must not do so for ever, for everyone. The driver has seen whether the try before ended by
// itself.
func (m *Machine) Start(step release.Step, sawItEnd bool) error {
	run := m.Recorded.Run
	if ActOf(step).Beside != release.PoolUpload || run == nil || run.State != release.RunRunning {
		return nil
	}
	if sawItEnd {
		run.UploadTries = 0
	}
	if times := run.UploadTries - maxInterrupted; times >= 0 {
		pause := min(firstInterruption<<min(times, 16), longestInterruption)
		if wait := run.UploadTriedAt.Add(pause).Sub(m.Now); wait > 0 {
			return release.Wait(SpecOf(step.Phase).Condition, v1alpha1.ReasonUploadInterrupted, wait,
				"the operator ended %d times while image and assets of %s were sent, and tries again at %s: have the "+
					"platform team look why it ended (out of memory or disk?), or push a smaller build under a new tag; to "+
					"try now, annotate the Stage with %s=<any new value>",
				run.UploadTries, run.BuildID, run.UploadTriedAt.Add(pause).UTC().Format(time.RFC3339),
				v1alpha1.AnnotationRetry)
		}
	}
	run.UploadTries, run.UploadTriedAt = run.UploadTries+1, m.Now
	return nil
}

// uninterrupted forgets how often an upload of a run was begun: it has come to an end, or was given up on purpose.
func uninterrupted(run *release.Run) {
	if run != nil {
		run.UploadTries, run.UploadTriedAt = 0, time.Time{}
	}
}
