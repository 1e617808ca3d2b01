package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// recoverLive rebuilds the record of the live release when the status knows of none: it was wiped, or the Stage was deleted
// with Retain and applied again.
func recoverLive(s *Situation) (release.Step, error) {
	if s.Recorded.Live != nil || s.Recorded.Run != nil {
		return next()
	}
	switch {
	case s.Observed.Foundation == nil:
		return look(release.PartFoundation)
	case s.Observed.Foundation.Foreign != "":
		return release.Step{}, notOwned(v1alpha1.ConditionFoundationReady, s.Observed.Foundation.Foreign)
	case !s.Observed.Foundation.Exists:
		return next()
	case s.Observed.App == nil:
		return look(release.PartApp)
	case s.Observed.App.Foreign != "":
		return release.Step{}, notOwned(v1alpha1.ConditionFoundationReady, s.Observed.App.Foreign)
	case !s.Observed.App.Exists:
		return next()
	case s.Observed.Aliases == nil:
		return look(release.PartAliases)
	case s.liveRelease() == "":
		return next()
	case s.Observed.Releases == nil:
		return look(release.PartReleases)
	default:
		return step(release.ActionRecoverLive, "")
	}
}

// liveRelease gives the id of the release that the aliases agree on; empty where they disagree. The http function's alias is moved
// last, so that of a function without an alias nothing was moved: it was added by a run that did not get that far.
func (s *Situation) liveRelease() string {
	live := s.Observed.Aliases[s.Desired.HTTP().Name]
	for name, alias := range s.Observed.Aliases {
		_, err := s.Desired.Function(name)
		missed := alias.Version == "" && err == nil && live.Description.ReleaseID == s.Desired.ID
		other := alias.Version != "" && alias.Description.ReleaseID != live.Description.ReleaseID
		if alias.Weighted || missed || other {
			return ""
		}
	}
	return live.Description.ReleaseID
}

func returnToLive(s *Situation) (release.Step, error) {
	run := s.Recorded.Run
	if s.isLive() && run != nil && run.ID != s.Desired.ID && !mustFinish(run) {
		return step(release.ActionReturn, release.PhaseClean)
	}
	return next()
}

// mustFinish says that a run's commands have begun and their outcome is open, or that aliases are being moved.
func mustFinish(run *release.Run) bool { return run.State == release.RunRunning && run.Committed() }

func finished(s *Situation) (release.Step, error) {
	run := s.Recorded.Run
	if s.isLive() && s.Recorded.Live.Cleaned && (run == nil || run.State == release.RunSucceeded) {
		return step(release.ActionDone, "")
	}
	return next()
}

func beginRun(s *Situation) (release.Step, error) {
	run := s.Recorded.Run
	switch {
	case s.isLive():
		return next()
	case run == nil, run.ID != s.Desired.ID, run.State == release.RunSucceeded:
		return step(release.ActionBegin, release.PhaseResolve)
	case run.State == release.RunFailed && run.Failure == nil: // a person asked to start a command of unknown outcome again
		return step(release.ActionBegin, release.PhaseResolve)
	case run.State == release.RunFailed && s.Retry && run.Failure.Reason == v1alpha1.ReasonEntryFailed:
		// Its commands ran and its aliases stand: only the entry resources are missing.
		return step(release.ActionResume, release.PhaseActivate)
	case run.State == release.RunFailed && s.Retry:
		return step(release.ActionBegin, release.PhaseResolve)
	default:
		return next()
	}
}

func reportFailure(s *Situation) (release.Step, error) {
	run := s.Recorded.Run
	if s.isLive() || run == nil || run.State != release.RunFailed || run.Failure == nil {
		return next()
	}
	return release.Step{}, run.Failure
}

func notOwned(condition, what string) error {
	return release.Reject(condition, v1alpha1.ReasonNotOwned,
		"%s; nothing of it was touched: rename the Stage, or remove what stands in its place", what)
}
