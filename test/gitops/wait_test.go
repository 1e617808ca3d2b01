package gitops_test

import (
	"context"
	"os"
	"path/filepath"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/status"
	"github.com/fluxcd/pkg/ssa"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

func condition(name string, is metav1.ConditionStatus, reason string) metav1.Condition {
	return metav1.Condition{Type: name, Status: is, Reason: reason, Message: reason, LastTransitionTime: metav1.Now()}
}

// report writes a status as the operator would: the outcome of a generation, or what goes on.
func report(ctx context.Context, stage *v1alpha1.Stage, observed int64, conditions ...metav1.Condition) {
	GinkgoHelper()
	before := stage.DeepCopy()
	for i := range conditions {
		conditions[i].ObservedGeneration = stage.Generation
	}
	stage.Status.ObservedGeneration, stage.Status.Conditions = observed, conditions
	Expect(cluster.Status().Patch(ctx, stage, client.MergeFrom(before))).To(Succeed())
}

// applied has Flux apply the smallest sample and returns it as Flux and as the operator see it.
func applied(ctx context.Context) ([]*unstructured.Unstructured, *v1alpha1.Stage) {
	GinkgoHelper()
	DeferCleanup(forget)
	apply(ctx)
	stage := &v1alpha1.Stage{}
	Expect(cluster.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "production"}, stage)).To(Succeed())
	for _, object := range samples() {
		if object.GetKind() == "Stage" && object.GetName() == "production" {
			return []*unstructured.Unstructured{object}, stage
		}
	}
	Fail("there is no such sample")
	return nil, nil
}

// waiting begins Flux's wait, which polls often and fails as soon as an object has failed.
func waiting(objects []*unstructured.Unstructured) <-chan error {
	done := make(chan error, 1)
	go func() {
		done <- flux.Wait(objects, ssa.WaitOptions{Interval: 20 * time.Millisecond, Timeout: time.Minute, FailFast: true})
	}()
	return done
}

// seen is what kstatus makes of the stored object.
func seen(ctx context.Context, stage *v1alpha1.Stage) status.Status {
	GinkgoHelper()
	object := &unstructured.Unstructured{}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Stage"))
	Expect(cluster.Get(ctx, client.ObjectKeyFromObject(stage), object)).To(Succeed())
	result, err := status.Compute(object)
	Expect(err).NotTo(HaveOccurred())
	return result.Status
}

var _ = Describe("Flux waits", func() {
	It("for a new Stage through its release, until it is live", func(ctx context.Context) {
		objects, stage := applied(ctx)
		Expect(seen(ctx, stage)).To(Equal(status.InProgressStatus), "a Stage that nobody has looked at is not healthy")
		done := waiting(objects)

		report(ctx, stage, -1, condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonProgressing),
			condition(v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonProgressing))
		Expect(seen(ctx, stage)).To(Equal(status.InProgressStatus))
		Expect(done).NotTo(Receive())

		report(ctx, stage, stage.Generation, condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonLive))
		Eventually(done).Should(Receive(BeNil()))
	})

	It("no longer once a release is refused", func(ctx context.Context) {
		objects, stage := applied(ctx)
		done := waiting(objects)
		report(ctx, stage, stage.Generation,
			condition(v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonCommandFailed),
			condition(v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonCommandFailed))
		var err error
		Eventually(done).Should(Receive(&err))
		Expect(err).To(MatchError(ContainSubstring("Stage/clouder/production status: 'Failed'")))
	})

	It("again after a new tag, although the old release is healthy", func(ctx context.Context) {
		_, stage := applied(ctx)
		report(ctx, stage, stage.Generation, condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonLive))
		Expect(seen(ctx, stage)).To(Equal(status.CurrentStatus))
		before := stage.DeepCopy()
		stage.Spec.Image.Tag = "next"
		Expect(cluster.Patch(ctx, stage, client.MergeFrom(before))).To(Succeed())
		Expect(seen(ctx, stage)).To(Equal(status.InProgressStatus))
	})

	It("for a deletion to be carried out", func(ctx context.Context) {
		objects, stage := applied(ctx)
		operate(ctx)
		Expect(cluster.Delete(ctx, stage)).To(Succeed())
		Expect(seen(ctx, stage)).To(Equal(status.TerminatingStatus))
		forget(ctx)
		Expect(flux.WaitForTermination(objects, ssa.WaitOptions{
			Interval: 20 * time.Millisecond, Timeout: time.Minute,
		})).To(Succeed())
	})
})

var _ = It("Flux and Argo CD agree about every state", func() {
	var tests struct {
		Tests []struct {
			HealthStatus struct{ Status string }
			InputPath    string
		}
	}
	const folder = "../../config/argocd/resource_customizations/aloft.dev/Stage"
	read(filepath.Join(folder, "health_test.yaml"), &tests)
	agree := map[string][]status.Status{
		"Healthy":     {status.CurrentStatus},
		"Degraded":    {status.FailedStatus},
		"Progressing": {status.InProgressStatus, status.TerminatingStatus},
		// kstatus knows no suspension: what is live is current, what is held is in progress.
		"Suspended": {status.InProgressStatus, status.CurrentStatus},
	}
	Expect(tests.Tests).NotTo(BeEmpty())
	for _, test := range tests.Tests {
		object := &unstructured.Unstructured{}
		read(filepath.Join(folder, test.InputPath), object)
		if object.Object["status"] == nil && object.GetDeletionTimestamp() == nil {
			continue // kstatus takes an object without a status for current: the definition's default keeps that from existing
		}
		result, err := status.Compute(object)
		Expect(err).NotTo(HaveOccurred())
		Expect(agree[test.HealthStatus.Status]).To(ContainElement(result.Status), test.InputPath)
	}
})

func read(path string, into any) {
	GinkgoHelper()
	text, err := os.ReadFile(path)
	Expect(err).NotTo(HaveOccurred())
	Expect(yaml.Unmarshal(text, into)).To(Succeed(), path)
}
