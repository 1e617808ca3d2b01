package plan

import (
	"cmp"
	"strings"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// maxHistory is what the status holds; older releases are dropped however young they are.
const maxHistory = 20

// clean follows once the desired release is live: removals from the stack, then what no kept release needs, and then a
// look whether what is live is whole.
func clean(m *Machine) (release.Step, error) {
	switch m.cleansAs(m.Observed.Beside) {
	case release.ActionSweep: // nothing is changed that it goes by
		return first(m, settled, sweep, whole)
	case release.ActionRepair: // it is what a sweep has ended with
		return first(m, settled, whole)
	default:
		return first(m, settled, takeOver, settleStack, trim, quiet, sweep, whole)
	}
}

// settled waits until the switch is known everywhere, and sees to it that all was looked at that the clean-up depends
// on.
func settled(m *Machine) (release.Step, error) {
	if wait := m.Recorded.Live.ActivatedAt.Add(m.Limits.Settle).Sub(m.Now); wait > 0 {
		return release.Step{}, release.Wait(v1alpha1.ConditionCleaned, v1alpha1.ReasonPending, wait,
			"the clean-up waits until the switch has settled")
	}
	if looked, err := m.stacks(release.PhaseClean); err != nil || looked.Action != "" {
		return looked, err
	}
	switch {
	case !m.Observed.Contents:
		return lookIntoAliases()
	case m.Observed.Leftovers == nil:
		return look(release.PartLeftovers)
	}
	return release.Step{}, m.aliasesAsRecorded()
}

func trim(m *Machine) (release.Step, error) {
	if len(Trimmed(m.Recorded.History, m.Desired.KeepReleases, m.Limits, m.Now)) < len(m.Recorded.History) {
		return step(release.ActionTrim, release.PhaseClean)
	}
	return next()
}

func sweep(m *Machine) (release.Step, error) {
	if m.removed[release.ActionSweep] {
		return next()
	}
	return step(release.ActionSweep, release.PhaseClean)
}

// whole ends the clean-up with a look at what is live: an operator that was replaced may have removed something of it a
// moment ago.
func whole(m *Machine) (release.Step, error) {
	seen := m.Observed.Whole
	switch {
	case seen == nil:
		return release.Step{Action: release.ActionLook, Phase: release.PhaseClean, Part: release.PartWhole}, nil
	case len(seen.Versions) > 0:
		return release.Step{}, release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonLiveIncomplete,
			"what is live is not whole: %s is gone, and a version that is deleted does not come back: push a new build",
			strings.Join(seen.Versions, ", "))
	case len(seen.Sendable) > 0 && m.removed[release.ActionRepair]:
		return release.Step{}, release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonLiveIncomplete,
			"what is live is not whole: %s is missing and could not be restored as it was: push a new build",
			strings.Join(seen.Sendable, ", "))
	case len(seen.Sendable) > 0:
		return step(release.ActionRepair, release.PhaseClean)
	default:
		return step(release.ActionCleaned, release.PhaseClean)
	}
}

// takeOver marks a foundation stack as the Stage's that the platform team gave it: what is live already has no run that
// would.
func takeOver(m *Machine) (release.Step, error) {
	if !m.Observed.Foundation.Adopted {
		return next()
	}
	return m.ensureStack(m.Observed.Foundation, stackGoal{
		part: release.PartFoundation, phase: release.PhaseClean, condition: v1alpha1.ConditionCleaned,
		rendering: template.Foundation(m.Desired), hashOutput: release.OutputTemplateHash,
	})
}

// settleStack brings the stack to what the live release alone needs.
func settleStack(m *Machine) (release.Step, error) {
	deployed, err := template.Deployed(m.Observed.App)
	if err != nil {
		return release.Step{}, err
	}
	app := m.app()
	app.Keep = m.Observed.Leftovers
	return m.ensureStack(m.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseClean, condition: v1alpha1.ConditionCleaned,
		rendering:  template.Settled(app, deployed, m.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

// aliasesAsRecorded guards the clean-up: what an alias points at must never be swept away.
func (m *Machine) aliasesAsRecorded() error {
	for _, recorded := range m.Recorded.Live.Functions {
		alias, looked := m.Observed.Aliases[recorded.Name]
		if looked && len(alias.Shares) > 0 {
			return release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonAliasConflict,
				"the alias %s of function %s shares its traffic with another version than %s, which is recorded as live: remove "+
					"its routing configuration",
				release.LiveAlias, recorded.Name, recorded.Version)
		}
		if looked && alias.Version != recorded.Version {
			return release.Reject(v1alpha1.ConditionCleaned, v1alpha1.ReasonAliasConflict,
				"the alias %s of function %s points at version %s, and version %s is recorded as live: move it back",
				release.LiveAlias, recorded.Name, cmp.Or(alias.Version, none), recorded.Version)
		}
	}
	return nil
}
