package plan

import (
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Failed tells the machine that a step, or the naming of one, met a wait, a refusal or an error, after it had brought
// something about in part. Nil goes on; anything else ends the reconcile.
func (m *Machine) Failed(step release.Step, outcome release.Outcome, err error) error {
	m.take(outcome)
	m.at = phaseOf(step, err, m.at)
	waiting, isWaiting := release.AsWaiting(err)
	rejected, isRejected := release.AsRejected(err)
	denied := isWaiting && waiting.Reason == v1alpha1.ReasonAccessDenied // which an activation does not wait for
	switch {
	case isWaiting && !denied:
		return m.waits(waiting)
	case isRejected:
		return m.refused(rejected)
	}
	if late := m.overdue(step, err); late != nil {
		return m.refused(late)
	}
	if denied {
		return m.waits(waiting)
	}
	m.markRunning(m.at, err.Error())
	return err
}

// phaseOf is the phase of a failure: that of its condition, of the step, or of the rule that named it.
func phaseOf(step release.Step, err error, rule release.Phase) release.Phase {
	if phase := PhaseOf(release.ConditionOf(err)); phase != "" {
		return phase
	}
	if step.Action != "" {
		return step.Phase
	}
	return rule
}

// waits tells of a wait. One whose time grows begins with the phase.
func (m *Machine) waits(waiting *release.Waiting) error {
	if waiting.Reason != v1alpha1.ReasonAccessDenied {
		m.markWorking(m.at)
	}
	told := *waiting
	told.Message = m.hindered(told.Reason, told.Message)
	told.After = m.lookAgain(waiting)
	if waiting.Reason != v1alpha1.ReasonSuspended {
		m.markRunning(m.at, waiting.Message)
	}
	return &told
}

// refused decides what a refusal means for the run: it fails, or first its moves are taken back.
func (m *Machine) refused(rejected *release.Rejected) error {
	run := m.Recorded.Run
	if m.Asked.Removal != nil {
		return release.Reject(rejected.Condition, rejected.Reason, "%s", m.hindered(rejected.Reason, rejected.Message))
	}
	if run == nil || run.State != release.RunRunning || !run.Reverting() && !m.works(run) {
		return rejected
	}
	if run.Reverting() && rejected != run.Failure && rejected.Reason != v1alpha1.ReasonRevertFailed {
		return rejected // the moves are not back yet: it goes on when that is mended
	}
	switch {
	case rejected.Reason == v1alpha1.ReasonCommandOutcomeUnknown:
		return rejected // a person's word takes the run on
	case m.Asked.Barred:
		return rejected // nothing is done, not even to an end: a command may still run
	case notItsFault(run, rejected):
		return rejected // it goes on when that is mended
	case run.Activation != nil && run.Failure == nil:
		run.Failure, run.Activation.FailingSince = activationFailure(run.Activation, rejected), time.Time{}
		m.Observed.Forget(release.PartAliases)
		return nil
	}
	return m.markFailed(rejected)
}

// notItsFault says that a refusal is no reason to end a run: the credentials are another account's, the registry
// answers otherwise than it should before anything was begun, or something belongs to someone else before anything has
// moved.
func notItsFault(run *release.Run, rejected *release.Rejected) bool {
	return rejected.Reason == v1alpha1.ReasonProfileMismatch || PhaseOf(rejected.Condition) == release.PhaseResolve ||
		rejected.Reason == v1alpha1.ReasonNotOwned && run.Activation == nil
}

// works says that a run is that of the release that is worked on.
func (m *Machine) works(run *release.Run) bool {
	return m.superseded || m.Desired != nil && !m.isLive() && run.ReleaseID == m.Desired.ID
}

// markFailed ends the run. Where the Stage asks for something else by now, or for what is live, that has its turn.
func (m *Machine) markFailed(rejected *release.Rejected) error {
	run := m.Recorded.Run
	if record := m.phase(m.at); record != nil {
		record.State, record.FinishedAt, record.Message = release.PhaseFailed, m.Now, rejected.Message
	}
	run.State, run.Failure, run.FinishedAt = release.RunFailed, withRemedy(rejected), m.Now
	m.choose()
	if m.Desired == nil || run.ReleaseID != m.Desired.ID {
		return nil
	}
	return run.Failure
}

// withRemedy sees to it that the user knows what to do.
func withRemedy(rejected *release.Rejected) *release.Rejected {
	if strings.Contains(rejected.Message, v1alpha1.AnnotationRetry) {
		return rejected
	}
	return release.Reject(rejected.Condition, rejected.Reason,
		"%s. Correct the Stage or push a new build; to try the same again, annotate it with %s=<any new value>",
		release.Bounded(strings.TrimSuffix(rejected.Message, "."), maxReason), v1alpha1.AnnotationRetry)
}

// maxReason is how much of a reason is told, so that there is room for the remedy.
const maxReason = 1792

// activationFailure tells what becomes of the aliases: they move back where there is a version before; a first release
// stays.
func activationFailure(activation *release.Activation, why *release.Rejected) *release.Rejected {
	if activation.Revertible() {
		return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack,
			"activation failed and the aliases were moved back: %s", why.Message)
	}
	return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonEntryFailed,
		"the release is in place, and what lets traffic reach it could not be made: %s; annotate the Stage with %s=<any "+
			"new value> to try only that again",
		why.Message, v1alpha1.AnnotationRetry)
}

// overdue gives up an activation that meets nothing but errors for too long, so that functions do not stay on different
// releases. Its clock begins with the first error after a success.
func (m *Machine) overdue(step release.Step, err error) *release.Rejected {
	run := m.Recorded.Run
	isAct := step.Action != "" && step.Action != release.ActionLook // what cannot be seen cannot be taken back either
	if !isAct || step.Phase != release.PhaseActivate || run == nil || run.Activation == nil {
		return nil
	}
	if run.Activation.FailingSince.IsZero() {
		run.Activation.FailingSince = m.Now
	}
	if m.Now.Sub(run.Activation.FailingSince) < m.Limits.FailWithin {
		return nil
	}
	if run.Failure != nil {
		return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRevertFailed,
			"the aliases could not be moved back for more than %s, and functions stay on different releases: %v; "+
				"push a new build, or annotate the Stage with %s=<any new value>",
			m.Limits.FailWithin, err, v1alpha1.AnnotationRetry)
	}
	return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack,
		"errors for more than %s: %v", m.Limits.FailWithin, err)
}

// reportFailure keeps a failed run failed.
func reportFailure(m *Machine) (release.Step, error) {
	run := m.Recorded.Run
	if m.Desired == nil || run.State != release.RunFailed || run.Failure == nil {
		return next()
	}
	return release.Step{}, run.Failure
}

// revertMoves takes the moves back, the last one first, so that no request meets workers that are newer than it knows.
// Where there is no version before (a first release, a function added now) the alias stays.
func revertMoves(m *Machine) (release.Step, error) {
	if m.Observed.Aliases == nil {
		return look(release.PartAliases)
	}
	activation := m.Recorded.Run.Activation
	if activation == nil { // nothing has moved
		return release.Step{}, m.Recorded.Run.Failure
	}
	for _, move := range slices.Backward(activation.Moves) {
		alias := m.Observed.Aliases[move.Name]
		_, shares := alias.Shares[move.After]
		if move.Before != "" && (alias.Version == move.After || shares) {
			return release.Step{Action: release.ActionRevert, Phase: release.PhaseActivate, Move: &move}, nil
		}
	}
	return release.Step{}, m.Recorded.Run.Failure
}
