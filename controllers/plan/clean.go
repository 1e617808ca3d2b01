package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// maxHistory is what the status holds; older releases are dropped however young they are.
const maxHistory = 20

// clean follows once the desired release is live: removals from the stack, then what no kept release needs.
func clean(s *Situation) (release.Step, error) {
	if wait := s.Recorded.Live.ActivatedAt.Add(s.Limits.Settle).Sub(s.Now); wait > 0 {
		return release.Step{}, release.Wait(v1alpha1.ConditionCleaned, v1alpha1.ReasonPending, wait,
			"the clean-up waits until the switch has settled")
	}
	if looked, err := s.stacks(v1alpha1.ConditionCleaned); err != nil || looked.Action != "" {
		return looked, err
	}
	switch {
	case s.Observed.Aliases == nil:
		return look(release.PartAliases)
	case s.Observed.Leftovers == nil:
		return look(release.PartLeftovers)
	}
	if err := s.aliasesAsRecorded(); err != nil {
		return release.Step{}, err
	}
	if stackStep, err := s.settle(); err != nil || stackStep.Action != "" {
		return stackStep, err
	}
	if len(Trimmed(s.Recorded.History, s.Desired.KeepReleases, s.Limits, s.Now)) < len(s.Recorded.History) {
		return step(release.ActionTrim, release.PhaseClean)
	}
	return step(release.ActionSweep, release.PhaseClean)
}

// settle brings the stack to what the live release alone needs.
func (s *Situation) settle() (release.Step, error) {
	deployed, err := s.deployed()
	if err != nil {
		return release.Step{}, err
	}
	app := s.app()
	app.Keep = s.Observed.Leftovers
	return s.bring(s.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseClean, condition: v1alpha1.ConditionCleaned,
		rendering:  template.Settled(app, deployed, s.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

// aliasesAsRecorded guards the clean-up: what an alias points at must never be swept away.
func (s *Situation) aliasesAsRecorded() error {
	for _, recorded := range s.Recorded.Live.Functions {
		alias, looked := s.Observed.Aliases[recorded.Name]
		if looked && alias.Weighted {
			return release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonAliasConflict,
				"the alias %s of function %s shares its traffic with another version than %s, which is recorded as live: remove its routing configuration",
				release.LiveAlias, recorded.Name, recorded.Version)
		}
		if looked && alias.Version != recorded.Version {
			return release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonAliasConflict,
				"the alias %s of function %s points at version %s, and version %s is recorded as live: move it back",
				release.LiveAlias, recorded.Name, orNone(alias.Version), recorded.Version)
		}
	}
	return nil
}
