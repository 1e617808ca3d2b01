package stage

import (
	"fmt"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
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

// eventOf names the event of a phase that has succeeded, by its condition: events of different phases must differ in their
// reason, since the note does not keep them apart.
func eventOf(phase release.Phase) string { return conditionsOf[phase][0] }

func (s *session) event(reason, format string, arguments ...any) {
	s.emit(corev1.EventTypeNormal, reason, fmt.Sprintf(format, arguments...))
}

func (s *session) warn(reason, format string, arguments ...any) {
	s.emit(corev1.EventTypeWarning, reason, fmt.Sprintf(format, arguments...))
}

func (s *session) emit(eventType, reason, note string) {
	s.news = append(s.news, func() { s.Events.Eventf(s.stage, nil, eventType, reason, reason, "%s", bounded(note, maxNote)) })
}

// tell tells the news, after what they are about was written: what another write came before is told by the reconcile after it.
func (s *session) tell() {
	for _, tell := range s.news {
		tell()
	}
	s.news = nil
}

// announce tells of what has changed since the reconcile began: live, failed, suspended.
func (s *session) announce(outcome error) {
	is, was := ready(s.stage), s.readyBefore
	if is == nil || was != nil && was.Status == is.Status && was.Reason == is.Reason {
		return
	}
	_, isRejected := release.AsRejected(outcome)
	switch {
	case is.Status == metav1.ConditionTrue:
		s.event(eventReleaseLive, "%s", is.Message)
	case isRejected:
		s.warn(eventReleaseFailed, "%s: %s", is.Reason, is.Message)
	case is.Reason == v1alpha1.ReasonSuspended:
		s.event(eventSuspended, "%s", is.Message)
	}
}

func ready(stage *v1alpha1.Stage) *metav1.Condition {
	return meta.FindStatusCondition(stage.Status.Conditions, v1alpha1.ConditionReady)
}
