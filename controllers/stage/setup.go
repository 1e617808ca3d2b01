package stage

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/work"
)

const (
	// profileIndex finds the Stages of a profile.
	profileIndex = "spec.profileRef.name"
	// reconcileWithin ends a reconcile that hangs; what takes long goes on beside it.
	reconcileWithin = 5 * time.Minute
)

// SetupWithManager registers the reconcilers of Stages and of StageProfiles.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, concurrency int) error {
	r.work = work.New(ctx, r.Now)
	err := mgr.GetFieldIndexer().IndexField(ctx, &v1alpha1.Stage{}, profileIndex, func(o client.Object) []string {
		stage, ok := o.(*v1alpha1.Stage)
		if !ok {
			return nil
		}
		return []string{stage.Spec.ProfileRef.Name}
	})
	if err != nil {
		return fmt.Errorf("indexing Stages by profile: %w", err)
	}
	err = ctrl.NewControllerManagedBy(mgr).
		For(&v1alpha1.Stage{}, builder.WithPredicates(worthALook())).
		Watches(&v1alpha1.StageProfile{}, handler.EnqueueRequestsFromMapFunc(r.stagesOfProfile),
			builder.WithPredicates(predicate.GenerationChangedPredicate{}, notAtTheStart)).
		WatchesMetadata(&corev1.Namespace{}, handler.EnqueueRequestsFromMapFunc(r.stagesOfNamespace),
			builder.WithPredicates(predicate.LabelChangedPredicate{}, notAtTheStart)).
		WatchesRawSource(source.Channel(r.work.Wakes(), &handler.EnqueueRequestForObject{})).
		WithOptions(controller.Options{MaxConcurrentReconciles: concurrency, ReconciliationTimeout: reconcileWithin}).
		Named("stage").
		Complete(r)
	if err != nil {
		return fmt.Errorf("registering the reconciler of Stages: %w", err)
	}
	if err := mgr.Add(manager.RunnableFunc(func(leads context.Context) error { return r.end(leads, ctx) })); err != nil {
		return fmt.Errorf("registering what is done at the end: %w", err)
	}
	return (&profileReconciler{client: r.Client}).setupWithManager(mgr)
}

func (r *Reconciler) stagesOfProfile(ctx context.Context, profile client.Object) []reconcile.Request {
	return r.requestsFor(ctx, client.MatchingFields{profileIndex: profile.GetName()})
}

func (r *Reconciler) stagesOfNamespace(ctx context.Context, namespace client.Object) []reconcile.Request {
	return r.requestsFor(ctx, client.InNamespace(namespace.GetName()))
}

func (r *Reconciler) requestsFor(ctx context.Context, which client.ListOption) []reconcile.Request {
	list := &v1alpha1.StageList{}
	if err := r.Client.List(ctx, list, which); err != nil {
		log.FromContext(ctx).Error(err, "The Stages that a change concerns could not be listed")
		return nil
	}
	requests := make([]reconcile.Request, 0, len(list.Items))
	for i := range list.Items {
		requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{
			Namespace: list.Items[i].Namespace, Name: list.Items[i].Name,
		}})
	}
	return requests
}

// worthALook lets those changes of a Stage through that may ask for something: neither labels, nor the operator's own
// status, nor a resync does.
func worthALook() predicate.Predicate {
	return predicate.Or(predicate.GenerationChangedPredicate{}, predicate.AnnotationChangedPredicate{}, statusWiped{})
}

// notAtTheStart leaves out what was there when the operator began: the Stages themselves are then looked at anyway.
var notAtTheStart = predicate.Funcs{
	CreateFunc: func(e event.CreateEvent) bool { return !e.IsInInitialList },
}

// statusWiped lets an update through that took away the status: only the operator writes it, so someone restored the
// Stage from a backup or replaced it.
type statusWiped struct{ predicate.Funcs }

// Update says whether the conditions are gone.
func (statusWiped) Update(e event.UpdateEvent) bool {
	before, ok := e.ObjectOld.(*v1alpha1.Stage)
	after, ok2 := e.ObjectNew.(*v1alpha1.Stage)
	return ok && ok2 && len(before.Status.Conditions) > 0 && len(after.Status.Conditions) == 0
}
