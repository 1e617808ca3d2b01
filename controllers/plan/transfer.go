package plan

import (
	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

func foundation(s *Situation) (release.Step, error) {
	if s.running() && s.Recorded.Run.DeployedDigest != "" || s.isLive() {
		return next() // it was there when the image was pushed into it
	}
	stack := s.Observed.Foundation
	if stack == nil {
		return look(release.PartFoundation)
	}
	rendering := template.Foundation(s.Desired)
	return s.bring(stack, stackGoal{
		part: release.PartFoundation, phase: release.PhaseFoundation, condition: v1alpha1.ConditionFoundationReady,
		rendering: rendering, hashOutput: release.OutputTemplateHash,
	})
}

func upload(s *Situation) (release.Step, error) {
	if s.isLive() || s.Recorded.Run.DeployedDigest != "" {
		return next()
	}
	return step(release.ActionUpload, release.PhaseUpload)
}

func expandStack(s *Situation) (release.Step, error) {
	if s.isLive() || s.published() {
		return next()
	}
	if looked, err := s.stacks(v1alpha1.ConditionStackUpdated); err != nil || looked.Action != "" {
		return looked, err
	}
	deployed, err := s.deployed()
	if err != nil {
		return release.Step{}, err
	}
	return s.bring(s.Observed.App, stackGoal{
		part: release.PartApp, phase: release.PhaseStack, condition: v1alpha1.ConditionStackUpdated,
		rendering:  template.Expand(s.app(), deployed, s.Observed.App.Parameters),
		hashOutput: release.OutputRendering,
	})
}

// stacks sees to it that both stacks were looked at: the application stack is rendered with what the foundation's outputs tell.
func (s *Situation) stacks(condition string) (release.Step, error) {
	switch foundation, app := s.Observed.Foundation, s.Observed.App; {
	case foundation == nil:
		return look(release.PartFoundation)
	case foundation.Foreign != "":
		return release.Step{}, notOwned(condition, foundation.Foreign)
	case !foundation.Exists:
		return release.Step{}, release.Reject(condition, v1alpha1.ReasonStackNeedsHelp,
			"stack %s, which holds the bucket, repository and key of the stage, is gone: find out who deleted it, then annotate the Stage with %s=<any new value>",
			s.Desired.Names.FoundationStack, v1alpha1.AnnotationRetry)
	case app == nil:
		return look(release.PartApp)
	case app.Foreign != "":
		return release.Step{}, notOwned(condition, app.Foreign)
	default:
		return next()
	}
}

func publish(s *Situation) (release.Step, error) {
	if s.isLive() || s.published() {
		return next()
	}
	return step(release.ActionPublish, release.PhasePublish)
}

// published says that the run has a version of each function.
func (s *Situation) published() bool {
	for _, function := range s.Desired.Functions {
		if s.Recorded.Run.Function(function.Name) == nil {
			return false
		}
	}
	return true
}

func warm(s *Situation) (release.Step, error) {
	if s.isLive() || s.Recorded.Run.Warm != nil {
		return next()
	}
	return step(release.ActionWarm, release.PhaseWarm)
}

// warmAgain keeps the purpose of warming when commands took long: environments that are ready when the alias moves.
func warmAgain(s *Situation) (release.Step, error) {
	if s.isLive() || !s.Recorded.Run.FlipIntendedAt.IsZero() || s.Now.Sub(s.Recorded.Run.Warm.At) <= s.Limits.WarmFor {
		return next()
	}
	return step(release.ActionWarm, release.PhaseWarm)
}
