package stage

import (
	"cmp"
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// delete takes a Stage that is being deleted to where it can be let go. No Secret of its namespace is needed, and the profile need
// not allow the namespace any more.
func (r *Reconciler) delete(ctx context.Context, stage *v1alpha1.Stage) (result, error) {
	if !r.work.stop(stage.UID) { // what is sent now would be in the way of what is removed
		return result{RequeueAfter: conflictPoll}, nil
	}
	s := &session{Reconciler: r, stage: stage, before: stage.DeepCopy(), requests: requestsOf(stage), performed: map[string]bool{}}
	s.readyBefore = ready(s.before)
	outcome := s.tearDown(ctx)
	if outcome == nil {
		if s.clients != nil {
			r.Cloud.Forget(r.access(stage, s.in.Profile))
		}
		s.event(eventDeleted, "the Stage is let go")
		s.tell()
		return result{}, r.removeFinalizer(ctx, stage)
	}
	denied(&outcome)
	s.reportDeletion(outcome)
	if err := s.update(ctx); err != nil && !apierrors.IsNotFound(err) && !apierrors.IsConflict(err) {
		return result{}, err
	}
	if waiting, ok := release.AsWaiting(outcome); ok {
		return result{RequeueAfter: cmp.Or(s.after(waiting), clusterPoll)}, nil
	}
	return result{}, outcome
}

// tearDown follows the plan of a deletion; nil says that the Stage can be let go.
func (s *session) tearDown(ctx context.Context) error {
	profile, err := s.profile(ctx, s.stage)
	_, missing := release.AsWaiting(err)
	switch {
	case err != nil && s.stage.Spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain:
		return nil // nothing on AWS is touched, so no profile is needed
	case missing && s.stage.Status.Live == nil && s.stage.Status.Target == nil:
		return nil // without a profile nothing was ever made
	case missing:
		return release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonDeleting, clusterPoll,
			"StageProfile %q, which leads to what is to be removed on AWS, does not exist: make it again, or set spec.deletionPolicy to Retain to let the Stage go",
			s.stage.Spec.ProfileRef.Name)
	case err != nil:
		return err
	}
	s.in = desired.Inputs{Stage: s.stage, Profile: profile, ClusterID: s.ClusterID, HashKey: s.HashKey}
	situation := plan.DeletionSituation{
		Situation: plan.Situation{
			Desired: desired.Build(s.in), Recorded: recordedFrom(&s.stage.Status), UID: string(s.stage.UID), HideOutput: s.hidesOutput(),
			Limits: s.Limits,
		},
		Delete:    deletionPolicy(s.stage, profile) == v1alpha1.DeletionPolicyDelete,
		Performed: map[release.Action]bool{},
	}
	if s.neverActed(ctx) {
		situation.Delete = false
	}
	for {
		situation.Now = s.Now()
		situation.Deleted = deletionFrom(s.stage.Status.Deletion)
		step, err := plan.NextDeletion(situation)
		if err != nil {
			return err
		}
		if step.Action == release.ActionRelease {
			return nil
		}
		if err := s.tearDownStep(ctx, step, &situation); err != nil {
			return err
		}
	}
}

// neverActed says that nothing is recorded of the Stage and that its profile does not grant it anything: its credentials are not
// used to look.
func (s *session) neverActed(ctx context.Context) bool {
	if s.stage.Status.Live != nil || s.stage.Status.Target != nil {
		return false
	}
	_, err := s.gather(ctx, s.stage)
	rejected, ok := release.AsRejected(err)
	return ok && rejected.Reason == v1alpha1.ReasonProfileNotAllowed
}

func (s *session) tearDownStep(ctx context.Context, step release.Step, situation *plan.DeletionSituation) error {
	if err := s.connect(ctx); err != nil {
		return err
	}
	switch step.Action {
	case release.ActionLook:
		return s.observer.Look(ctx, step, situation.Desired, &situation.Recorded, &situation.Observed)
	case release.ActionRecordCommand:
		plan.Record(step, &situation.Situation)
		writeRecorded(&s.stage.Status, &situation.Recorded)
		return s.update(ctx)
	case release.ActionRecordStacks:
		s.stage.Status.Deletion = &v1alpha1.Deletion{
			AppStackID: ownID(situation.Observed.App), FoundationStackID: ownID(situation.Observed.Foundation),
		}
		return s.update(ctx)
	default:
	}
	if err := s.guard(step); err != nil {
		return err
	}
	subject := phase.Subject{
		Desired: situation.Desired, Observed: &situation.Observed, Recorded: &situation.Recorded, Deleted: situation.Deleted,
	}
	if err := s.performer.Perform(ctx, step, subject); err != nil {
		return err
	}
	situation.Performed[step.Action] = true
	return nil
}

// ownID is the id of a stack that belongs to the Stage; empty for someone else's, of which nothing must be removed.
func ownID(stack *release.Stack) string {
	if stack.Foreign != "" {
		return ""
	}
	return stack.ID
}

func deletionPolicy(stage *v1alpha1.Stage, profile *v1alpha1.StageProfile) v1alpha1.DeletionPolicy {
	switch {
	case stage.Spec.DeletionPolicy != "":
		return stage.Spec.DeletionPolicy
	case profile.Spec.DeletionPolicy != "":
		return profile.Spec.DeletionPolicy
	default:
		return v1alpha1.DeletionPolicyRetain
	}
}

func deletionFrom(d *v1alpha1.Deletion) release.Deletion {
	if d == nil {
		return release.Deletion{}
	}
	return release.Deletion{AppStackID: d.AppStackID, FoundationStackID: d.FoundationStackID}
}

func (s *session) reportDeletion(outcome error) {
	message := safe(outcome)
	if waiting, ok := release.AsWaiting(outcome); ok {
		message = waiting.Message
	}
	s.remove(v1alpha1.ConditionStalled)
	s.set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonDeleting, message)
	s.set(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonDeleting, message)
	s.stage.Status.Phase = "Deleting"
}
