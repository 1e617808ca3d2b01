package plan

import (
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func foundation(m *Machine) (release.Step, error) {
	stack := m.Observed.Foundation
	if stack == nil {
		return m.lookAtStack(release.PartFoundation, release.PhaseFoundation)
	}
	return m.ensureStack(stack, stackGoal{
		part: release.PartFoundation, phase: release.PhaseFoundation, condition: v1alpha1.ConditionFoundationReady,
		rendering: template.Foundation(m.Desired), hashOutput: release.OutputTemplateHash,
	})
}

func upload(m *Machine) (release.Step, error) {
	if m.Recorded.Run.DeployedDigest != "" {
		return next()
	}
	if m.Observed.Foundation == nil {
		return look(release.PartFoundation) // its outputs tell where to
	}
	return step(release.ActionUpload, release.PhaseUpload)
}

// assets awaits what the upload began to send: nothing needs it before now.
func assets(m *Machine) (release.Step, error) {
	switch {
	case m.Desired.AssetsPath == "", m.Recorded.Run.AssetsDigest != "":
		return next()
	case m.Observed.Foundation == nil:
		return look(release.PartFoundation) // its outputs tell where to
	default:
		return step(release.ActionAssets, release.PhaseAssets)
	}
}

func expandStack(m *Machine) (release.Step, error) {
	if looked, err := m.stacks(release.PhaseStack); err != nil || looked.Action != "" {
		return looked, err
	}
	deployed, err := template.Deployed(m.Observed.App)
	if err != nil {
		return release.Step{}, err
	}
	return m.ensureStack(m.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseStack, condition: v1alpha1.ConditionStackUpdated,
		rendering:  template.Expand(m.app(), deployed, m.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

// stacks sees to it that both stacks were looked at: the application stack is rendered with what the foundation's
// outputs tell. While an operation of the application stack goes on, nothing more is looked at.
func (m *Machine) stacks(phase release.Phase) (release.Step, error) {
	condition := SpecOf(phase).Condition
	switch foundation, app := m.Observed.Foundation, m.Observed.App; {
	case app == nil:
		return m.lookAtStack(release.PartApp, phase)
	case app.Foreign == "" && app.InProgress():
		return release.Step{}, m.awaitStack(app, phase, condition)
	case foundation == nil:
		return look(release.PartFoundation)
	case foundation.Foreign != "":
		return release.Step{}, notOwned(condition, foundation)
	case !foundation.Exists:
		return release.Step{}, release.Reject(condition, v1alpha1.ReasonStackNeedsHelp,
			"stack %s, which holds the bucket, repository and key of the stage, is gone: find out who deleted it, then "+
				"annotate the Stage with %s=<any new value>",
			m.Desired.Names.FoundationStack, v1alpha1.AnnotationRetry)
	case app.Foreign != "":
		return release.Step{}, notOwned(condition, app)
	default:
		return next()
	}
}

func publish(m *Machine) (release.Step, error) {
	if m.Recorded.Run.Active() < len(m.Desired.Functions) {
		return step(release.ActionPublish, release.PhasePublish)
	}
	return next()
}

func warm(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	record := run.Phase(release.PhaseWarm)
	// A status keeps whole seconds of the one time, and more of the other.
	again := record.State == release.PhaseRunning && run.Warm != nil &&
		run.Warm.At.Before(record.StartedAt.Truncate(time.Second))
	if run.Warm != nil && !again {
		return next()
	}
	return step(release.ActionWarm, release.PhaseWarm)
}

// warmAgain keeps the purpose of warming when commands took long: environments that are ready when the alias moves. The
// phase is begun once more; that the commands have succeeded stays true.
func warmAgain(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	if run.Activation != nil || m.Now.Sub(run.Warm.At) <= m.Limits.WarmFor {
		return next()
	}
	return step(release.ActionWarm, release.PhaseWarm)
}
