package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// returnToLive gives up the run of another release, because what is live is asked for. No command runs.
func returnToLive(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	if run == nil || run.ReleaseID == m.Desired.ID || run.MustFinish() {
		return next()
	}
	if stop, err := quiet(m); err != nil || stop.Action != "" {
		return stop, err
	}
	return step(release.ActionReturn, release.PhaseClean)
}

func finished(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	if m.Recorded.Live.Cleaned && (run == nil || run.State == release.RunSucceeded) {
		return step(release.ActionDone, "")
	}
	return next()
}

func notOwned(condition, what string) error {
	return release.Reject(condition, v1alpha1.ReasonNotOwned,
		"%s; nothing of it was touched: rename the Stage, or remove what stands in its place", what)
}
