package stage

import (
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// requests are what a Stage's annotations ask for and that was not acted on before. Each acts once per value.
type requests struct {
	status *v1alpha1.StageStatus
	// requestedAt is the value that asks to look at AWS now; look says that it does.
	requestedAt string
	look        bool
	retry       string
	resolution  string
}

func requestsOf(stage *v1alpha1.Stage) requests {
	r := requests{status: &stage.Status}
	unless := func(handled, value string) string {
		if value == handled {
			return ""
		}
		return value
	}
	flux, own := stage.Annotations[v1alpha1.AnnotationFluxRequestedAt], stage.Annotations[v1alpha1.AnnotationRequestedAt]
	r.requestedAt = bounded(strings.Trim(flux+" "+own, " "), maxAnnotation)
	// Each of the two acts once per value; that one of them is taken away again asks for nothing.
	handled := stage.Status.LastHandledReconcileAt
	isNew := func(value string) bool {
		return value != "" && value != handled && !slices.Contains(strings.Fields(handled), value)
	}
	r.look = r.requestedAt != handled && (isNew(flux) || isNew(own))
	r.retry = unless(stage.Status.LastHandledRetry, bounded(stage.Annotations[v1alpha1.AnnotationRetry], maxAnnotation))
	r.resolution = unless(stage.Status.LastHandledCommandResolution,
		bounded(stage.Annotations[v1alpha1.AnnotationCommandResolution], maxAnnotation))
	return r
}

// maxAnnotation is what the status keeps of an annotation's value.
const maxAnnotation = 253

// begin acts on what needs no step of its own: with a request to look, what is live counts as not looked at.
func (r *requests) begin(s *session) {
	if s.stage.Annotations[v1alpha1.AnnotationCommandResolution] == "" {
		r.status.LastHandledCommandResolution = ""
	}
	if r.look && r.status.Live != nil {
		r.status.Live.Cleaned = false
	}
}

// answered remembers a request to look once it has led to something: not while the Stage is suspended, an earlier run must end first,
// or nothing could be looked at.
func (r *requests) answered(s *session, outcome error) {
	waiting, isWaiting := release.AsWaiting(outcome)
	_, isRejected := release.AsRejected(outcome)
	held := isWaiting && waiting.Reason == v1alpha1.ReasonSuspended || outcome != nil && !isWaiting && !isRejected
	if r.look && s.situation.Desired != nil && !s.superseded && !held {
		r.status.LastHandledReconcileAt = r.requestedAt
	}
}

// taken remembers the requests that a step has answered.
func (r *requests) taken(step release.Step) {
	switch step.Action {
	case release.ActionBegin, release.ActionResume:
		r.remember()
	case release.ActionRecordCommand:
		if r.resolution != "" {
			r.status.LastHandledCommandResolution, r.resolution = r.resolution, ""
		}
	default:
	}
}

func (r *requests) remember() {
	if r.retry != "" {
		r.status.LastHandledRetry, r.retry = r.retry, ""
	}
}

// causeOf tells what made a release necessary.
func causeOf(stage *v1alpha1.Stage, situation *plan.Situation, r requests) v1alpha1.Cause {
	recorded, d := &situation.Recorded, situation.Desired
	switch {
	case r.retry != "":
		return v1alpha1.Cause{Type: "Retry", Name: bounded(r.retry, maxAnnotation)}
	case r.look:
		return v1alpha1.Cause{Type: "Request"}
	case recorded.Live == nil:
		return v1alpha1.Cause{Type: "Created"}
	case recorded.Live.BuildID != d.BuildID:
		return v1alpha1.Cause{Type: "Image", Name: d.BuildID}
	case stage.Status.ObservedGeneration == stage.Generation && recorded.Live.ConfigHash != d.ConfigHash:
		return v1alpha1.Cause{Type: "Secret"}
	default:
		return v1alpha1.Cause{Type: "Manifest"}
	}
}
