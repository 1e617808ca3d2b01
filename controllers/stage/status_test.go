package stage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// releasing is a session in which v2 is on its way in generation 2, while v1 serves.
func releasing() *session {
	stage := &v1alpha1.Stage{Status: v1alpha1.StageStatus{ObservedGeneration: 1}}
	stage.Generation = 2
	s := &session{
		Reconciler: &Reconciler{Now: time.Now, Events: events.NewFakeRecorder(100)}, stage: stage, phase: release.PhasePublish,
		situation: plan.Situation{
			Desired: &release.Desired{ID: "r2", BuildID: "v2"},
			Recorded: release.Recorded{
				Live: &release.Live{ID: "r1", BuildID: "v1"},
				Run:  &release.Run{ID: "r2", Run: "run-2", State: release.RunRunning, BuildID: "v2"},
			},
		},
	}
	writeRecorded(&stage.Status, &s.situation.Recorded)
	return s
}

// live is the same session after v2 went live.
func live(cleaned bool) *session {
	s := releasing()
	s.situation.Recorded.Live = &release.Live{ID: "r2", BuildID: "v2", Cleaned: cleaned}
	s.situation.Recorded.Run.State = release.RunSucceeded
	s.phase = release.PhaseClean
	return s
}

func superseded(s *session) *session {
	s.superseded = true
	return s
}

func TestTheSummaryTellsHowAReconcileEnded(t *testing.T) {
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
		{"it waits for AWS", releasing(), release.Wait(v1alpha1.ConditionStackUpdated, "StackBusy", time.Second, "someone else"), "False StackBusy", "Reconciling", "Updating", 1},
		{"an error may pass", releasing(), errors.New("connection reset"), "False ProgressingWithRetry", "Reconciling", "Publishing", 1},
		{"the user must act", releasing(), release.Reject(v1alpha1.ConditionWarmed, "WarmFailed", "it crashes"), "False WarmFailed", "Stalled", "Stalled", 2},
		{"it is suspended", releasing(), release.Wait(v1alpha1.ConditionReady, "Suspended", 0, "held"), "False Suspended", "", "Suspended", 1},
		{"it is live", live(true), nil, "True Live", "", "Live", 2},
		{"the clean-up waits", live(false), release.Wait(v1alpha1.ConditionCleaned, "Pending", time.Minute, "settles"), "True Live", "", "Cleaning", 2},
		{"the clean-up is refused", live(false), release.Reject(v1alpha1.ConditionCleaned, "StackRolledBack", "no"), "True Live", "", "Cleaning", 2},
		{"a clean-up that is not allowed on AWS", live(false), release.Wait("", "AccessDenied", time.Minute, "no"), "True Live", "", "Cleaning", 2},
		{"a clean-up that meets an error", live(false), errors.New("connection reset"), "True Live", "", "Cleaning", 2},
		{"a clean-up that is held", live(false), release.Wait(v1alpha1.ConditionCleaned, "Suspended", 0, "held"), "True Live", "", "Suspended", 2},
		{"what is live was superseded meanwhile", superseded(live(true)), nil, "False Progressing", "Reconciling", "Live", 1},
		{"an alias was moved by someone else", live(false), release.Reject(v1alpha1.ConditionCleaned, "AliasConflict", "moved"), "False AliasConflict", "Stalled", "Cleaning", 2},
	} {
		t.Run(row.why, func(t *testing.T) {
			s := row.session
			s.report(row.outcome)
			conditions := s.stage.Status.Conditions
			ready := meta.FindStatusCondition(conditions, v1alpha1.ConditionReady)
			if got := string(ready.Status) + " " + ready.Reason; got != row.ready {
				t.Errorf("Ready is %s, want %s", got, row.ready)
			}
			var others []string
			for _, exclusive := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
				if found := meta.FindStatusCondition(conditions, exclusive); found != nil && found.Status == metav1.ConditionTrue {
					others = append(others, exclusive)
				}
			}
			if got := strings.Join(others, " "); got != row.others {
				t.Errorf("beside it %q, want %q", got, row.others)
			}
			if s.stage.Status.Phase != row.word || s.stage.Status.ObservedGeneration != row.observed {
				t.Errorf("got %s of generation %d, want %s of %d", s.stage.Status.Phase, s.stage.Status.ObservedGeneration, row.word, row.observed)
			}
			if !meta.IsStatusConditionTrue(conditions, v1alpha1.ConditionAvailable) {
				t.Error("what is live is not Available")
			}
		})
	}
}

func TestPhasesBeforeTheCurrentOneAreDoneAndThoseAfterItWait(t *testing.T) {
	s := releasing()
	s.report(nil)
	want := map[string]metav1.ConditionStatus{
		v1alpha1.ConditionStackUpdated: metav1.ConditionTrue, v1alpha1.ConditionVersionsPublished: metav1.ConditionUnknown,
		v1alpha1.ConditionWarmed: metav1.ConditionUnknown, v1alpha1.ConditionCleaned: metav1.ConditionUnknown,
	}
	for condition, status := range want {
		if found := meta.FindStatusCondition(s.stage.Status.Conditions, condition); found == nil || found.Status != status {
			t.Errorf("%s is %+v, want %s", condition, found, status)
		}
	}
	if reason := meta.FindStatusCondition(s.stage.Status.Conditions, v1alpha1.ConditionWarmed).Reason; reason != v1alpha1.ReasonPending {
		t.Errorf("a phase whose turn has not come is %s", reason)
	}
}

func TestTheResultFollowsTheThreeWaysOfNotBeingDone(t *testing.T) {
	withSecret := releasing()
	withSecret.stage.Spec.Manifest.Secrets = []v1alpha1.SecretSource{{Name: "env"}}
	refusal := release.Reject(v1alpha1.ConditionWarmed, "WarmFailed", "it crashes")
	for _, row := range []struct {
		why      string
		session  *session
		outcome  error
		soonest  time.Duration
		latest   time.Duration
		terminal bool
	}{
		{"nothing is due", releasing(), nil, 0, 0, false},
		{"Secrets are read again each minute", withSecret, nil, time.Minute, 66 * time.Second, false},
		{"a wait says when", releasing(), release.Wait("", "Progressing", 7*time.Second, "x"), 7 * time.Second, 7 * time.Second, false},
		{"a phase that has just begun is looked at soon", releasing(), release.Wait(v1alpha1.ConditionStackUpdated, "Progressing", release.Soon, "x"), time.Millisecond, time.Second, false},
		{"a refusal is not tried again", releasing(), refusal, 0, 0, true},
		{"one that someone mends on AWS is looked at again, seldom", releasing(), release.Reject("", v1alpha1.ReasonNotOwned, "x"), outsidePoll, outsidePoll, false},
		{"but a changed Secret may change it", withSecret, refusal, time.Minute, 66 * time.Second, false},
		{"a refused clean-up is tried again", live(false), release.Reject(v1alpha1.ConditionCleaned, "StackRolledBack", "x"), cleanRetry, cleanRetry, false},
	} {
		t.Run(row.why, func(t *testing.T) {
			got, err := row.session.resultOf(row.outcome)
			if terminal := errors.Is(err, reconcile.TerminalError(nil)); terminal != row.terminal || err != nil && !terminal {
				t.Errorf("the error is %v", err)
			}
			if got.RequeueAfter < row.soonest || got.RequeueAfter > row.latest {
				t.Errorf("again after %s", got.RequeueAfter)
			}
		})
	}
	if _, err := releasing().resultOf(errors.New("connection reset")); err == nil || errors.Is(err, reconcile.TerminalError(nil)) {
		t.Errorf("an error that may pass gives %v: it is left to the queue's backoff", err)
	}
}

func TestTheTimeOfAWriteCountsIntoTheWait(t *testing.T) {
	for _, row := range []struct {
		why               string
		wait, spent, want time.Duration
	}{
		{"the write was short", 10 * time.Second, time.Second, 9 * time.Second},
		{"the write took longer than the wait", 10 * time.Millisecond, time.Second, time.Millisecond},
		{"nothing is waited for", 0, time.Second, 0},
	} {
		t.Run(row.why, func(t *testing.T) {
			if got := sooner(result{RequeueAfter: row.wait}, row.spent).RequeueAfter; got != row.want {
				t.Errorf("got %s", got)
			}
		})
	}
}

func TestAnErrorIsShownWithoutWhatChangesWithEachTry(t *testing.T) {
	answer := func(id string) error {
		return fmt.Errorf("reading function http: operation error Lambda: GetFunction, https response error StatusCode: 500, RequestID: %s, %w",
			id, &smithy.GenericAPIError{Code: "ServiceException", Message: "try later"})
	}
	first, second := safe(answer("1111")), safe(answer("2222"))
	if first != second || !strings.Contains(first, "ServiceException: try later") {
		t.Errorf("shown are %q and %q", first, second)
	}
}

func TestWhatAWSRefusesIsWaitedFor(t *testing.T) {
	outcome := fmt.Errorf("describing the stack: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"})
	denied(&outcome)
	if waiting, ok := release.AsWaiting(outcome); !ok || waiting.Reason != v1alpha1.ReasonAccessDenied || !strings.Contains(waiting.Message, "not you") {
		t.Errorf("got %v", outcome)
	}
	refusal := error(release.Reject("", "WarmFailed", "it crashes"))
	before := refusal
	if denied(&refusal); refusal != before {
		t.Errorf("a refusal of ours became %v", refusal)
	}
}
