package stage

import (
	"context"

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
