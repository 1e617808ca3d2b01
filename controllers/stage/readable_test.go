package stage

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

func TestTheResultFollowsTheThreeWaysOfNotBeingDone(t *testing.T) {
	withSecret := releasing()
	withSecret.stage.Spec.Manifest.Secrets = []v1alpha1.SecretSource{{Name: "env"}}
	atRest := releasing()
	atRest.stage.Spec.Manifest.Secrets = withSecret.stage.Spec.Manifest.Secrets
	noon := time.Now()
	withSecret.r.Now, atRest.r.Now = func() time.Time { return noon }, func() time.Time { return noon }
	changed := func(s *session, ago time.Duration) {
		s.stage.Status.Conditions = []metav1.Condition{{LastTransitionTime: metav1.NewTime(noon.Add(-ago))}}
	}
	changed(withSecret, 9*time.Minute)
	changed(atRest, time.Hour)
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
		{"Secrets are read again each minute while something happens", withSecret, nil, time.Minute, 66 * time.Second, false},
		{"and seldom at rest", atRest, nil, 10 * time.Minute, 11 * time.Minute, false},
		{"a wait says when", releasing(), release.Wait("", "Progressing", 7*time.Second, "x"), 7 * time.Second,
			7 * time.Second, false},
		{"a hold ends by an edit", releasing(), release.Wait("", "Suspended", 0, "x"), 0, 0, false},
		{"a refusal is not tried again", releasing(), refusal, 0, 0, true},
		{"one that someone mends on AWS is looked at again, seldom", releasing(),
			release.Reject("", v1alpha1.ReasonNotOwned, "x"), outsidePoll, outsidePoll, false},
		{"a result may still come", releasing(), release.Reject("", v1alpha1.ReasonCommandOutcomeUnknown, "x"), outcomePoll,
			outcomePoll, false},
		{"a Secret may be corrected", releasing(), release.Reject("", v1alpha1.ReasonInvalidSecret, "x"), secretPoll,
			secretPoll, false},
		{"but a changed Secret may change it", withSecret, refusal, time.Minute, 66 * time.Second, false},
		{"a refused clean-up is tried again", live(false), release.Reject(v1alpha1.ConditionCleaned, "StackRolledBack", "x"),
			cleanRetry, cleanRetry, false},
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
	if _, err := releasing().resultOf(errors.New("connection reset")); err == nil ||
		errors.Is(err, reconcile.TerminalError(nil)) {
		t.Errorf("an error that may pass gives %v: it is left to the queue's backoff", err)
	}
}

func TestThatAWSHasNoRoomForACallIsWaitedForAndHoldsNobodyUp(t *testing.T) {
	throttled := &smithy.GenericAPIError{Code: "TooManyRequestsException", Message: "Rate exceeded"}
	for why, err := range map[string]error{
		"AWS throttles":         fmt.Errorf("reading the alias: %w", throttled),
		"the budget is used up": &cloud.Busy{After: time.Second},
	} {
		waiting, ok := release.AsWaiting(readable(release.At(v1alpha1.ConditionActivated, err)))
		if !ok || waiting.After < time.Second || waiting.After > 3*time.Second ||
			waiting.Condition != v1alpha1.ConditionActivated || waiting.Reason != v1alpha1.ReasonProgressingWithRetry {
			t.Errorf("%s: it is shown as %+v", why, waiting)
		}
	}
}

func TestAnErrorIsShownWithoutWhatChangesWithEachTry(t *testing.T) {
	answer := func(id string) error {
		return fmt.Errorf("reading function http: operation error Lambda: GetFunction, https response error StatusCode: "+
			"500, RequestID: %s, %w",
			id, &smithy.GenericAPIError{Code: "ServiceException", Message: "try later"})
	}
	network := func(port string) error {
		return errors.New("reading function http: read tcp 127.0.0.1:" + port + "->127.0.0.1:443: connection reset by peer")
	}
	for _, make := range []func(string) error{answer, network} {
		first, second := readable(make("1111")), readable(make("2222"))
		if first.Error() != second.Error() {
			t.Errorf("shown are %q and %q", first, second)
		}
	}
	if got := readable(answer("1")).Error(); !strings.Contains(got, "ServiceException: try later") {
		t.Errorf("shown is %q", got)
	}
	if got := readable(network("1")).Error(); !strings.Contains(got, "127.0.0.1:443: connection reset") {
		t.Errorf("shown is %q", got)
	}
}

func TestWhatAWSRefusesIsWaitedForAtItsCondition(t *testing.T) {
	refused := release.At(v1alpha1.ConditionImagePushed,
		fmt.Errorf("describing images: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"}))
	waiting, ok := release.AsWaiting(readable(refused))
	if !ok || waiting.Reason != v1alpha1.ReasonAccessDenied || waiting.Condition != v1alpha1.ConditionImagePushed ||
		!strings.Contains(waiting.Message, "not you") {
		t.Errorf("got %+v", waiting)
	}
	refusal := error(release.Reject("", "WarmFailed", "it crashes"))
	if got := readable(refusal); got != refusal {
		t.Errorf("a refusal of ours became %v", got)
	}
}
