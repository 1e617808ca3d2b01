package plan

import (
	"slices"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func activate(s *Situation) (release.Step, error) {
	run := s.Recorded.Run
	switch {
	case s.isLive():
		return next()
	case s.Observed.Aliases == nil:
		return look(release.PartAliases)
	case run.FlipIntendedAt.IsZero():
		return step(release.ActionIntendFlip, release.PhaseActivate)
	}
	for _, function := range s.Desired.Functions {
		alias, record := s.Observed.Aliases[function.Name], run.Function(function.Name)
		switch {
		case alias.Version == record.Version && !alias.Weighted:
			continue
		case alias.Version != record.Previous && alias.Version != record.Version:
			return release.Step{}, release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonAliasConflict,
				"someone else moved the alias %s of function %s to version %s while this release expected version %s: move it back, or retry to take it over",
				release.LiveAlias, function.FullName, alias.Version, orNone(record.Previous))
		default:
			return release.Step{Action: release.ActionFlip, Phase: release.PhaseActivate, Function: function.Name}, nil
		}
	}
	return next()
}

func orNone(version string) string {
	if version == "" {
		return "none"
	}
	return version
}

func activateEntries(s *Situation) (release.Step, error) {
	if s.isLive() {
		return next()
	}
	if looked, err := s.stacks(v1alpha1.ConditionActivated); err != nil || looked.Action != "" {
		return looked, err
	}
	deployed, err := s.deployed()
	if err != nil {
		return release.Step{}, err
	}
	return s.bring(s.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseActivate, condition: v1alpha1.ConditionActivated,
		rendering:  template.Activate(s.app(), deployed, s.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

func seal(s *Situation) (release.Step, error) {
	if s.isLive() {
		return next()
	}
	return step(release.ActionSeal, release.PhaseActivate)
}

// revertFlips moves the aliases back when activation failed, http first, so that no request meets workers that are newer than
// it knows. Where there is no version before (a first release, a function added now) the alias stays.
func revertFlips(s *Situation) (release.Step, error) {
	if !s.running() || s.Recorded.Run.Failure == nil {
		return next()
	}
	if s.Observed.Aliases == nil {
		return look(release.PartAliases)
	}
	for _, function := range slices.Backward(s.Desired.Functions) {
		record := s.Recorded.Run.Function(function.Name)
		if record == nil || record.Previous == "" {
			continue
		}
		if s.Observed.Aliases[function.Name].Version == record.Version {
			return release.Step{Action: release.ActionFlipBack, Phase: release.PhaseActivate, Function: function.Name}, nil
		}
	}
	return release.Step{}, s.Recorded.Run.Failure
}
