package e2e

import (
	"fmt"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/cmd/manager/operator"
)

// watchInvariants checks each status that any Stage of the suite has, and reports the first that breaks a rule at the
// end.
func watchInvariants() {
	GinkgoHelper()
	scheme, err := operator.Scheme()
	Expect(err).NotTo(HaveOccurred())
	watcher, err := client.NewWithWatch(box.ControlPlane.Config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	events, err := watcher.Watch(ctx, &v1alpha1.StageList{})
	Expect(err).NotTo(HaveOccurred())
	broken := make(chan string, 1000)
	seen := make(chan int, 1)
	go func() {
		count := 0
		for event := range events.ResultChan() {
			stage, ok := event.Object.(*v1alpha1.Stage)
			if !ok {
				continue
			}
			count++
			for _, problem := range broke(stage) {
				broken <- fmt.Sprintf("%s/%s (resourceVersion %s): %s", stage.Namespace, stage.Name, stage.ResourceVersion, problem)
			}
		}
		close(broken)
		seen <- count
	}()
	DeferCleanup(func() {
		events.Stop()
		var problems []string
		for problem := range broken {
			problems = append(problems, problem)
		}
		Expect(problems).To(BeEmpty(), "statuses that break the rules of kstatus and of Flux's conformance check")
		Expect(<-seen).To(BeNumerically(">", 10), "the watch saw the statuses")
	})
}

// broke lists the rules of kstatus, and of Flux's conformance check, that a status breaks.
func broke(stage *v1alpha1.Stage) (problems []string) {
	told := &stage.Status
	if told.ObservedGeneration == -1 {
		return nil // not seen by the operator yet, and never taken for healthy
	}
	is := func(conditionType string) *metav1.Condition {
		return meta.FindStatusCondition(told.Conditions, conditionType)
	}
	ready, reconciling, stalled := is(v1alpha1.ConditionReady), is(v1alpha1.ConditionReconciling),
		is(v1alpha1.ConditionStalled)
	check := func(holds bool, rule string) {
		if !holds {
			problems = append(problems, fmt.Sprintf("%s: %+v", rule, told.Conditions))
		}
	}
	check(ready != nil, "Ready is always there")
	if ready == nil {
		return problems
	}
	check(reconciling == nil || stalled == nil, "Reconciling and Stalled exclude each other")
	check(reconciling == nil || reconciling.Status == metav1.ConditionTrue, "Reconciling is removed when it is not true")
	check(stalled == nil || stalled.Status == metav1.ConditionTrue, "Stalled is removed when it is not true")
	check(reconciling == nil && stalled == nil || ready.Status == metav1.ConditionFalse,
		"Ready is False while Reconciling or Stalled is True")
	check(seenByKstatus(stage) == expectedOfKstatus(stage),
		fmt.Sprintf("kstatus takes it for %s and not for %s", seenByKstatus(stage), expectedOfKstatus(stage)))
	check(ready.Status != metav1.ConditionUnknown || reconciling != nil, "Ready is Unknown only while Reconciling")
	check(ready.Status != metav1.ConditionTrue || told.ObservedGeneration != stage.Generation ||
		told.Live.BuildID == stage.Spec.Image.Tag,
		"with Ready True of this generation what it asks for is live")
	check(told.ObservedGeneration <= stage.Generation, "observedGeneration never runs ahead")
	for i := range told.Conditions {
		condition := &told.Conditions[i]
		check(condition.ObservedGeneration > 0 && condition.ObservedGeneration <= stage.Generation,
			"each condition has its generation")
		if ready.Status == metav1.ConditionTrue {
			check(condition.ObservedGeneration == told.ObservedGeneration,
				"with Ready True all conditions are of that generation: "+condition.Type)
		}
	}
	return problems
}

// seenByKstatus is what kstatus, and so Flux, makes of a Stage.
func seenByKstatus(stage *v1alpha1.Stage) status.Status {
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(stage)
	if err != nil {
		return status.Status(err.Error())
	}
	result, err := status.Compute(&unstructured.Unstructured{Object: content})
	if err != nil {
		return status.Status(err.Error())
	}
	return result.Status
}

// expectedOfKstatus is what a Stage is, by its own word.
func expectedOfKstatus(stage *v1alpha1.Stage) status.Status {
	is := func(conditionType string) bool {
		return meta.IsStatusConditionTrue(stage.Status.Conditions, conditionType)
	}
	switch {
	case !stage.DeletionTimestamp.IsZero():
		return status.TerminatingStatus
	case stage.Status.ObservedGeneration != stage.Generation:
		return status.InProgressStatus
	case is(v1alpha1.ConditionStalled):
		return status.FailedStatus
	case is(v1alpha1.ConditionReady):
		return status.CurrentStatus
	default:
		return status.InProgressStatus
	}
}
