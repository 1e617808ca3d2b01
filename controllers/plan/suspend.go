package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// beginsPhase says that a step would begin another phase. What goes on is finished: an announced command is started, a change
// set is executed, an alias that was to be moved is moved.
func beginsPhase(s release.Step) bool {
	switch s.Action {
	case release.ActionBegin, release.ActionResume, release.ActionUpload, release.ActionPublish, release.ActionWarm, release.ActionAnnounce,
		release.ActionIntendFlip, release.ActionTrim, release.ActionSweep:
		return true
	case release.ActionStack:
		return s.Phase != release.PhaseActivate && s.Stack.Operation != release.StackExecuteChangeSet
	default:
		return false
	}
}

func suspended(s release.Step) error {
	condition := v1alpha1.ConditionReady
	if s.Phase == release.PhaseClean {
		condition = v1alpha1.ConditionCleaned
	}
	return release.Wait(condition, v1alpha1.ReasonSuspended, 0,
		"spec.suspend holds the release before the phase %s; what is live goes on serving", s.Phase)
}
