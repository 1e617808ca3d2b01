package stage

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Reasons of events that tell of no phase.
const (
	eventReleaseStarted = "ReleaseStarted"
	eventReleaseLive    = "ReleaseLive"
	eventReleaseFailed  = "ReleaseFailed"
	eventSuspended      = "Suspended"
	eventDeleted        = "Deleted"
)

// maxNote is what the API server accepts of an event's note.
const maxNote = 1024

func (s *session) event(eventType, reason, format string, arguments ...any) {
	note := release.Bounded(fmt.Sprintf(format, arguments...), maxNote)
	s.r.Events.Eventf(s.stage, nil, eventType, reason, reason, "%s", note)
}

// emit tells what a write has changed, by events, metrics and one line in the log: what is told follows from the
// difference between two statuses, so that each thing is told once, after it is certain.
func (s *session) emit(ctx context.Context, before *v1alpha1.Stage) {
	s.emitRun(before.Status.Target, s.stage.Status.Target)
	s.emitReady(ctx, before)
	s.emitNotes()
}

func (s *session) emitRun(was, is *v1alpha1.Run) {
	if is == nil {
		return
	}
	if was == nil || was.ID != is.ID {
		was = &v1alpha1.Run{}
	}
	started := func(run *v1alpha1.Run) bool { return phaseState(run, release.PhaseFoundation) != v1alpha1.PhasePending }
	if started(is) && !started(was) {
		s.event(corev1.EventTypeNormal, eventReleaseStarted, "releasing %s (%s): %s", is.BuildID, is.ReleaseID, is.Cause.Type)
	}
	for i := range is.Phases {
		phase := &is.Phases[i]
		if phase.State != v1alpha1.PhaseSucceeded || phaseState(was, release.Phase(phase.Name)) == v1alpha1.PhaseSucceeded {
			continue
		}
		// Events of different phases must differ in their reason, since the note does not keep them apart.
		s.event(corev1.EventTypeNormal, plan.SpecOf(release.Phase(phase.Name)).Condition, "%s", phase.Message)
		phaseSeconds.WithLabelValues(phase.Name).Observe(phase.FinishedAt.Sub(phase.StartedAt.Time).Seconds())
	}
	if was.State == is.State {
		return
	}
	switch is.State {
	case v1alpha1.RunSucceeded:
		s.count(resultLive)
	case v1alpha1.RunFailed:
		s.count(resultFailed)
		if is.Failure != nil {
			s.event(corev1.EventTypeWarning, eventReleaseFailed, "%s: %s", is.Failure.Reason, is.Failure.Message)
		}
	case v1alpha1.RunRunning:
	}
}

func phaseState(run *v1alpha1.Run, phase release.Phase) v1alpha1.PhaseState {
	for i := range run.Phases {
		if run.Phases[i].Name == string(phase) {
			return run.Phases[i].State
		}
	}
	return v1alpha1.PhasePending
}

// emitReady tells of what has become of Ready: live, stalled, suspended; and of each change of situation in the log.
func (s *session) emitReady(ctx context.Context, before *v1alpha1.Stage) {
	is, was := ready(s.stage), ready(before)
	if is == nil {
		return
	}
	if s.stage.Status.Phase != before.Status.Phase || was == nil || was.Reason != is.Reason {
		s.logSituation(ctx, before, is)
	}
	if was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	target := s.stage.Status.Target
	told := target != nil && target.State == v1alpha1.RunFailed && target.Failure != nil &&
		target.Failure.Reason == is.Reason
	switch {
	case is.Status == metav1.ConditionTrue:
		s.event(corev1.EventTypeNormal, eventReleaseLive, "%s", is.Message)
	case is.Reason == v1alpha1.ReasonSuspended:
		s.event(corev1.EventTypeNormal, eventSuspended, "%s", is.Message)
	case !told && meta.IsStatusConditionTrue(s.stage.Status.Conditions, v1alpha1.ConditionStalled):
		s.event(corev1.EventTypeWarning, eventReleaseFailed, "%s: %s", is.Reason, is.Message)
	}
}

// logSituation writes the one line that a change of situation has in the log.
func (s *session) logSituation(ctx context.Context, before *v1alpha1.Stage, is *metav1.Condition) {
	run := ""
	if target := s.stage.Status.Target; target != nil {
		run = target.ID
	}
	log.FromContext(ctx).Info("The Stage is in another situation", "was", before.Status.Phase,
		"situation", s.stage.Status.Phase, "intent", s.machine.Intent(), "run", run, "ready", is.Status, "reason", is.Reason)
}

// emitNotes tells what leaves no other trace.
func (s *session) emitNotes() {
	for _, note := range s.machine.Notes {
		s.event(corev1.EventTypeWarning, note.Reason, "%s", note.Message)
	}
	s.machine.Notes = nil
}

func ready(stage *v1alpha1.Stage) *metav1.Condition {
	return meta.FindStatusCondition(stage.Status.Conditions, v1alpha1.ConditionReady)
}
