package stage

import (
	"context"
	"fmt"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
)

// profileReconciler keeps a finalizer on each profile that a Stage uses: without its profile a Stage could not be
// deleted from AWS. One that the profile never allowed does not count, or anybody could hold a profile of others.
type profileReconciler struct{ client client.Client }

func (r *profileReconciler) setupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.StageProfile{}).
		Watches(&v1alpha1.Stage{}, handler.EnqueueRequestsFromMapFunc(profileOfStage),
			// A Stage keeps its profile as long as it lives, and counts once it has something on AWS.
			builder.WithPredicates(predicate.Funcs{UpdateFunc: beganOrEnded})).
		Named("stageprofile").
		Complete(r)
	if err != nil {
		return fmt.Errorf("registering the reconciler of StageProfiles: %w", err)
	}
	return nil
}

func beganOrEnded(e event.UpdateEvent) bool {
	before, ok := e.ObjectOld.(*v1alpha1.Stage)
	after, ok2 := e.ObjectNew.(*v1alpha1.Stage)
	return ok && ok2 && hasRecord(before) != hasRecord(after)
}

// hasRecord says that a Stage has, or may have, something on AWS.
func hasRecord(stage *v1alpha1.Stage) bool {
	status := &stage.Status
	return status.Live != nil || status.Target != nil || status.Deletion != nil
}

// isUsed says that a Stage has something on AWS by a profile, or may have it made.
func (r *profileReconciler) isUsed(ctx context.Context, profile *v1alpha1.StageProfile) (bool, error) {
	stages := &v1alpha1.StageList{}
	err := r.client.List(ctx, stages, client.MatchingFields{profileIndex: profile.Name}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return false, fmt.Errorf("listing the Stages of StageProfile %q: %w", profile.Name, err)
	}
	allowed := map[string]bool{} // by namespace
	for i := range stages.Items {
		stage := &stages.Items[i]
		if hasRecord(stage) {
			return true, nil
		}
		if _, known := allowed[stage.Namespace]; known {
			continue
		}
		in := desired.Inputs{Stage: stage, Profile: profile}
		if err := ofNamespace(ctx, r.client, &in); client.IgnoreNotFound(err) != nil {
			return false, err
		}
		if allowed[stage.Namespace] = desired.NamespaceAllowed(in) == nil; allowed[stage.Namespace] {
			return true, nil
		}
	}
	return false, nil
}

func profileOfStage(_ context.Context, o client.Object) []reconcile.Request {
	stage, ok := o.(*v1alpha1.Stage)
	if !ok {
		return nil
	}
	return []reconcile.Request{{NamespacedName: client.ObjectKey{Name: stage.Spec.ProfileRef.Name}}}
}

// Reconcile adds or removes the finalizer.
func (r *profileReconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	profile := &v1alpha1.StageProfile{}
	if err := r.client.Get(ctx, request.NamespacedName, profile); err != nil {
		return ctrl.Result{}, client.IgnoreNotFound(err) //nolint:wrapcheck // nothing to add
	}
	used, err := r.isUsed(ctx, profile)
	if err != nil {
		return ctrl.Result{}, err
	}
	before := profile.DeepCopy()
	changed := false
	if used && profile.DeletionTimestamp.IsZero() {
		changed = controllerutil.AddFinalizer(profile, v1alpha1.StageProfileFinalizer)
	} else if !used {
		changed = controllerutil.RemoveFinalizer(profile, v1alpha1.StageProfileFinalizer)
	}
	if !changed {
		return ctrl.Result{}, nil
	}
	err = r.client.Patch(ctx, profile, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return ctrl.Result{}, fmt.Errorf("writing the finalizers of StageProfile %q: %w", profile.Name, err)
	}
	return ctrl.Result{}, nil
}
