package stage

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

// session is one reconcile of one Stage: what was gathered, what was observed so far, and what is recorded.
type session struct {
	*Reconciler
	stage *v1alpha1.Stage
	// before is the Stage as the API server has it.
	before *v1alpha1.Stage
	// readyBefore is the condition Ready as the reconcile found it.
	readyBefore *metav1.Condition
	in          desired.Inputs
	// unprepared is why what the Stage asks for cannot be released yet: what it refers to is missing or refused.
	unprepared error
	situation  plan.Situation
	// superseded says that the situation is about a run that must end before what the Stage asks for has its turn.
	superseded bool
	requests   requests
	// news are told once what they are about is written.
	news []func()
	// phase is where the run stands.
	phase release.Phase
	// performed guards against a step that does not take effect: none is performed twice.
	performed map[string]bool

	clients   *cloud.Clients
	observer  *observed.Observer
	performer *phase.Performer
}

// release takes a Stage towards the release that it asks for.
func (r *Reconciler) release(ctx context.Context, stage *v1alpha1.Stage) (result, error) {
	s := &session{Reconciler: r, stage: stage, before: stage.DeepCopy(), requests: requestsOf(stage), performed: map[string]bool{}}
	s.readyBefore = ready(s.before)
	s.situation.Recorded = recordedFrom(&stage.Status)
	err := s.run(ctx)
	return s.finish(ctx, err)
}

func (s *session) run(ctx context.Context) error {
	if s.unprepared = s.prepare(ctx); s.unprepared == nil {
		s.requests.begin(s)
	}
	if err := s.situate(ctx); err != nil {
		return err
	}
	for {
		step, err := plan.Next(s.situation)
		if err == nil && step.Action == release.ActionDone {
			return nil
		}
		if err == nil {
			err = s.take(ctx, step)
		}
		if err != nil {
			err = s.refused(ctx, err)
		}
		if err != nil {
			return err
		}
	}
}

// prepare reads what the Stage refers to and resolves its tag.
func (s *session) prepare(ctx context.Context) (err error) {
	if s.in, err = s.gather(ctx, s.stage); err != nil {
		return err
	}
	s.in.ImageDigest, err = s.resolve(ctx, s.stage, s.in.PullSecret)
	return err
}

// situate puts together what the plan decides upon: the release that the Stage asks for, or the one whose run must end first.
func (s *session) situate(ctx context.Context) error {
	s.situation.Recorded = recordedFrom(&s.stage.Status)
	s.situation.Desired, s.superseded = nil, false
	var asked *release.Desired
	if s.unprepared == nil {
		asked = s.build(s.in, &s.stage.Status, s.requests.look)
	}
	d, err := s.mustEnd(ctx, asked)
	switch {
	case err != nil:
		return err
	case d != nil:
		s.superseded = true
	case asked == nil:
		return s.unprepared
	default:
		d = asked
	}
	if problem := template.Oversized(d); problem != "" {
		return release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidManifest, "spec.manifest: %s", problem)
	}
	s.situation = plan.Situation{
		Desired: d, Observed: s.situation.Observed, Recorded: s.situation.Recorded, UID: string(s.stage.UID), Now: s.Now(),
		Suspended: s.stage.Spec.Suspend, Retry: s.requests.retry != "", Resolution: s.requests.resolution,
		HideOutput: s.hidesOutput(), Limits: s.Limits,
	}
	return nil
}

// mustEnd gives the release of a run whose deploy commands have begun or whose aliases are moving, when the Stage asks for another
// release by now or cannot be told what it asks for; nil where there is no such run.
func (s *session) mustEnd(ctx context.Context, asked *release.Desired) (*release.Desired, error) {
	run := s.situation.Recorded.Run
	if run == nil || run.State != release.RunRunning || !run.Committed() || asked != nil && run.ID == asked.ID {
		return nil, nil //nolint:nilnil // no such run is an ordinary answer
	}
	rejected, ok := release.AsRejected(s.unprepared)
	if s.in.Profile == nil || ok && rejected.Reason == v1alpha1.ReasonProfileNotAllowed {
		return nil, s.unprepared // without the platform team's leave nothing is done, not even to an end
	}
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	return s.observer.Release(ctx, run.ID)
}

// hidesOutput says that the platform team keeps what commands print out of the status.
func (s *session) hidesOutput() bool {
	return s.in.Profile.Spec.CommandOutput == v1alpha1.CommandOutputStoreOnly
}

// take does one step and records it.
func (s *session) take(ctx context.Context, step release.Step) error {
	s.situation.Now = s.Now()
	if step.Action == release.ActionLook {
		if err := s.connect(ctx); err != nil {
			return err
		}
		return s.observer.Look(ctx, step, s.situation.Desired, &s.situation.Recorded, &s.situation.Observed)
	}
	if err := s.guard(step); err != nil {
		return err
	}
	if (step.Action == release.ActionReturn || step.Action == release.ActionSweep) && !s.work.stop(s.stage.UID) {
		return release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonProgressing, conflictPoll, "what was given up comes to its end")
	}
	if step.Phase != "" {
		s.phase = step.Phase
	}
	switch step.Action {
	case release.ActionBegin:
		return s.begin(ctx)
	case release.ActionRecoverLive:
		return s.recoverLive(ctx, step)
	case release.ActionReturn, release.ActionResume, release.ActionTryAgain, release.ActionAnnounce, release.ActionRecordCommand,
		release.ActionIntendFlip, release.ActionSeal, release.ActionTrim:
		plan.Record(step, &s.situation)
		s.requests.taken(step)
		return s.recorded(ctx, step)
	default:
		return s.perform(ctx, step)
	}
}

// recorded looks at the situation again after something was recorded. It is written before the next step on AWS, and at once where
// users wait for it.
func (s *session) recorded(ctx context.Context, step release.Step) error {
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	if step.Action == release.ActionSeal {
		s.count(resultLive)
		if s.superseded {
			return s.situate(ctx) // nobody waits for it: the Stage asks for another release by now
		}
		if err := s.write(ctx, nil); err != nil {
			return err
		}
	}
	switch step.Action {
	case release.ActionRecoverLive, release.ActionReturn, release.ActionSeal, release.ActionRecordCommand:
		return s.situate(ctx)
	default:
		return nil
	}
}

// recoverLive records the live release, the releases beside it and the run that was under way at once: a part of it would be taken for
// all that there is to remember.
func (s *session) recoverLive(ctx context.Context, step release.Step) error {
	d := s.situation.Desired
	live := s.situation.Observed.Aliases[d.HTTP().Name]
	var run *release.Run
	if live.Description.ReleaseID != d.ID {
		var err error
		if run, err = s.leftRun(ctx, live.PublishedAt); err != nil {
			return err
		}
	}
	plan.Record(step, &s.situation)
	if run != nil {
		s.recordRun(run, causeOf(s.before, &s.situation, s.requests))
	}
	return s.recorded(ctx, step)
}

// recordRun records a run that begins, with what only the status itself holds of it.
func (s *session) recordRun(run *release.Run, cause v1alpha1.Cause) {
	s.situation.Recorded.Run = run
	writeRecorded(&s.stage.Status, &s.situation.Recorded)
	s.stage.Status.Target.Generation, s.stage.Status.Target.Cause = s.stage.Generation, cause
}

// leftRun finds the run of the desired release that was under way when the status was lost: its commands must not run again. A run
// from before the live release was published ended long ago. Nil where there is none.
func (s *session) leftRun(ctx context.Context, since time.Time) (*release.Run, error) {
	if err := s.connect(ctx); err != nil {
		return nil, err
	}
	d := s.situation.Desired
	left, claimed, err := s.observer.LatestRun(ctx, d.ID)
	if err != nil || left == "" || plan.StartOf(left).Before(since.Truncate(time.Second)) {
		return nil, err
	}
	return plan.Continue(d, s.Now(), left, claimed, s.Limits), nil
}

// begin starts a run. Where nothing is remembered the bucket tells of an earlier run of this very release, and the versions tell of
// the releases before it.
func (s *session) begin(ctx context.Context) error {
	d, now := s.situation.Desired, s.Now()
	run := plan.Begin(d, now, uuid.NewString()[:4])
	recorded := &s.situation.Recorded
	if recorded.Run == nil && recorded.Live == nil && s.situation.Observed.Foundation.Exists {
		left, err := s.leftRun(ctx, time.Time{})
		if err != nil {
			return err
		}
		if left != nil {
			run = left
		}
		if err := s.rememberReleases(ctx); err != nil {
			return err
		}
	}
	cause := causeOf(s.before, &s.situation, s.requests)
	s.recordRun(run, cause)
	s.situation.Retry = false
	s.requests.taken(release.Step{Action: release.ActionBegin})
	s.event(eventReleaseStarted, "releasing %s (%s): %s", d.BuildID, d.ID, cause.Type)
	return nil
}

// rememberReleases takes what AWS holds of other releases for history, so that nothing of it is swept away.
func (s *session) rememberReleases(ctx context.Context) error {
	if s.situation.Observed.App == nil || !s.situation.Observed.App.Exists {
		return nil
	}
	look := release.Step{Action: release.ActionLook, Part: release.PartReleases}
	if err := s.observer.Look(ctx, look, s.situation.Desired, &s.situation.Recorded, &s.situation.Observed); err != nil {
		return err
	}
	s.situation.Recorded.History = plan.Remembered(s.situation.Observed.Releases, s.situation.Desired.ID, s.Now())
	return nil
}

// perform does a step on AWS, after what it rests on was written. Its outcome is written with a later step or at the end of the
// reconcile: what is lost with the process before then is done again to no effect. What takes long goes on beside the reconcile
// workers.
func (s *session) perform(ctx context.Context, step release.Step) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	if restsOnStatus(step) {
		if err := s.declare(ctx); err != nil {
			return err
		}
	}
	subject := phase.Subject{
		Desired: s.situation.Desired, Observed: &s.situation.Observed, Recorded: &s.situation.Recorded, HideOutput: s.hidesOutput(),
	}
	switch step.Action {
	case release.ActionUpload, release.ActionWarm:
		return s.performBeside(step, subject)
	case release.ActionSweep:
		if err := s.performer.Perform(ctx, step, subject); err != nil {
			return err
		}
		s.situation.Recorded.Live.Cleaned = true
		return nil
	default:
		err := s.performer.Perform(ctx, step, subject)
		if err != nil {
			return s.overdue(step, err)
		}
		return nil
	}
}

// restsOnStatus says that a step must not be done before the status is written: it cannot be taken back, or the status's lock must
// fence off an operator that does not know that it was replaced. What is left may be done by anyone at any time: content goes to
// where its digest says, a version that exists is not published again, and warming changes nothing.
func restsOnStatus(step release.Step) bool {
	switch step.Action {
	case release.ActionUpload, release.ActionPublish, release.ActionWarm:
		return false
	default:
		return true
	}
}

// besidePoll looks after work that was lost; its end wakes the Stage at once.
const besidePoll = 30 * time.Second

func (s *session) performBeside(step release.Step, subject phase.Subject) error {
	run := *subject.Recorded.Run
	performer, seen := s.performer, *subject.Observed
	delete(s.performed, s.key(step))
	name := fmt.Sprintf("%s/%s", run.Run, step.Action)
	if run.Warm != nil {
		name += run.Warm.At.String() // environments that were warm once are warmed again
	}
	done, state, err := s.work.do(s.stage, name, func(ctx context.Context) (*release.Run, error) {
		own := run
		recorded := release.Recorded{Run: &own, Live: subject.Recorded.Live, History: subject.Recorded.History}
		beside := subject
		beside.Observed, beside.Recorded = &seen, &recorded
		err := performer.Perform(ctx, step, beside)
		return &own, err
	})
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	switch {
	case state.running:
		return release.Wait(conditionsOf[step.Phase][0], v1alpha1.ReasonProgressing, besidePoll, "%s", s.goesOn())
	case isRejected, isWaiting, cloud.IsDenied(err), cloud.IsExpired(err):
		return err
	case err != nil: // the queue's own backoff would begin anew each time that the work does
		return release.Wait(conditionsOf[step.Phase][0], v1alpha1.ReasonProgressingWithRetry, state.again, "%s", safe(err))
	default:
		s.situation.Recorded.Run = done
		return nil
	}
}

// key names a step that must take effect at once.
func (s *session) key(step release.Step) string {
	operation, run := "", ""
	if s.situation.Recorded.Run != nil {
		run = s.situation.Recorded.Run.Run
	}
	if step.Stack != nil {
		operation = string(step.Stack.Operation) + step.Stack.Token
	}
	return fmt.Sprintf("%s/%s/%s/%s/%s/%s", run, step.Action, step.Phase, step.Function, step.Command, operation)
}

func (s *session) guard(step release.Step) error {
	if s.performed[s.key(step)] {
		return fmt.Errorf("the step %s of phase %s did not take effect", step.Action, step.Phase)
	}
	s.performed[s.key(step)] = true
	return nil
}

// connect gives the session its clients, the first time that AWS is needed.
func (s *session) connect(ctx context.Context) error {
	if s.clients != nil {
		return nil
	}
	clients, err := s.Reconciler.clients(ctx, s.stage, s.in.Profile)
	if err != nil {
		return err
	}
	key := release.StageKey{Namespace: s.stage.Namespace, Name: s.stage.Name}
	s.clients = clients
	s.observer = &observed.Observer{
		Clients: clients, Names: desired.Names(key, clients.Account, clients.Region), Owner: desired.Owner(s.ClusterID, key),
	}
	s.performer = &phase.Performer{Clients: clients, Images: s.Images, Runtimes: s.Runtimes, Now: s.Now}
	return nil
}
