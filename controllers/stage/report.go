package stage

import (
	"fmt"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// report tells where the Stage stands: conditions and the one word for people follow from what is recorded and from how
// the last step went. It changes nothing of the record.
func (s *session) report(outcome error) {
	status := &s.stage.Status
	status.Phase = string(s.machine.Situation(outcome))
	if s.machine.Asked.Removal != nil {
		s.reportRemoval(outcome)
		return
	}
	s.reportPhases(outcome)
	s.summarize(outcome)
	if stack := s.machine.Observed.App; stack != nil && stack.Exists && stack.Outputs[release.OutputCDNDomain] != "" {
		status.Endpoints = &v1alpha1.Endpoints{
			URL:         "https://" + stack.Outputs[release.OutputCDNDomain],
			CDNDomain:   stack.Outputs[release.OutputCDNDomain],
			APIEndpoint: stack.Outputs[release.OutputAPIEndpoint],
		}
	}
}

// set writes a condition of a generation; its transition time moves only when its status does.
func (s *session) set(conditionType string, generation int64, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&s.stage.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: release.Bounded(message, maxMessage),
		ObservedGeneration: generation,
	})
}

func (s *session) remove(conditionType string) {
	meta.RemoveStatusCondition(&s.stage.Status.Conditions, conditionType)
}

// said is what a condition tells.
type said struct {
	status          metav1.ConditionStatus
	reason, message string
}

// reportPhases writes the conditions of the phases, each from the run's record of that phase.
func (s *session) reportPhases(outcome error) {
	m := s.machine
	run, generation := m.Recorded.Run, s.stage.Generation
	if run != nil && !m.Live() { // what is live is what this generation asks for, whichever asked for it first
		generation = run.Generation
	}
	for i := range plan.Phases {
		spec := &plan.Phases[i]
		told, of := s.recordTells(spec), generation
		if concerns, ok := s.outcomeTells(spec, outcome); ok {
			told = concerns
			if m.Asked.Unprepared != nil && !m.Superseded() {
				of = s.stage.Generation // it is about what could not be begun
			}
		}
		s.set(spec.Condition, of, told.status, told.reason, told.message)
	}
}

// recordTells is what the record tells of a phase's condition.
func (s *session) recordTells(spec *plan.PhaseSpec) said {
	m := s.machine
	run, live := m.Recorded.Run, m.Recorded.Live
	record := run.Phase(spec.Phase)
	switch {
	case spec.Phase == release.PhaseClean && m.Live():
		return s.cleanTells()
	case run == nil && live != nil:
		return said{metav1.ConditionTrue, v1alpha1.ReasonSucceeded,
			fmt.Sprintf("%s is live (release %s)", live.BuildID, live.ID)}
	case record.State == release.PhaseSucceeded:
		return said{metav1.ConditionTrue, v1alpha1.ReasonSucceeded, record.Message}
	case record.State == release.PhaseRunning && run.State == release.RunFailed: // by another phase
		return said{metav1.ConditionUnknown, v1alpha1.ReasonPending, string(spec.Phase) + " was stopped"}
	case record.State == release.PhaseFailed:
		return said{metav1.ConditionFalse, run.Failure.Reason, record.Message}
	case record.State == release.PhaseRunning:
		return said{metav1.ConditionUnknown, v1alpha1.ReasonProgressing, record.Message}
	default:
		return said{metav1.ConditionUnknown, v1alpha1.ReasonPending, "its turn in this run has not come"}
	}
}

func (s *session) cleanTells() said {
	if s.machine.Recorded.Live.Cleaned {
		return said{metav1.ConditionTrue, v1alpha1.ReasonSucceeded, plan.SpecOf(release.PhaseClean).Done(s.machine)}
	}
	return said{metav1.ConditionUnknown, v1alpha1.ReasonPending, "the clean-up waits until the switch has settled"}
}

// outcomeTells is what a wait, a refusal or an error tells of a condition; false where it is not about that. What a
// run's record says to be done stays so, unless the outcome is about what could not be begun.
func (s *session) outcomeTells(spec *plan.PhaseSpec, outcome error) (said, bool) {
	m := s.machine
	if outcome == nil || m.Phase(outcome) != spec.Phase {
		return said{}, false
	}
	isClean := spec.Phase == release.PhaseClean
	done := m.Recorded.Run.Phase(spec.Phase).State == release.PhaseSucceeded
	if done && !isClean && (m.Asked.Unprepared == nil || m.Superseded()) {
		return said{}, false
	}
	rejected, isRejected := release.AsRejected(outcome)
	waiting, isWaiting := release.AsWaiting(outcome)
	switch {
	case isWaiting && waiting.Reason == v1alpha1.ReasonPending:
		return said{}, false
	case isWaiting:
		return said{metav1.ConditionUnknown, waiting.Reason, waiting.Message}, true
	case isClean && m.Live():
		return said{metav1.ConditionFalse, v1alpha1.ReasonCleanupDegraded, textOf(outcome)}, true
	case isRejected:
		return said{metav1.ConditionFalse, rejected.Reason, rejected.Message}, true
	default:
		return said{metav1.ConditionUnknown, v1alpha1.ReasonProgressingWithRetry, textOf(outcome)}, true
	}
}

// summarize is the one place where Ready, Available, Reconciling and Stalled are set. Reconciling and Stalled exclude
// each other and are removed when they are not true.
func (s *session) summarize(outcome error) {
	s.available()
	m, generation := s.machine, s.stage.Generation
	if m.Live() && !disputed(outcome) && s.missing() == "" {
		live := m.Recorded.Live
		s.remove(v1alpha1.ConditionReconciling)
		s.remove(v1alpha1.ConditionStalled)
		s.set(v1alpha1.ConditionReady, generation, metav1.ConditionTrue, v1alpha1.ReasonLive,
			fmt.Sprintf("%s is live (release %s)", live.BuildID, live.ID))
		s.stage.Status.ObservedGeneration = generation
		return
	}
	if rejected, ok := release.AsRejected(outcome); ok {
		s.remove(v1alpha1.ConditionReconciling)
		s.set(v1alpha1.ConditionStalled, generation, metav1.ConditionTrue, rejected.Reason, rejected.Message)
		s.set(v1alpha1.ConditionReady, generation, metav1.ConditionFalse, rejected.Reason, rejected.Message)
		s.stage.Status.ObservedGeneration = generation
		return
	}
	s.remove(v1alpha1.ConditionStalled)
	reason, message := s.progress(outcome)
	if reason == v1alpha1.ReasonSuspended {
		s.remove(v1alpha1.ConditionReconciling)
	} else {
		s.set(v1alpha1.ConditionReconciling, generation, metav1.ConditionTrue, reason, message)
	}
	s.set(v1alpha1.ConditionReady, generation, metav1.ConditionFalse, reason, message)
}

func (s *session) available() {
	live, generation := s.machine.Recorded.Live, s.stage.Generation
	if live == nil {
		s.set(v1alpha1.ConditionAvailable, generation, metav1.ConditionFalse, v1alpha1.ReasonNotLive, "nothing is live yet")
		return
	}
	s.set(v1alpha1.ConditionAvailable, generation, metav1.ConditionTrue, v1alpha1.ReasonLive,
		fmt.Sprintf("%s serves (release %s)", live.BuildID, live.ID))
}

// progress tells what goes on, or what is waited for.
func (s *session) progress(outcome error) (reason, message string) {
	waiting, isWaiting := release.AsWaiting(outcome)
	missing := s.missing()
	switch {
	case isWaiting && waiting.Reason != v1alpha1.ReasonProgressing:
		return waiting.Reason, waiting.Message
	case outcome != nil && !isWaiting:
		return v1alpha1.ReasonProgressingWithRetry, textOf(outcome)
	case missing != "":
		return v1alpha1.ReasonProgressing, "restoring what is missing of what is live: " + missing
	default: // what is waited for is what the phase's record says
		return v1alpha1.ReasonProgressing, s.machine.GoesOn()
	}
}

// missing names what was seen to be missing of what is live; empty where all is there, or nobody has looked.
func (s *session) missing() string {
	if whole := s.machine.Observed.Whole; whole != nil {
		return strings.Join(slices.Concat(whole.Sendable, whole.Versions), ", ")
	}
	return ""
}

// disputed says that what is recorded as live is not what serves, or not whole. All else that can go wrong after a
// release went live concerns the clean-up, which never blocks Ready.
func disputed(outcome error) bool {
	rejected, ok := release.AsRejected(outcome)
	return ok && (rejected.Reason == v1alpha1.ReasonAliasConflict || rejected.Reason == v1alpha1.ReasonLiveIncomplete)
}

func (s *session) reportRemoval(outcome error) {
	message := textOf(outcome)
	if outcome == nil {
		message = "what the Stage has on AWS is removed"
	}
	generation := s.stage.Generation
	s.remove(v1alpha1.ConditionStalled)
	s.set(v1alpha1.ConditionReconciling, generation, metav1.ConditionTrue, v1alpha1.ReasonDeleting, message)
	s.set(v1alpha1.ConditionReady, generation, metav1.ConditionFalse, v1alpha1.ReasonDeleting, message)
}
