package stage

import (
	"context"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// endWithin is how long the operator's end waits for that of its uploads.
const endWithin = 2 * time.Second

// end waits until this operator does not lead any more. Where it has been told to end, it sees its uploads come to
// their end, and takes back that they count as begun: a restart is not what interrupts an upload again and again. The
// lease is given up after that, so that nobody else has written the Stages meanwhile.
func (r *Reconciler) end(leads, untilTold context.Context) error {
	<-leads.Done()
	if untilTold.Err() == nil {
		return nil // another operator leads
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(untilTold), endWithin)
	defer cancel()
	for _, stage := range r.work.Ended(ctx, release.PoolUpload) {
		if err := r.uncount(ctx, stage); err != nil {
			log.FromContext(ctx).Error(err, "An upload that ended with the operator counts as interrupted", "stage", stage)
		}
	}
	return nil
}

// uncount takes back that an upload was begun.
func (r *Reconciler) uncount(ctx context.Context, key types.NamespacedName) error {
	stage := &v1alpha1.Stage{}
	if err := r.Reader.Get(ctx, key, stage); err != nil {
		return client.IgnoreNotFound(err)
	}
	if stage.Status.Target == nil || stage.Status.Target.UploadTries == 0 {
		return nil
	}
	before := stage.DeepCopy()
	stage.Status.Target.UploadTries--
	return r.Client.Status().Patch(ctx, stage,
		client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}), client.FieldOwner(fieldOwner))
}
