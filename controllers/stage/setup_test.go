package stage

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/event"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

func TestOnlyWhatMayAskForSomethingWakesAStage(t *testing.T) {
	before := &v1alpha1.Stage{}
	before.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady}}
	before.Generation = 1
	for _, row := range []struct {
		why    string
		change func(*v1alpha1.Stage)
		want   bool
	}{
		{"a resync brings the same again", func(*v1alpha1.Stage) {}, false},
		{"a label says nothing", func(s *v1alpha1.Stage) { s.Labels = map[string]string{"team": "a"} }, false},
		{"the operator reports", func(s *v1alpha1.Stage) { s.Status.Phase = "Live" }, false},
		{"the operator takes hold of it", func(s *v1alpha1.Stage) { s.Finalizers = []string{v1alpha1.StageFinalizer} },
			false},
		{"the spec was edited, or it is being deleted", func(s *v1alpha1.Stage) { s.Generation = 2 }, true},
		{"an annotation may be a request",
			func(s *v1alpha1.Stage) { s.Annotations = map[string]string{v1alpha1.AnnotationRetry: "1"} }, true},
		{"the status was taken away", func(s *v1alpha1.Stage) { s.Status = v1alpha1.StageStatus{} }, true},
	} {
		t.Run(row.why, func(t *testing.T) {
			after := before.DeepCopy()
			row.change(after)
			if got := worthALook().Update(event.UpdateEvent{ObjectOld: before, ObjectNew: after}); got != row.want {
				t.Errorf("it wakes the Stage: %t", got)
			}
		})
	}
}
