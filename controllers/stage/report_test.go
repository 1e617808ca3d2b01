package stage

import (
	"errors"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

func machineOf(recorded release.Recorded) *plan.Machine {
	m := plan.New(recorded, "uid", plan.DefaultLimits())
	m.Now = time.Unix(1_800_000_000, 0)
	return m
}

// asks has a session's Stage ask for a release whose image is known.
func asks(s *session, d *release.Desired, edits ...func(*plan.Asked)) *session {
	s.machine.Recorded.Image = &release.ResolvedImage{Tag: d.BuildID, Digest: "sha256:a"}
	a := plan.Asked{
		Release: func(string, string) *release.Desired { return d },
		Image:   release.Image{Tag: d.BuildID}, Generation: s.stage.Generation,
	}
	for _, edit := range edits {
		edit(&a)
	}
	s.machine.Ask(a)
	return s
}

// releasing is a session in which v2 is on its way in generation 2, and is being published, while v1 serves.
func releasing() *session {
	stage := &v1alpha1.Stage{Status: v1alpha1.StageStatus{ObservedGeneration: 1}}
	stage.Generation = 2
	run := &release.Run{ReleaseID: "r2", ID: "run-2", State: release.RunRunning, BuildID: "v2", Generation: 2}
	for _, spec := range plan.Phases[:4] {
		run.Phases = append(run.Phases, release.PhaseRecord{
			Phase: spec.Phase, State: release.PhaseSucceeded, Message: string(spec.Phase) + " is done",
		})
	}
	run.Phases = append(run.Phases,
		release.PhaseRecord{Phase: release.PhasePublish, State: release.PhaseRunning, Message: "1 of 3 versions are active"})
	s := &session{
		r: &Reconciler{Now: time.Now, Events: events.NewFakeRecorder(100)}, stage: stage, before: stage.DeepCopy(),
		machine: machineOf(release.Recorded{Live: &release.Live{ID: "r1", BuildID: "v1"}, Run: run}),
	}
	return asks(s, &release.Desired{ID: "r2", BuildID: "v2"})
}

// live is the same session after v2 went live.
func live(cleaned bool) *session {
	s := releasing()
	s.machine.Recorded.Live = &release.Live{ID: "r2", BuildID: "v2", Cleaned: cleaned}
	run := s.machine.Recorded.Run
	run.State, run.Phases = release.RunSucceeded, nil
	for _, spec := range plan.Phases[:len(plan.Phases)-1] {
		run.Phases = append(run.Phases, release.PhaseRecord{Phase: spec.Phase, State: release.PhaseSucceeded})
	}
	return s
}

// superseded is a session whose run must end, for the Stage asks for v3 by now.
func superseded() *session {
	s := releasing()
	s.stage.Generation = 3
	s.machine.Recorded.Run.Commands = []release.CommandRun{{Name: "migrate", State: release.CommandStarted}}
	return asks(s, &release.Desired{ID: "r3", BuildID: "v3"})
}

func conditionOf(s *session, conditionType string) metav1.Condition {
	if found := meta.FindStatusCondition(s.stage.Status.Conditions, conditionType); found != nil {
		return *found
	}
	return metav1.Condition{}
}

func TestTheSummaryTellsHowAReconcileEnded(t *testing.T) {
	const busy, live1, cleaned = v1alpha1.ConditionStackUpdated, v1alpha1.ConditionReady, v1alpha1.ConditionCleaned
	for _, row := range []struct {
		why      string
		session  *session
		outcome  error
		ready    string
		others   string
		word     string
		observed int64
	}{
		{"a phase goes on", releasing(), nil, "False Progressing", "Reconciling", "Publishing", 1},
		{"it waits for AWS", releasing(), release.Wait(busy, "StackBusy", time.Second, "someone else"), "False StackBusy",
			"Reconciling", "Updating", 1},
		{"an error may pass", releasing(), errors.New("connection reset"), "False ProgressingWithRetry", "Reconciling",
			"Publishing", 1},
		{"the user must act", releasing(), release.Reject(v1alpha1.ConditionWarmed, "WarmFailed", "x"), "False WarmFailed",
			"Stalled", "Stalled", 2},
		{"it is suspended", releasing(), release.Wait(live1, "Suspended", 0, "held"), "False Suspended", "", "Suspended", 1},
		{"it is live", live(true), nil, "True Live", "", "Live", 2},
		{"the clean-up waits", live(false), release.Wait(cleaned, "Pending", time.Minute, "settles"), "True Live", "",
			"Cleaning", 2},
		{"the clean-up is refused", live(false), release.Reject(cleaned, "StackRolledBack", "no"), "True Live", "",
			"Cleaning", 2},
		{"a clean-up that AWS does not allow", live(false), release.Wait("", "AccessDenied", time.Minute, "no"), "True Live",
			"", "Cleaning", 2},
		{"a clean-up that meets an error", live(false), errors.New("connection reset"), "True Live", "", "Cleaning", 2},
		{"a clean-up that is held", live(false), release.Wait(cleaned, "Suspended", 0, "held"), "True Live", "", "Suspended",
			2},
		{"another release is asked for by now", superseded(), nil, "False Progressing", "Reconciling", "Publishing", 1},
		{"an alias was moved by someone else", live(false), release.Reject(cleaned, "AliasConflict", "moved"),
			"False AliasConflict", "Stalled", "Cleaning", 2},
		{"what is live is not whole", live(false), release.Reject(cleaned, "LiveIncomplete", "gone"), "False LiveIncomplete",
			"Stalled", "Cleaning", 2},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := row.session
			s.report(row.outcome)
			ready := conditionOf(s, v1alpha1.ConditionReady)
			if got := string(ready.Status) + " " + ready.Reason; got != row.ready {
				t.Errorf("Ready is %s, want %s", got, row.ready)
			}
			var others []string
			for _, exclusive := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
				if conditionOf(s, exclusive).Status == metav1.ConditionTrue {
					others = append(others, exclusive)
				}
			}
			if got := strings.Join(others, " "); got != row.others {
				t.Errorf("beside it %q, want %q", got, row.others)
			}
			if s.stage.Status.Phase != row.word || s.stage.Status.ObservedGeneration != row.observed {
				t.Errorf("got %s of generation %d, want %s of %d",
					s.stage.Status.Phase, s.stage.Status.ObservedGeneration, row.word, row.observed)
			}
			if conditionOf(s, v1alpha1.ConditionAvailable).Status != metav1.ConditionTrue {
				t.Error("what is live is not Available")
			}
		})
	}
}

func TestWhatIsLiveIsNotReadyWhileSomethingOfItIsRestored(t *testing.T) {
	s := live(false)
	s.machine.Observed.Whole = &release.Whole{Sendable: []string{"the image"}}
	restoring := release.Wait(v1alpha1.ConditionCleaned, v1alpha1.ReasonProgressing, time.Second, "it is sent")
	for _, outcome := range []error{nil, restoring} { // a fence tells the same as what it is before
		s.report(outcome)
		got := conditionOf(s, v1alpha1.ConditionReady)
		if got.Status != metav1.ConditionFalse || !strings.Contains(got.Message, "missing of what is live: the image") {
			t.Errorf("Ready is %+v", got)
		}
	}
	s.machine.Observed.Whole = &release.Whole{}
	if s.report(nil); conditionOf(s, v1alpha1.ConditionReady).Status != metav1.ConditionTrue {
		t.Error("Ready is not True again")
	}
}

func TestEachPhaseTellsWhatItsRecordSays(t *testing.T) {
	s := releasing()
	s.report(nil)
	for condition, want := range map[string]string{
		v1alpha1.ConditionImageResolved:     "True Succeeded Resolve is done",
		v1alpha1.ConditionStackUpdated:      "True Succeeded Stack is done",
		v1alpha1.ConditionVersionsPublished: "Unknown Progressing 1 of 3 versions are active",
		v1alpha1.ConditionWarmed:            "Unknown Pending its turn in this run has not come",
		v1alpha1.ConditionCleaned:           "Unknown Pending its turn in this run has not come",
	} {
		got := conditionOf(s, condition)
		if text := string(got.Status) + " " + got.Reason + " " + got.Message; text != want {
			t.Errorf("%s is %q, want %q", condition, text, want)
		}
	}
	if got := conditionOf(s, v1alpha1.ConditionReady).Message; got != "releasing v2: 1 of 3 versions are active" {
		t.Errorf("Ready says %q", got)
	}
}

func TestAConditionOfAPhaseIsOfTheRunsGeneration(t *testing.T) {
	s := superseded()
	s.report(nil)
	if got := conditionOf(s, v1alpha1.ConditionStackUpdated).ObservedGeneration; got != 2 {
		t.Errorf("a phase of the run before is of generation %d", got)
	}
	if got := conditionOf(s, v1alpha1.ConditionReady).ObservedGeneration; got != 3 {
		t.Errorf("Ready is of generation %d", got)
	}
}

func TestWhatCouldNotBeBegunUnsaysNothingOfWhatIsLive(t *testing.T) {
	s := live(true)
	s.stage.Generation = 3
	missing := release.Wait(v1alpha1.ConditionImageResolved, v1alpha1.ReasonRegistryNotAllowed, time.Minute,
		"it is not allowed")
	asks(s, &release.Desired{ID: "r3", BuildID: "v3"}, func(a *plan.Asked) { a.Unprepared, a.Release = missing, nil })
	before := s.machine.Recorded.Run.Phases
	s.report(missing)
	if got := conditionOf(s, v1alpha1.ConditionImageResolved); got.Reason != v1alpha1.ReasonRegistryNotAllowed ||
		got.ObservedGeneration != 3 {
		t.Errorf("ImageResolved is %+v", got)
	}
	if got := conditionOf(s, v1alpha1.ConditionActivated); got.Status != metav1.ConditionTrue ||
		got.ObservedGeneration != 2 {
		t.Errorf("Activated is %+v", got)
	}
	if got := s.machine.Recorded.Run.Phases; len(got) != len(before) || got[0] != before[0] {
		t.Errorf("the record is %+v, it was %+v", got, before)
	}
}

func TestAnOutcomeIsToldByItsOwnPhaseOfTwoThatGoOn(t *testing.T) {
	for _, row := range []struct {
		why     string
		outcome error
		image   string
		assets  string
	}{
		{"ECR is out of reach", release.At(v1alpha1.ConditionImagePushed, errors.New("x")), "Unknown ProgressingWithRetry",
			"Unknown Progressing"},
		{"an asset is refused", release.Reject(v1alpha1.ConditionAssetsUploaded, "AssetsInvalid", "x"),
			"Unknown Progressing", "False AssetsInvalid"},
		{"the image is waited for", release.Wait(v1alpha1.ConditionImagePushed, "AccessDenied", time.Second, "x"),
			"Unknown AccessDenied", "Unknown Progressing"},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := releasing()
			s.machine.Recorded.Run.Phases = append(s.machine.Recorded.Run.Phases[:2],
				release.PhaseRecord{Phase: release.PhaseUpload, State: release.PhaseRunning},
				release.PhaseRecord{Phase: release.PhaseAssets, State: release.PhaseRunning})
			s.report(row.outcome)
			for condition, want := range map[string]string{v1alpha1.ConditionImagePushed: row.image,
				v1alpha1.ConditionAssetsUploaded: row.assets} {
				if got := conditionOf(s, condition); string(got.Status)+" "+got.Reason != want {
					t.Errorf("%s is %s %s, want %s", condition, got.Status, got.Reason, want)
				}
			}
		})
	}
}

func TestAPhaseThatWentOnWhenAnotherFailedWasStopped(t *testing.T) {
	s := releasing()
	run := s.machine.Recorded.Run
	run.State = release.RunFailed
	run.Failure = release.Reject(v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid, "it cannot be served")
	run.Phases = append(run.Phases[:2],
		release.PhaseRecord{Phase: release.PhaseUpload, State: release.PhaseRunning},
		release.PhaseRecord{Phase: release.PhaseAssets, State: release.PhaseFailed, Message: "x"})
	s.report(run.Failure)
	if got := conditionOf(s, v1alpha1.ConditionAssetsUploaded); got.Status != metav1.ConditionFalse ||
		got.Reason != v1alpha1.ReasonAssetsInvalid {
		t.Errorf("AssetsUploaded is %+v", got)
	}
	if got := conditionOf(s, v1alpha1.ConditionImagePushed); got.Status != metav1.ConditionUnknown ||
		got.Reason != v1alpha1.ReasonPending {
		t.Errorf("ImagePushed is %+v", got)
	}
}

func TestAfterALostRunWhatIsLiveIsToldByEachPhase(t *testing.T) {
	s := live(true)
	s.machine.Recorded.Run = nil
	s.report(nil)
	for _, phase := range plan.Phases {
		if got := conditionOf(s, phase.Condition); got.Status != metav1.ConditionTrue {
			t.Errorf("%s is %+v", phase.Condition, got)
		}
	}
}

func TestADeletionTellsWhatItWaitsFor(t *testing.T) {
	s := live(true)
	s.machine.Asked.Removal = &plan.Removal{Delete: true}
	s.set(v1alpha1.ConditionStalled, 2, metav1.ConditionTrue, "WarmFailed", "x")
	s.report(release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, time.Second,
		"stack app is in DELETE_IN_PROGRESS"))
	if got := conditionOf(s, v1alpha1.ConditionReady); got.Reason != v1alpha1.ReasonDeleting ||
		!strings.Contains(got.Message, "DELETE_IN_PROGRESS") {
		t.Errorf("Ready is %+v", got)
	}
	if conditionOf(s, v1alpha1.ConditionStalled).Type != "" || s.stage.Status.Phase != "Deleting" {
		t.Errorf("the status is %+v", s.stage.Status)
	}
}
