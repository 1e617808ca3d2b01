package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/retry"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/removal"
	"github.com/aloft-dev/aloft/controllers/work"
)

// besidePoll is when work that goes on is asked how far it has come, and looked after if it was lost; its end wakes the
// Stage at once.
const besidePoll = 5 * time.Second

// briefly is how long work that has just begun is left to end before anything is told of it.
const briefly = 200 * time.Millisecond

// performBeside has a step that takes long go on beside the reconcile workers.
func (s *session) performBeside(step release.Step) (release.Outcome, error) {
	outcome, state, err := s.r.work.Ensure(s.job(step))
	condition := cmp.Or(release.ConditionOf(err), firstCondition(step))
	_, isRejected := release.AsRejected(err)
	_, isWaiting := release.AsWaiting(err)
	_, busy := cloud.AsBusy(err)
	again := besidePoll
	if state.Begun {
		again, s.repeatable = briefly, plan.ActOf(step).Write == plan.Unwritten
	}
	switch {
	case state.Running && state.Reached != nil && plan.ActOf(step).InPart:
		return *state.Reached, nil
	case state.Running && state.Failed != nil:
		return release.Outcome{}, retrying(step, state.Failed, again)
	case state.Running && state.Waiting:
		return release.Outcome{}, release.Wait(condition, v1alpha1.ReasonProgressing, again,
			"its turn comes after other work of the same kind")
	case state.Running:
		return release.Outcome{}, release.Wait(condition, v1alpha1.ReasonProgressing, again, "%s",
			cmp.Or(state.Progress, s.doing(step)))
	case err == nil, isRejected, isWaiting, busy, cloud.IsDenied(err), cloud.IsExpired(err):
		return outcome, err
	default: // the queue's own backoff would begin anew each time that the work does
		return outcome, retrying(step, err, state.Again)
	}
}

// retrying tells how a try ended until the next one has; nil where there was none.
func retrying(step release.Step, failed error, again time.Duration) error {
	if failed == nil {
		return nil
	}
	told := release.Wait(cmp.Or(release.ConditionOf(failed), firstCondition(step)), v1alpha1.ReasonProgressingWithRetry,
		again, "%s", textOf(readable(failed)))
	if waiting, isWaiting := release.AsWaiting(readable(failed)); isWaiting {
		told.Reason = waiting.Reason
	}
	return told
}

func firstCondition(step release.Step) string {
	if step.Phase == "" {
		return v1alpha1.ConditionReady
	}
	return plan.SpecOf(step.Phase).Condition
}

// doing tells what a step is about while nothing more is known.
func (s *session) doing(step release.Step) string {
	if step.Phase == "" {
		return "what the Stage has on AWS is being removed"
	}
	return plan.SpecOf(step.Phase).Doing(s.machine)
}

// job is a step as work beside the reconciles. It works on copies: the reconcile that begins it goes on without it.
func (s *session) job(step release.Step) work.Job {
	m, subject := s.machine, s.subject()
	seen, recorded := m.Observed, copied(&m.Recorded)
	subject.Observed, subject.Recorded = &seen, &recorded
	subject.Progress = &phase.Progress{}
	subject.Hold = &phase.Hold{Ask: s.stillWanted(), Now: s.r.Now}
	stage, uid, key := client.ObjectKeyFromObject(s.stage), s.stage.UID, m.Work(step)
	subject.Reached = func(so release.Outcome) { s.r.work.Reached(stage, uid, key, so) }
	do, urgency := s.performed(step, subject), urgencies[m.Urgency(step)]
	return work.Job{
		Stage: stage, UID: uid, Key: key, Pool: plan.ActOf(step).Beside,
		Progress: subject.Progress,
		Within: func() time.Duration {
			return plan.Within(step, subject.Desired, subject.Progress.Bytes(), subject.Progress.AssetsOf.Load())
		},
		Do: func(ctx context.Context) (release.Outcome, error) { return do(cloud.ForWork(ctx, urgency)) },
	}
}

// performed does a step on a subject that does not change any more.
func (s *session) performed(
	step release.Step, subject phase.Subject,
) func(context.Context) (release.Outcome, error) {
	performer := s.performer
	switch plan.ActOf(step).Beside {
	case release.PoolRemove:
		fenced := *s.remover
		fenced.Fence = s.fence()
		from := removal.Subject{Desired: subject.Desired, Observed: subject.Observed, Recorded: subject.Recorded}
		return func(ctx context.Context) (release.Outcome, error) {
			return release.Outcome{}, fenced.Remove(ctx, step, from)
		}
	case release.PoolResolve: // no AWS is needed, and none may be granted
		performer = &phase.Performer{Images: s.r.Images, Now: s.r.Now}
	case release.PoolUpload, release.PoolWarm, "":
	}
	return func(ctx context.Context) (release.Outcome, error) { return performer.Perform(ctx, step, subject) }
}

// copied is a record that does not change with the machine's.
func copied(recorded *release.Recorded) release.Recorded {
	c := *recorded
	if c.Run != nil {
		run := *c.Run
		run.Functions, run.Commands = slices.Clone(run.Functions), slices.Clone(run.Commands)
		c.Run = &run
	}
	if c.Live != nil {
		live := *c.Live
		c.Live = &live
	}
	return c
}

// stop ends what goes on beside the reconciles for the Stage, but for what is itself part of what comes next.
func (s *session) stop() error {
	if !s.r.work.Stop(client.ObjectKeyFromObject(s.stage), s.machine.Outlasts) {
		return comesToItsEnd(v1alpha1.ConditionReady)
	}
	return nil
}

// comesToItsEnd waits for what was given up, whose end wakes the Stage.
func comesToItsEnd(condition string) error {
	return release.Wait(condition, v1alpha1.ReasonProgressing, besidePoll, "what was given up comes to its end")
}

// errOther says that the Stage is about something else by now.
var errOther = errors.New("the Stage is about something else by now, or another operator acts for it")

// stillWanted asks the API server itself whether the Stage still is about what it is about now.
func (s *session) stillWanted() func(context.Context) error {
	stage, was := client.ObjectKeyFromObject(s.stage), about(s.stage)
	return func(ctx context.Context) error {
		_, err := s.r.unchanged(ctx, stage, was)
		return err
	}
}

// fence proves that this operator still is the one that acts for the Stage, from beside the reconciles, whose own
// writes do not disturb it: it writes the Stage as it just was, which fails when anyone has written it since.
func (s *session) fence() func(context.Context) error {
	key, was := client.ObjectKeyFromObject(s.stage), about(s.stage)
	return func(ctx context.Context) error {
		return retry.RetryOnConflict(retry.DefaultRetry, func() error { // a reconcile may have told something in between
			stage, err := s.r.unchanged(ctx, key, was)
			if err != nil {
				return err
			}
			patch := fmt.Appendf(nil, `{"metadata":{"resourceVersion":%q}}`, stage.ResourceVersion)
			return s.r.Client.Status().Patch(ctx, stage, client.RawPatch(types.MergePatchType, patch),
				client.FieldOwner(fieldOwner))
		})
	}
}

// unchanged reads a Stage, and fails when it is about something else than it was.
func (r *Reconciler) unchanged(
	ctx context.Context, key types.NamespacedName, was []string,
) (*v1alpha1.Stage, error) {
	stage := &v1alpha1.Stage{}
	if err := r.Reader.Get(ctx, key, stage); err != nil {
		return nil, fmt.Errorf("reading the Stage: %w", err)
	}
	if !slices.Equal(about(stage), was) {
		return nil, errOther
	}
	return stage, nil
}

// about is what a Stage is about: whether it is being deleted, which releases there are, and which run goes on.
func about(stage *v1alpha1.Stage) []string {
	status := &stage.Status
	ids := []string{string(stage.UID), strconv.FormatBool(stage.DeletionTimestamp.IsZero())}
	if target := status.Target; target != nil {
		ids = append(ids, "target", target.ID, string(target.State))
	}
	if live := status.Live; live != nil {
		ids = append(ids, "live", live.ID)
	}
	for i := range status.History {
		ids = append(ids, "kept", status.History[i].ID)
	}
	if status.Deletion != nil {
		ids = append(ids, "deletion", status.Deletion.AppStackID, status.Deletion.FoundationStackID)
	}
	return ids
}
