package stage

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/release"
)

type result = ctrl.Result

const (
	// cleanRetry spaces out tries of a clean-up that is refused.
	cleanRetry = 10 * time.Minute
	// conflictPoll is when a Stage that was changed meanwhile is read again; its watch event is on its way.
	conflictPoll = 50 * time.Millisecond
	// outcomePoll is when the result of a command of unknown outcome is looked for again: it may still come.
	outcomePoll = time.Minute
	// outsidePoll is when something that the user can only mend outside the Stage is looked at again.
	outsidePoll = 10 * time.Minute
)

// finish turns the three ways of not being done, or of being done, into status, event and result. It is the only place
// that does.
func (s *session) finish(ctx context.Context, outcome error) (result, error) {
	if _, lost := errors.AsType[*unwritten](outcome); lost {
		return lostRace(outcome)
	}
	// Clients are kept while a release goes on: a thousand Stages at rest need none.
	if s.clients != nil && (cloud.IsExpired(outcome) || outcome == nil && s.machine.Live()) {
		s.r.Cloud.Forget(s.stage.Namespace, s.stage.Name)
	}
	stage := client.ObjectKeyFromObject(s.stage)
	switch {
	case s.machine.Asked.Unprepared != nil && !s.machine.Superseded():
		s.r.turns.end(stage)
	case !s.queues:
		s.r.turns.leave(stage)
	}
	s.forgetStacks(outcome)
	s.machine.Ended(outcome)
	if err := s.writeOutcome(ctx, outcome); err != nil {
		return lostRace(errors.Join(err, outcome))
	}
	gauge(s.before)
	return s.resultOf(outcome)
}

// lostRace begins again where someone else wrote the Stage meanwhile; anything else is an error.
func lostRace(err error) (result, error) {
	if lost, ok := errors.AsType[*unwritten](err); ok &&
		(apierrors.IsConflict(lost.err) || apierrors.IsNotFound(lost.err)) {
		return result{RequeueAfter: conflictPoll}, nil
	}
	return result{}, err
}

// notWorthTelling is how long a wait may last without being told of: a write for each would take longer than the wait.
const notWorthTelling = 250 * time.Millisecond

// writeOutcome writes how the reconcile ended. A short wait in a situation that is told of is not written, nor one
// after which all is come to again: what it would tell is over before anyone reads it, and what a step rests on is
// written before that step.
func (s *session) writeOutcome(ctx context.Context, outcome error) error {
	waiting, isWaiting := release.AsWaiting(outcome)
	brief := isWaiting && waiting.After > 0 && waiting.After < notWorthTelling
	if brief && (s.repeatable || s.told(outcome)) {
		return nil
	}
	return s.write(ctx, outcome, ifChanged)
}

// told says that the status tells of the situation, and holds all that was brought about.
func (s *session) told(outcome error) bool {
	return s.before.Status.Phase == string(s.machine.Situation(outcome)) && !s.remembers()
}

// remembers says that something was brought about that is not written yet, beside what there is to tell of the phases.
func (s *session) remembers() bool {
	written := recordedFrom(&s.before.Status)
	return !equality.Semantic.DeepEqual(remembered(&written), remembered(&s.machine.Recorded))
}

func remembered(recorded *release.Recorded) v1alpha1.StageStatus {
	status := v1alpha1.StageStatus{}
	writeRecorded(&status, recorded)
	if status.Target != nil {
		status.Target.Phases = nil
	}
	return status
}

func (s *session) resultOf(outcome error) (result, error) {
	hasSecrets := len(s.stage.Spec.Manifest.Secrets) > 0
	// Without an outcome the machine has come to where there is nothing to do.
	poll := result{RequeueAfter: s.r.reads.done(client.ObjectKeyFromObject(s.stage), outcome != nil, hasSecrets,
		s.r.restsFor(s.stage), s.r.Now())}
	waiting, isWaiting := release.AsWaiting(outcome)
	rejected, isRejected := release.AsRejected(outcome)
	switch {
	case outcome == nil:
		return poll, nil
	case isWaiting && waiting.After == 0:
		return poll, nil
	case isWaiting && poll.RequeueAfter > 0:
		return result{RequeueAfter: min(waiting.After, poll.RequeueAfter)}, nil
	case isWaiting:
		return result{RequeueAfter: waiting.After}, nil
	case isRejected && s.machine.Live():
		return result{RequeueAfter: cleanRetry}, nil
	case isRejected:
		return pollOf(rejected, poll)
	default:
		return result{}, outcome
	}
}

// pollOf is when to look again after a refusal. For most it is enough that the Stage, or what it refers to, changes.
func pollOf(rejected *release.Rejected, poll result) (result, error) {
	switch rejected.Reason {
	case v1alpha1.ReasonInvalidSecret:
		return result{RequeueAfter: secretPoll}, nil
	case v1alpha1.ReasonCommandOutcomeUnknown:
		return result{RequeueAfter: outcomePoll}, nil
	case v1alpha1.ReasonNotOwned, v1alpha1.ReasonProfileMismatch, v1alpha1.ReasonTagMoved, v1alpha1.ReasonImageUnsupported:
		return result{RequeueAfter: outsidePoll}, nil // nothing in the cluster tells when the reason is gone
	}
	if poll.RequeueAfter > 0 {
		return poll, nil
	}
	return result{}, reconcile.TerminalError(rejected)
}
