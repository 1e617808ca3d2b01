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
)

// profileReconciler keeps a finalizer on each profile that a Stage refers to: without its profile a Stage could not be
// deleted from AWS.
type profileReconciler struct{ client client.Client }

func (r *profileReconciler) setupWithManager(mgr ctrl.Manager) error {
	err := ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.StageProfile{}).
		Watches(&v1alpha1.Stage{}, handler.EnqueueRequestsFromMapFunc(profileOfStage),
			// A Stage keeps its profile as long as it lives.
			builder.WithPredicates(predicate.Funcs{UpdateFunc: func(event.UpdateEvent) bool { return false }})).
		Named("stageprofile").
		Complete(r)
	if err != nil {
		return fmt.Errorf("registering the reconciler of StageProfiles: %w", err)
	}
	return nil
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
	stages := &v1alpha1.StageList{}
	// Whether there is any is all there is to know, so that none is copied.
	err := r.client.List(ctx, stages, client.MatchingFields{profileIndex: profile.Name}, client.Limit(1),
		client.UnsafeDisableDeepCopy)
	if err != nil {
		return ctrl.Result{}, fmt.Errorf("listing the Stages of StageProfile %q: %w", profile.Name, err)
	}
	before := profile.DeepCopy()
	changed := false
	if len(stages.Items) > 0 && profile.DeletionTimestamp.IsZero() {
		changed = controllerutil.AddFinalizer(profile, v1alpha1.StageProfileFinalizer)
	} else if len(stages.Items) == 0 {
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
