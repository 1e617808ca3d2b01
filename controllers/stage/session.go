package stage

import (
	"context"
	"errors"

	"github.com/google/uuid"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/observed"
	"github.com/aloft-dev/aloft/controllers/parallel"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
)

// session is one reconcile of one Stage. It holds no rule of a release: the machine names the steps, and the session
// looks, performs and writes.
type session struct {
	r *Reconciler
	// stage is what is written next, before is what the API server has.
	stage, before *v1alpha1.Stage
	// profile is nil where there is none.
	profile *v1alpha1.StageProfile
	machine *plan.Machine
	// wrote says that this reconcile has written the status, and so is nobody's predecessor.
	wrote bool
	// repeatable says that what this reconcile has come to need not be remembered: the next one comes to the same.
	repeatable bool
	// queues says that the Stage waits for its turn to operate on a stack.
	queues bool
	// letGo says that nothing is left to do for a Stage that is being deleted.
	letGo bool
	// seen is what is known of the run's stacks.
	seen seenStacks

	clients   *cloud.Clients
	observer  *observed.Observer
	performer *phase.Performer
	remover   *removal.Remover
}

func (r *Reconciler) newSession(stage *v1alpha1.Stage) *session {
	machine := plan.New(recordedFrom(&stage.Status), string(stage.UID), r.Limits)
	machine.Now = r.Now()
	return &session{r: r, stage: stage, before: stage.DeepCopy(), machine: machine}
}

// run goes from step to step until nothing is left to do, or something is waited for, refused or went wrong.
func (s *session) run(ctx context.Context) error {
	m := s.machine
	if err := s.awaitTurn(); err != nil {
		return m.Failed(release.Step{}, release.Outcome{}, err)
	}
	for {
		m.Now, m.Nonce = s.r.Now(), uuid.NewString()[:4]
		step, err := m.Next()
		if err == nil && (step.Action == release.ActionDone || step.Action == release.ActionLetGo) {
			s.letGo = step.Action == release.ActionLetGo
			return nil
		}
		if err := s.reconcileStep(ctx, step, err); err != nil {
			return err
		}
	}
}

// reconcileStep does a step and has the machine record it, and so it does with what keeps a step from being named or
// done.
func (s *session) reconcileStep(ctx context.Context, step release.Step, unnamed error) error {
	outcome, err := release.Outcome{}, unnamed
	if err == nil {
		outcome, err = s.lookOrPerform(ctx, step)
	}
	if panicked, ok := errors.AsType[*parallel.Panic](err); ok {
		log.FromContext(ctx).Error(err, "A step panicked", "step", step.Action, "stack", panicked.Stack)
	}
	if _, lost := errors.AsType[*unwritten](err); lost {
		return err // the Stage changed meanwhile: the machine must begin again with the new one
	}
	if err != nil {
		err = s.machine.Failed(step, outcome, readable(err))
	}
	if err == nil && s.runEnded() {
		err = s.write(ctx, nil, ifChanged) // before another run takes its place
	}
	return err
}

func (s *session) lookOrPerform(ctx context.Context, step release.Step) (release.Outcome, error) {
	m := s.machine
	ctx = cloud.ForStep(ctx, urgencies[m.Urgency(step)])
	if step.Action == release.ActionLook {
		if err := s.connect(ctx); err != nil {
			return release.Outcome{}, err
		}
		err := s.observer.Look(ctx, step, m.Desired, &m.Recorded, &m.Observed)
		if err == nil && (step.Part == release.PartFoundation || step.Part == release.PartApp) {
			s.noteTurn(step.Part)
			s.keepStack(step.Part)
		}
		return release.Outcome{}, err
	}
	if plan.ActOf(step).Turn {
		if err := s.takeTurn(ctx, step); err != nil {
			return release.Outcome{}, err
		}
	}
	m.Doing(step)
	if step.Stack != nil {
		s.forgetStack(step.Stack.Part)
	}
	outcome, err := s.perform(ctx, step)
	m.Now = s.r.Now()
	if err == nil {
		m.Did(step, outcome)
		outcome = release.Outcome{}
	}
	return outcome, err
}

// urgencies of the machine, as they are known of where AWS is called.
var urgencies = map[plan.Urgency]cloud.Urgency{
	plan.Later: cloud.Later, plan.Looks: cloud.Looks, plan.Works: cloud.Works, plan.Moves: cloud.Moves,
}

// runEnded says that a run has ended that is not written as such.
func (s *session) runEnded() bool {
	run, written := s.machine.Recorded.Run, s.before.Status.Target
	return run != nil && run.State != release.RunRunning && (written == nil || string(written.State) != string(run.State))
}

// connect gives the session its clients, the first time that AWS is needed.
func (s *session) connect(ctx context.Context) error {
	if s.clients != nil {
		return nil
	}
	clients, err := s.r.clients(ctx, s.stage, s.profile)
	if err != nil {
		return err
	}
	in := desired.Inputs{Stage: s.stage, Profile: s.profile, ClusterID: s.r.ClusterID}
	if err := ofNamespace(ctx, s.r.Client, &in); err != nil {
		return err
	}
	names, ownership := desired.Names(desired.KeyOf(in), clients.Account, clients.Region), desired.Ownership(in)
	s.clients = clients
	s.observer = &observed.Observer{Clients: clients, Names: names, Ownership: ownership, HashKey: s.r.HashKey,
		Before: s.seen.app}
	s.performer = &phase.Performer{
		Clients: clients, Names: names, Images: s.r.Images, Runtimes: s.r.Runtimes, HashKey: s.r.HashKey, Now: s.r.Now,
	}
	s.remover = &removal.Remover{
		Clients: clients, Names: names, Ownership: ownership, Keep: s.r.Limits.KeepSuperseded, Now: s.r.Now,
	}
	return nil
}
