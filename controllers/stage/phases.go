package stage

import (
	"fmt"
	"slices"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// position tells in which phase the run is: that of the outcome's condition, that of the last step, or the first that is not done.
func (s *session) position(outcome error) release.Phase {
	condition := ""
	if rejected, ok := release.AsRejected(outcome); ok {
		condition = rejected.Condition
	} else if waiting, ok := release.AsWaiting(outcome); ok {
		condition = waiting.Condition
	}
	if phase := phaseOf(condition); phase != "" {
		return phase
	}
	if s.phase != "" {
		return s.phase
	}
	if target := s.stage.Status.Target; target != nil {
		for _, phase := range target.Phases {
			if phase.State != v1alpha1.PhaseSucceeded {
				return release.Phase(phase.Name)
			}
		}
	}
	return release.PhaseResolve
}

// reportPhases derives the condition and the record of each phase: what comes before the position is done, what comes after has
// not had its turn.
func (s *session) reportPhases(outcome error) {
	if s.situation.Desired == nil && phaseOf(conditionOf(outcome)) == "" {
		return // refused before anything of a release was looked at
	}
	position := s.position(outcome)
	at := slices.Index(release.Phases, position)
	for i, phase := range release.Phases {
		switch {
		case s.isLive() && phase == release.PhaseClean:
			s.reportClean(outcome)
		case s.isLive(), i < at:
			s.markSucceeded(phase)
		case i > at:
			s.markPending(phase)
		default:
			s.markCurrent(phase, outcome)
		}
	}
}

func conditionOf(outcome error) string {
	if rejected, ok := release.AsRejected(outcome); ok {
		return rejected.Condition
	}
	if waiting, ok := release.AsWaiting(outcome); ok {
		return waiting.Condition
	}
	return ""
}

func (s *session) markSucceeded(phase release.Phase) {
	message := s.done(phase)
	if s.advance(phase, v1alpha1.PhaseSucceeded, message) {
		s.event(eventOf(phase), "%s", message)
	}
	for _, condition := range conditionsOf[phase] {
		s.set(condition, metav1.ConditionTrue, v1alpha1.ReasonSucceeded, message)
	}
}

func (s *session) markPending(phase release.Phase) {
	s.advance(phase, v1alpha1.PhasePending, "")
	for _, condition := range conditionsOf[phase] {
		s.set(condition, metav1.ConditionUnknown, v1alpha1.ReasonPending, "its turn in this run has not come")
	}
}

func (s *session) markCurrent(phase release.Phase, outcome error) {
	status, reason := metav1.ConditionUnknown, v1alpha1.ReasonProgressing
	message := s.goesOn()
	state := v1alpha1.PhaseRunning
	rejected, isRejected := release.AsRejected(outcome)
	waiting, isWaiting := release.AsWaiting(outcome)
	switch {
	case isRejected:
		status, reason, message, state = metav1.ConditionFalse, rejected.Reason, rejected.Message, v1alpha1.PhaseFailed
	case isWaiting:
		reason, message = waiting.Reason, waiting.Message
	case outcome != nil:
		reason, message = v1alpha1.ReasonProgressingWithRetry, safe(outcome)
	}
	s.advance(phase, state, message)
	for _, condition := range conditionsOf[phase] {
		if isRejected && rejected.Condition != condition && len(conditionsOf[phase]) > 1 && phaseOf(rejected.Condition) == phase {
			s.set(condition, metav1.ConditionUnknown, v1alpha1.ReasonProgressing, string(phase)+" was stopped")
			continue
		}
		s.set(condition, status, reason, message)
	}
}

func (s *session) reportClean(outcome error) {
	live := s.situation.Recorded.Live
	if live.Cleaned {
		s.markSucceeded(release.PhaseClean)
		return
	}
	status, reason, message := metav1.ConditionUnknown, v1alpha1.ReasonPending, "the clean-up waits until the switch has settled"
	waiting, isWaiting := release.AsWaiting(outcome)
	switch {
	case isWaiting && waiting.Reason != v1alpha1.ReasonPending:
		reason, message = waiting.Reason, waiting.Message
	case outcome != nil && !isWaiting:
		status, reason, message = metav1.ConditionFalse, v1alpha1.ReasonCleanupDegraded, safe(outcome)
	}
	s.advance(release.PhaseClean, v1alpha1.PhaseRunning, message)
	s.set(v1alpha1.ConditionCleaned, status, reason, message)
}

// advance keeps the record of a phase in the run; true says that it has just succeeded.
func (s *session) advance(phase release.Phase, state v1alpha1.PhaseState, message string) bool {
	target := s.stage.Status.Target
	if target == nil {
		return false
	}
	i := slices.IndexFunc(target.Phases, func(p v1alpha1.PhaseRun) bool { return p.Name == string(phase) })
	if i < 0 {
		target.Phases = append(target.Phases, v1alpha1.PhaseRun{Name: string(phase), State: v1alpha1.PhasePending})
		i = len(target.Phases) - 1
	}
	record := &target.Phases[i]
	changed := record.State != state
	record.State, record.Message = state, bounded(message, maxMessage)
	now := metav1.NewMicroTime(s.Now())
	switch state {
	case v1alpha1.PhasePending:
		record.StartedAt, record.FinishedAt = nil, nil
	case v1alpha1.PhaseRunning:
		if record.FinishedAt != nil { // it is done once more
			record.StartedAt, record.FinishedAt = &now, nil
		}
	case v1alpha1.PhaseSucceeded, v1alpha1.PhaseFailed:
		if changed || record.FinishedAt == nil {
			record.FinishedAt = &now
		}
	}
	if state != v1alpha1.PhasePending && record.StartedAt == nil {
		record.StartedAt = &now
	}
	succeeded := changed && state == v1alpha1.PhaseSucceeded
	if succeeded {
		took := record.FinishedAt.Sub(record.StartedAt.Time).Seconds()
		s.news = append(s.news, func() { phaseSeconds.WithLabelValues(string(phase)).Observe(took) })
	}
	return succeeded
}

// done tells in one sentence what a phase has brought about.
func (s *session) done(phase release.Phase) string {
	d, run, live := s.situation.Desired, s.situation.Recorded.Run, s.situation.Recorded.Live
	if run == nil && live != nil {
		return fmt.Sprintf("%s was found live (release %s)", live.BuildID, live.ID)
	}
	if d == nil || run == nil {
		return "done"
	}
	switch phase {
	case release.PhaseResolve:
		return fmt.Sprintf("%s:%s is %s", d.Image.Repository, d.Image.Tag, d.Image.Digest)
	case release.PhaseFoundation:
		return "stack " + d.Names.FoundationStack + " is as it should be"
	case release.PhaseUpload:
		return fmt.Sprintf("image %s, assets and variables of %s are there", run.DeployedDigest, d.BuildID)
	case release.PhaseStack:
		return "stack " + d.Names.AppStack + " is ready for the release"
	case release.PhasePublish:
		return "versions: " + versions(run.Functions)
	case release.PhaseWarm:
		if run.Warm != nil {
			return fmt.Sprintf("%d of %d distinct environments are warm", run.Warm.Distinct, run.Warm.Wanted)
		}
	case release.PhaseCommands:
		return commandsDone(run.Commands)
	case release.PhaseActivate:
		return "the live aliases point at " + versions(run.Functions)
	case release.PhaseClean:
		return "nothing is left of releases that are not kept"
	}
	return "done"
}

func versions(functions []release.FunctionVersion) string {
	list := make([]string, 0, len(functions))
	for _, function := range functions {
		list = append(list, function.Name+" "+function.Version)
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func commandsDone(commands []release.CommandRun) string {
	if len(commands) == 0 {
		return "there are no deploy commands"
	}
	names := make([]string, 0, len(commands))
	for i := range commands {
		names = append(names, commands[i].Name)
	}
	return strings.Join(names, ", ") + " succeeded"
}
