// Package stage is the edge to Kubernetes: it gathers what a Stage asks for, drives the loop of look, plan and perform,
// and reports in status, events and metrics.
package stage

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/work"
)

// +kubebuilder:rbac:groups=aloft.dev,resources=stages,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=aloft.dev,resources=stages/status,verbs=get;patch
// +kubebuilder:rbac:groups=aloft.dev,resources=stageprofiles,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups="",resources=namespaces,verbs=get;list;watch
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch

// Reconciler takes Stages to where they are declared to be.
type Reconciler struct {
	// Client reads from the cache and writes; Reader reads Secrets from the API server itself.
	Client client.Client
	Reader client.Reader
	Events events.EventRecorder
	Cloud  *cloud.Provider
	Images *image.Client
	// Runtimes are the function runtimes by architecture.
	Runtimes map[string]*image.Runtime
	// ClusterID is the first part of every ownership tag.
	ClusterID string
	// HashKey keys the hash over secrets; it must stay the same for good.
	HashKey []byte
	// TemplateRevision of this program's templates, which a first release takes.
	TemplateRevision string
	Limits           plan.Limits
	Now              func() time.Time

	work  *work.Dispatcher
	turns turns
	reads reads
	// memory of what was seen of stacks.
	memory memory
}

// Reconcile takes one Stage as far as it can go without waiting.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	ctx = cloud.ForReconcile(ctx)
	stage := &v1alpha1.Stage{}
	if err := r.Client.Get(ctx, request.NamespacedName, stage); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(request.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading the Stage: %w", err)
	}
	if stage.DeletionTimestamp.IsZero() {
		if err := r.addFinalizer(ctx, stage); err != nil {
			return ctrl.Result{}, err
		}
		return r.reconcileRelease(ctx, stage)
	}
	if !controllerutil.ContainsFinalizer(stage, v1alpha1.StageFinalizer) {
		return ctrl.Result{}, nil
	}
	return r.reconcileRemoval(ctx, stage)
}

// forget drops all that is kept of a Stage that is gone.
func (r *Reconciler) forget(stage types.NamespacedName) {
	ungauge(stage)
	r.work.Forget(stage)
	r.memory.forget(stage)
	r.turns.end(stage)
	r.reads.forget(stage)
	r.Cloud.Forget(stage.Namespace, stage.Name)
}

// reconcileRelease takes a Stage towards the release that it asks for.
func (r *Reconciler) reconcileRelease(ctx context.Context, stage *v1alpha1.Stage) (result, error) {
	if again, rests := r.atRest(ctx, stage); rests {
		gauge(stage)
		return result{RequeueAfter: again}, nil
	}
	s := r.newSession(stage)
	var asked plan.Asked
	asked, s.profile = r.asked(ctx, stage)
	s.machine.Ask(asked)
	s.machine.Observed.Beside = r.work.Current(client.ObjectKeyFromObject(stage), stage.UID)
	s.recallStacks()
	return s.finish(ctx, s.run(ctx))
}

// reconcileRemoval takes a Stage that is being deleted to where it can be let go.
func (r *Reconciler) reconcileRemoval(ctx context.Context, stage *v1alpha1.Stage) (result, error) {
	s := r.newSession(stage)
	var asked plan.Asked
	asked, s.profile = r.removalOf(ctx, stage)
	s.machine.Ask(asked)
	outcome := s.run(ctx)
	if !s.letGo {
		return s.finish(ctx, outcome)
	}
	r.turns.end(client.ObjectKeyFromObject(stage))
	r.Cloud.Forget(stage.Namespace, stage.Name)
	if err := r.removeFinalizer(ctx, stage); err != nil {
		return result{}, err
	}
	s.event(corev1.EventTypeNormal, eventDeleted, "the Stage is let go")
	return result{}, nil
}

func (r *Reconciler) addFinalizer(ctx context.Context, stage *v1alpha1.Stage) error {
	before := stage.DeepCopy()
	if !controllerutil.AddFinalizer(stage, v1alpha1.StageFinalizer) {
		return nil
	}
	if err := r.Client.Patch(ctx, stage,
		client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})); err != nil {
		return fmt.Errorf("adding the finalizer: %w", err)
	}
	return nil
}

func (r *Reconciler) removeFinalizer(ctx context.Context, stage *v1alpha1.Stage) error {
	before := stage.DeepCopy()
	if !controllerutil.RemoveFinalizer(stage, v1alpha1.StageFinalizer) {
		return nil
	}
	err := r.Client.Patch(ctx, stage, client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("removing the finalizer: %w", err)
	}
	return nil
}
