package stage

import (
	"context"
	"fmt"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// conditionsOf gives the conditions that a phase is recorded in.
var conditionsOf = map[release.Phase][]string{
	release.PhaseResolve:    {v1alpha1.ConditionImageResolved},
	release.PhaseFoundation: {v1alpha1.ConditionFoundationReady},
	release.PhaseUpload:     {v1alpha1.ConditionAssetsUploaded, v1alpha1.ConditionImagePushed},
	release.PhaseStack:      {v1alpha1.ConditionStackUpdated},
	release.PhasePublish:    {v1alpha1.ConditionVersionsPublished},
	release.PhaseWarm:       {v1alpha1.ConditionWarmed},
	release.PhaseCommands:   {v1alpha1.ConditionCommandsSucceeded},
	release.PhaseActivate:   {v1alpha1.ConditionActivated},
	release.PhaseClean:      {v1alpha1.ConditionCleaned},
}

// phaseOf gives the phase that a condition tells of; empty for the summaries.
func phaseOf(condition string) release.Phase {
	for phase, conditions := range conditionsOf {
		if slices.Contains(conditions, condition) {
			return phase
		}
	}
	return ""
}

// write reports where the Stage stands and updates its status, when that differs from what the API server has. The resource version
// is an optimistic lock: whoever works on an outdated Stage fails here, before acting.
func (s *session) write(ctx context.Context, outcome error) error {
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	s.report(outcome)
	return s.update(ctx)
}

// declare writes what a step rests on, before the step: what is recorded, and the phase that it belongs to.
func (s *session) declare(ctx context.Context) error {
	if s.stage.Status.Phase != s.word(nil) {
		return s.write(ctx, nil)
	}
	return s.writeIfRecorded(ctx)
}

// writeIfRecorded writes the status only if something new is to be remembered.
func (s *session) writeIfRecorded(ctx context.Context) error {
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	if changed, err := s.changed(); err != nil || !changed {
		return err
	}
	return s.write(ctx, nil)
}

// changed says whether the API server has another status. It is asked in JSON, which keeps less of a time than is held here.
func (s *session) changed() (bool, error) {
	patch, err := client.MergeFrom(s.before).Data(s.stage)
	if err != nil {
		return false, fmt.Errorf("comparing the status: %w", err)
	}
	return string(patch) != "{}", nil
}

func (s *session) update(ctx context.Context) error {
	if changed, err := s.changed(); err != nil || !changed {
		return err
	}
	if err := s.Client.Status().Update(ctx, s.stage); err != nil {
		return fmt.Errorf("writing the status: %w", err)
	}
	s.before = s.stage.DeepCopy()
	s.work.recorded(s.stage.UID)
	s.tell()
	return nil
}

// report derives conditions, phases and the one word for people from what is recorded and how the last step went.
func (s *session) report(outcome error) {
	status := &s.stage.Status
	s.reportPhases(outcome)
	s.summarize(outcome)
	status.Phase = s.word(outcome)
	if stack := s.situation.Observed.App; stack != nil && stack.Exists && stack.Outputs[release.OutputCDNDomain] != "" {
		status.Endpoints = &v1alpha1.Endpoints{
			URL:         "https://" + stack.Outputs[release.OutputCDNDomain],
			CDNDomain:   stack.Outputs[release.OutputCDNDomain],
			APIEndpoint: stack.Outputs[release.OutputAPIEndpoint],
		}
	}
}

// set writes a condition; its transition time moves only when its status does.
func (s *session) set(conditionType string, status metav1.ConditionStatus, reason, message string) {
	meta.SetStatusCondition(&s.stage.Status.Conditions, metav1.Condition{
		Type: conditionType, Status: status, Reason: reason, Message: bounded(message, maxMessage), ObservedGeneration: s.stage.Generation,
	})
}

func (s *session) remove(conditionType string) {
	meta.RemoveStatusCondition(&s.stage.Status.Conditions, conditionType)
}

// summarize is the one place where Ready, Available, Reconciling and Stalled are set. Reconciling and Stalled exclude each other and
// are removed when they are not true.
func (s *session) summarize(outcome error) {
	s.available()
	if s.isLive() && !s.superseded && !disputed(outcome) {
		live := s.situation.Recorded.Live
		s.remove(v1alpha1.ConditionReconciling)
		s.remove(v1alpha1.ConditionStalled)
		s.set(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonLive, fmt.Sprintf("%s is live (release %s)", live.BuildID, live.ID))
		s.stage.Status.ObservedGeneration = s.stage.Generation
		return
	}
	if rejected, ok := release.AsRejected(outcome); ok {
		s.remove(v1alpha1.ConditionReconciling)
		s.set(v1alpha1.ConditionStalled, metav1.ConditionTrue, rejected.Reason, rejected.Message)
		s.set(v1alpha1.ConditionReady, metav1.ConditionFalse, rejected.Reason, rejected.Message)
		s.stage.Status.ObservedGeneration = s.stage.Generation
		return
	}
	s.remove(v1alpha1.ConditionStalled)
	reason, message := s.progress(outcome)
	if reason == v1alpha1.ReasonSuspended {
		s.remove(v1alpha1.ConditionReconciling)
		s.set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
		return
	}
	s.set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, reason, message)
	s.set(v1alpha1.ConditionReady, metav1.ConditionFalse, reason, message)
}

func (s *session) available() {
	live := s.situation.Recorded.Live
	if live == nil {
		s.set(v1alpha1.ConditionAvailable, metav1.ConditionFalse, v1alpha1.ReasonNotLive, "nothing is live yet")
		return
	}
	s.set(v1alpha1.ConditionAvailable, metav1.ConditionTrue, v1alpha1.ReasonLive, fmt.Sprintf("%s serves (release %s)", live.BuildID, live.ID))
}

// progress tells what goes on, or what is waited for.
func (s *session) progress(outcome error) (reason, message string) {
	if waiting, ok := release.AsWaiting(outcome); ok {
		return waiting.Reason, waiting.Message
	}
	if outcome != nil {
		return v1alpha1.ReasonProgressingWithRetry, safe(outcome)
	}
	return v1alpha1.ReasonProgressing, s.goesOn()
}

// goesOn tells what the release is about when there is nothing more to say.
func (s *session) goesOn() string {
	if s.phase == "" || s.situation.Desired == nil {
		return "the release begins"
	}
	return fmt.Sprintf("releasing %s: %s goes on", s.situation.Desired.BuildID, s.phase)
}

// isLive says that what this generation asks for is live, and that no other run is in the way.
func (s *session) isLive() bool {
	d, recorded := s.situation.Desired, &s.situation.Recorded
	if d == nil || recorded.Live == nil || recorded.Live.ID != d.ID {
		return false
	}
	return recorded.Run == nil || recorded.Run.State == release.RunSucceeded && recorded.Run.ID == d.ID
}

// disputed says that someone else moved an alias of what is recorded as live. All else that can go wrong after a release went live
// concerns the clean-up, which never blocks Ready.
func disputed(outcome error) bool {
	rejected, ok := release.AsRejected(outcome)
	return ok && rejected.Reason == v1alpha1.ReasonAliasConflict
}

// word is the one word for people.
func (s *session) word(outcome error) string {
	words := map[release.Phase]string{
		release.PhaseResolve: "Resolving", release.PhaseFoundation: "Preparing", release.PhaseUpload: "Uploading",
		release.PhaseStack: "Updating", release.PhasePublish: "Publishing", release.PhaseWarm: "Warming",
		release.PhaseCommands: "Commanding", release.PhaseActivate: "Activating", release.PhaseClean: "Cleaning",
	}
	if _, stalled := release.AsRejected(outcome); stalled && !s.isLive() {
		return "Stalled"
	}
	if waiting, ok := release.AsWaiting(outcome); ok && waiting.Reason == v1alpha1.ReasonSuspended {
		return "Suspended"
	}
	if s.isLive() && s.situation.Recorded.Live.Cleaned {
		return "Live"
	}
	if s.isLive() {
		return "Cleaning"
	}
	if word := words[s.position(outcome)]; word != "" {
		return word
	}
	return "Pending"
}
