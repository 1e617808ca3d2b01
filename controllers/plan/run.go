package plan

import (
	"fmt"
	"strings"

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

// notOwned refuses what stands where the stage would have its own. What has an owner can be taken over.
func notOwned(condition string, stack *release.Stack) error {
	remedy := "rename the Stage, or remove what stands in its place"
	if stack.Owner != "" {
		remedy = fmt.Sprintf("rename the Stage, or have the platform team write that mark, or what it begins with, into "+
			"spec.adopt of the StageProfile, and the stage is taken over with all that it holds; where cluster %q is gone "+
			"and this one takes its place, %q covers all of its stages",
			clusterOf(stack.Owner), clusterOf(stack.Owner))
	}
	return release.Reject(condition, v1alpha1.ReasonNotOwned, "%s; nothing of it was touched: %s", stack.Foreign, remedy)
}

func clusterOf(owner string) string {
	cluster, _, _ := strings.Cut(owner, "/")
	return cluster
}
