package stage

import (
	"errors"
	"testing"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// annotated is a Stage whose live release is cleaned up after.
func annotated(annotations map[string]string) *v1alpha1.Stage {
	stage := &v1alpha1.Stage{Status: v1alpha1.StageStatus{Live: &v1alpha1.Release{ID: "r1", BuildID: "v1", Cleaned: true}}}
	stage.Annotations = annotations
	return stage
}

func TestARequestToLookActsOncePerValue(t *testing.T) {
	stage := annotated(map[string]string{v1alpha1.AnnotationRequestedAt: "noon"})
	for _, row := range []struct {
		why, own, flux string
		want           bool
	}{
		{"it is new", "noon", "", true},
		{"it was acted on", "noon", "", false},
		{"it has another value", "one", "", true},
		{"Flux asks beside it", "one", "flux", true},
		{"both were acted on", "one", "flux", false},
		{"one of them is taken away", "", "flux", false},
		{"both are gone", "", "", false},
	} {
		stage.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: row.own, v1alpha1.AnnotationFluxRequestedAt: row.flux}
		stage.Status.Live.Cleaned = true
		r := requestsOf(stage)
		if r.look != row.want {
			t.Errorf("%s: looks %t", row.why, r.look)
		}
		s := &session{stage: stage}
		s.situation.Desired = &release.Desired{}
		r.begin(s)
		if stage.Status.Live.Cleaned == row.want {
			t.Errorf("%s: what is live counts as looked at: %t", row.why, stage.Status.Live.Cleaned)
		}
		r.answered(s, nil)
	}
}

func TestARequestToLookIsKeptUntilItHasLedToSomething(t *testing.T) {
	for why, row := range map[string]struct {
		change  func(*session)
		outcome error
		handled string
	}{
		"it was looked":                  {func(*session) {}, nil, "noon"},
		"a release began":                {func(*session) {}, release.Wait("", v1alpha1.ReasonProgressing, time.Second, "x"), "noon"},
		"the Stage is suspended":         {func(*session) {}, release.Wait("", v1alpha1.ReasonSuspended, 0, "x"), ""},
		"AWS was out of reach":           {func(*session) {}, errors.New("connection reset"), ""},
		"an earlier run must end first":  {func(s *session) { s.superseded = true }, nil, ""},
		"a Secret that it needs is gone": {func(s *session) { s.situation.Desired = nil }, release.Wait("", v1alpha1.ReasonSecretNotFound, 0, "x"), ""},
	} {
		t.Run(why, func(t *testing.T) {
			stage := annotated(map[string]string{v1alpha1.AnnotationRequestedAt: "noon"})
			s := &session{stage: stage}
			s.situation.Desired = &release.Desired{}
			row.change(s)
			r := requestsOf(stage)
			r.answered(s, row.outcome)
			if got := stage.Status.LastHandledReconcileAt; got != row.handled {
				t.Errorf("handled is %q, want %q", got, row.handled)
			}
		})
	}
}

func TestARetryIsRememberedByTheRunThatItBegan(t *testing.T) {
	stage := annotated(map[string]string{v1alpha1.AnnotationRetry: "1"})
	r := requestsOf(stage)
	if r.retry != "1" {
		t.Fatalf("the retry is %q", r.retry)
	}
	r.taken(release.Step{Action: release.ActionUpload})
	if requestsOf(stage).retry != "1" {
		t.Error("a step that begins no run answered it")
	}
	r.taken(release.Step{Action: release.ActionBegin})
	if again := requestsOf(stage); again.retry != "" {
		t.Error("it acts twice")
	}
}

func TestAResolutionActsOnceAndMayBeGivenAgainAfterItWasTakenAway(t *testing.T) {
	stage := annotated(map[string]string{v1alpha1.AnnotationCommandResolution: "retry"})
	r := requestsOf(stage)
	r.taken(release.Step{Action: release.ActionRecordCommand})
	if requestsOf(stage).resolution != "" {
		t.Error("it acts twice")
	}
	stage.Annotations = nil
	r = requestsOf(stage)
	r.begin(&session{stage: stage})
	stage.Annotations = map[string]string{v1alpha1.AnnotationCommandResolution: "retry"}
	if requestsOf(stage).resolution != "retry" {
		t.Error("another command of unknown outcome cannot be resolved the same way")
	}
}

func TestAReleaseNamesItsCause(t *testing.T) {
	live := &release.Live{BuildID: "v1", ConfigHash: "c1"}
	for _, row := range []struct {
		why      string
		live     *release.Live
		desired  release.Desired
		observed int64
		requests requests
		want     v1alpha1.Cause
	}{
		{"nothing was live", nil, release.Desired{BuildID: "v1"}, 1, requests{}, v1alpha1.Cause{Type: "Created"}},
		{"the tag changed", live, release.Desired{BuildID: "v2", ConfigHash: "c1"}, 1, requests{}, v1alpha1.Cause{Type: "Image", Name: "v2"}},
		{"a Secret changed, the Stage did not", live, release.Desired{BuildID: "v1", ConfigHash: "c2"}, 2, requests{}, v1alpha1.Cause{Type: "Secret"}},
		{"the environment in the manifest changed", live, release.Desired{BuildID: "v1", ConfigHash: "c2"}, 1, requests{}, v1alpha1.Cause{Type: "Manifest"}},
		{"a person asked for another run", live, release.Desired{BuildID: "v2"}, 1, requests{retry: "now"}, v1alpha1.Cause{Type: "Retry", Name: "now"}},
		{"a person asked for the newest templates", live, release.Desired{BuildID: "v1"}, 2, requests{look: true}, v1alpha1.Cause{Type: "Request"}},
	} {
		t.Run(row.why, func(t *testing.T) {
			stage := &v1alpha1.Stage{Status: v1alpha1.StageStatus{ObservedGeneration: row.observed}}
			stage.Generation = 2
			got := causeOf(stage, &plan.Situation{Desired: &row.desired, Recorded: release.Recorded{Live: row.live}}, row.requests)
			if got != row.want {
				t.Errorf("got %+v, want %+v", got, row.want)
			}
		})
	}
}
