package stage

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

type result = ctrl.Result

// secretPoll is how often referenced Secrets are read again; they are not watched.
const secretPoll = time.Minute

// cleanRetry spaces out tries of a clean-up that is refused.
const cleanRetry = 10 * time.Minute

// activateWithin is how long errors that may pass are tried again in the middle of an activation, before the aliases are moved back.
const activateWithin = 5 * time.Minute

// finish turns the three ways of not being done, or of being done, into status, event and result. It is the only place that does.
func (s *session) finish(ctx context.Context, outcome error) (result, error) {
	if apierrors.IsConflict(outcome) {
		return result{RequeueAfter: conflictPoll}, nil // the Stage changed meanwhile: begin again with the new one
	}
	if s.clients != nil && cloud.IsExpired(outcome) {
		s.Cloud.Forget(s.access(s.stage, s.in.Profile))
	}
	denied(&outcome)
	ended := s.Now()
	s.requests.answered(s, outcome)
	if err := s.conclude(ctx, outcome); err != nil {
		if apierrors.IsConflict(err) || apierrors.IsNotFound(err) {
			return result{RequeueAfter: conflictPoll}, nil
		}
		return result{}, errors.Join(err, outcome)
	}
	s.announce(outcome)
	s.tell()
	next, err := s.resultOf(outcome)
	return sooner(next, s.Now().Sub(ended)), err
}

// sooner counts the time that writing took into the wait after it.
func sooner(next result, spent time.Duration) result {
	if next.RequeueAfter > 0 {
		next.RequeueAfter = max(next.RequeueAfter-spent, time.Millisecond)
	}
	return next
}

// notWorthTelling is how long a wait may last without being told of: a write for each would take longer than the wait.
const notWorthTelling = 250 * time.Millisecond

// conclude writes how the reconcile ended. Before a short wait in a phase that is told of only what is to be remembered is written.
func (s *session) conclude(ctx context.Context, outcome error) error {
	waiting, isWaiting := release.AsWaiting(outcome)
	if isWaiting && waiting.After != 0 && s.after(waiting) < notWorthTelling && s.stage.Status.Phase == s.word(outcome) {
		return s.writeIfRecorded(ctx)
	}
	return s.write(ctx, outcome)
}

// after is when to look again after a wait.
func (s *session) after(waiting *release.Waiting) time.Duration {
	if waiting.After == release.Soon {
		return plan.PollAfter(s.elapsed(waiting.Condition))
	}
	return waiting.After
}

// conflictPoll is when a Stage that was changed meanwhile is read again; its watch event is on its way.
const conflictPoll = 50 * time.Millisecond

func (s *session) resultOf(outcome error) (result, error) {
	poll := result{}
	if len(s.stage.Spec.Manifest.Secrets) > 0 {
		poll.RequeueAfter = secretPoll + rand.N(secretPoll/10) //nolint:gosec // spreads load, guards nothing
	}
	waiting, isWaiting := release.AsWaiting(outcome)
	rejected, isRejected := release.AsRejected(outcome)
	switch {
	case outcome == nil:
		return poll, nil
	case isWaiting && waiting.After == 0:
		return poll, nil
	case isWaiting:
		return result{RequeueAfter: s.after(waiting)}, nil
	case isRejected && s.isLive():
		return result{RequeueAfter: cleanRetry}, nil
	case isRejected && rejected.Reason == v1alpha1.ReasonInvalidSecret:
		return result{RequeueAfter: secretPoll}, nil
	case isRejected && outside(rejected):
		return result{RequeueAfter: outsidePoll}, nil
	case isRejected && poll.RequeueAfter > 0:
		return poll, nil
	case isRejected:
		return result{}, reconcile.TerminalError(rejected)
	default:
		return result{}, outcome
	}
}

// elapsed is how long the phase of a condition has gone on.
func (s *session) elapsed(condition string) time.Duration {
	if target := s.stage.Status.Target; target != nil {
		for _, phase := range target.Phases {
			if phase.Name == string(phaseOf(condition)) && phase.StartedAt != nil {
				return s.Now().Sub(phase.StartedAt.Time)
			}
		}
	}
	return 0
}

// outsidePoll is when something that the user can only mend outside the Stage is looked at again.
const outsidePoll = 10 * time.Minute

// outside says that nothing in the cluster tells when the reason of a refusal is gone.
func outside(rejected *release.Rejected) bool {
	switch rejected.Reason {
	case v1alpha1.ReasonNotOwned, v1alpha1.ReasonProfileMismatch, v1alpha1.ReasonTagMoved, v1alpha1.ReasonImageUnsupported:
		return true
	default:
		return false
	}
}

// refused decides what a refusal means for the run: it fails, or first its aliases are moved back. Nil goes on with the loop.
func (s *session) refused(ctx context.Context, err error) error {
	rejected, ok := release.AsRejected(err)
	run := s.situation.Recorded.Run
	if !ok || run == nil || run.State != release.RunRunning || s.situation.Desired == nil || run.ID != s.situation.Desired.ID || s.isLive() {
		return err
	}
	switch {
	case rejected.Reason == v1alpha1.ReasonCommandOutcomeUnknown:
		return err // a person's word takes the run on
	case run.FlipIntendedAt.IsZero() && (rejected.Reason == v1alpha1.ReasonNotOwned || rejected.Reason == v1alpha1.ReasonProfileMismatch):
		return err // not the release's fault: it goes on when that is mended
	case !run.FlipIntendedAt.IsZero() && run.Failure == nil:
		run.Failure = activationFailure(run, rejected)
		s.situation.Observed.Forget(release.PartAliases)
		return nil
	}
	run.State, run.Failure, run.FinishedAt = release.RunFailed, withRemedy(rejected), s.Now()
	s.count(resultFailed)
	if !s.superseded {
		return run.Failure
	}
	s.warn(eventReleaseFailed, "%s: %s", run.Failure.Reason, run.Failure.Message)
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	return s.situate(ctx) // what the Stage asks for by now has its turn
}

// withRemedy sees to it that the user knows what to do.
func withRemedy(rejected *release.Rejected) *release.Rejected {
	if strings.Contains(rejected.Message, v1alpha1.AnnotationRetry) {
		return rejected
	}
	return release.Reject(rejected.Condition, rejected.Reason, "%s\nCorrect the Stage or push a new build; to try the same again, annotate it with %s=<any new value>",
		bounded(rejected.Message, maxMessage-256), v1alpha1.AnnotationRetry)
}

// activationFailure tells what becomes of the aliases: they move back where there is a version before; a first release stays.
func activationFailure(run *release.Run, why *release.Rejected) *release.Rejected {
	for _, function := range run.Functions {
		if function.Previous != "" {
			return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack, "activation failed and the aliases were moved back: %s", why.Message)
		}
	}
	return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonEntryFailed,
		"the release is in place, and what lets traffic reach it could not be made: %s; annotate the Stage with %s=<any new value> to try only that again",
		why.Message, v1alpha1.AnnotationRetry)
}

// overdue gives up an activation that meets errors for too long, so that functions do not stay on different releases.
func (s *session) overdue(step release.Step, err error) error {
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	run := s.situation.Recorded.Run
	if isRejected || isWaiting || step.Phase != release.PhaseActivate || run == nil || run.FlipIntendedAt.IsZero() || run.Failure != nil {
		return err
	}
	if s.Now().Sub(run.FlipIntendedAt) < activateWithin {
		return err
	}
	return release.Reject(v1alpha1.ConditionActivated, v1alpha1.ReasonRolledBack, "errors for more than %s: %s", activateWithin, safe(err))
}

// denied turns AWS's refusal of the credentials into a wait: a person has to act, and AWS takes a while to know of it.
func denied(outcome *error) {
	if !cloud.IsDenied(*outcome) {
		return
	}
	if _, ok := release.AsRejected(*outcome); ok {
		return
	}
	*outcome = release.Wait("", v1alpha1.ReasonAccessDenied, deniedPoll, "AWS refuses: %s", safe(*outcome))
}

// safe is an error's text without what must not be shown: request ids change with every try and would make each a new status.
func safe(err error) string {
	if err == nil {
		return ""
	}
	text := err.Error()
	if code := cloud.Code(err); code != "" {
		before, _, _ := strings.Cut(text, ": operation error")
		text = fmt.Sprintf("%s: %s: %s", before, code, cloud.Message(err))
	}
	return bounded(text, maxMessage/2)
}
