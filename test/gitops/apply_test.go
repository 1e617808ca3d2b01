package gitops_test

import (
	"context"
	"os"
	"path/filepath"

	"github.com/fluxcd/pkg/ssa"
	"github.com/fluxcd/pkg/ssa/utils"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// samples are the objects of config/samples, as Flux finds them in a repository.
func samples() []*unstructured.Unstructured {
	GinkgoHelper()
	files, err := filepath.Glob("../../config/samples/aloft_*.yaml")
	Expect(err).NotTo(HaveOccurred())
	var objects []*unstructured.Unstructured
	for _, file := range files {
		text, err := os.Open(file)
		Expect(err).NotTo(HaveOccurred())
		found, err := utils.ReadObjects(text)
		Expect(err).NotTo(HaveOccurred(), file)
		objects = append(objects, found...)
		Expect(text.Close()).To(Succeed())
	}
	Expect(objects).NotTo(BeEmpty())
	flux.SetOwnerLabels(objects, "clouder", "flux-system")
	return objects
}

// apply has Flux apply the samples and returns what it did to each.
func apply(ctx context.Context) map[string]ssa.Action {
	GinkgoHelper()
	changes, err := flux.ApplyAllStaged(ctx, samples(), ssa.DefaultApplyOptions())
	Expect(err).NotTo(HaveOccurred())
	actions := map[string]ssa.Action{}
	for _, entry := range changes.Entries {
		actions[entry.Subject] = entry.Action
	}
	return actions
}

func allOf(action ssa.Action) map[string]ssa.Action {
	actions := map[string]ssa.Action{}
	for _, object := range samples() {
		actions[utils.FmtUnstructured(object)] = action
	}
	return actions
}

// operate does what the operator does to each Stage: a finalizer by an optimistic patch, and the status.
func operate(ctx context.Context) {
	GinkgoHelper()
	var stages v1alpha1.StageList
	Expect(cluster.List(ctx, &stages)).To(Succeed())
	for _, stage := range stages.Items {
		before := stage.DeepCopy()
		controllerutil.AddFinalizer(&stage, v1alpha1.StageFinalizer)
		Expect(cluster.Patch(ctx, &stage,
			client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{}))).To(Succeed())
		report(ctx, &stage, stage.Generation, condition(v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonLive))
	}
}

// forget takes everything away again.
func forget(ctx context.Context) {
	var stages v1alpha1.StageList
	Expect(cluster.List(ctx, &stages)).To(Succeed())
	for _, stage := range stages.Items {
		before := stage.DeepCopy()
		stage.Finalizers = nil
		Expect(cluster.Patch(ctx, &stage, client.MergeFrom(before))).To(Succeed())
		Expect(client.IgnoreNotFound(cluster.Delete(ctx, &stage))).To(Succeed())
	}
	Expect(cluster.DeleteAllOf(ctx, &v1alpha1.StageProfile{})).To(Succeed())
}

var _ = Describe("Flux applies", func() {
	BeforeEach(func(ctx context.Context) {
		DeferCleanup(forget)
		Expect(apply(ctx)).To(Equal(allOf(ssa.CreatedAction)))
	})

	It("the same twice without a change", func(ctx context.Context) {
		Expect(apply(ctx)).To(Equal(allOf(ssa.UnchangedAction)))
	})

	It("the same again after the operator's work, without a change", func(ctx context.Context) {
		operate(ctx)
		Expect(apply(ctx)).To(Equal(allOf(ssa.UnchangedAction)))
	})

	It("and sees no drift in what the server filled in or the operator wrote", func(ctx context.Context) {
		operate(ctx)
		for _, object := range samples() {
			entry, _, _, err := flux.Diff(ctx, object, ssa.DefaultDiffOptions())
			Expect(err).NotTo(HaveOccurred())
			Expect(entry.Action).To(Equal(ssa.UnchangedAction), entry.Subject)
		}
	})

	It("and stays the owner of every field of the spec", func(ctx context.Context) {
		operate(ctx)
		var stages v1alpha1.StageList
		Expect(cluster.List(ctx, &stages)).To(Succeed())
		Expect(stages.Items).NotTo(BeEmpty())
		for _, stage := range stages.Items {
			for _, entry := range stage.ManagedFields {
				if entry.Manager == "kustomize-controller" {
					continue
				}
				Expect(entry.FieldsV1.GetRawString()).NotTo(ContainSubstring(`"f:spec"`), "%s owns a part of the spec of %s",
					entry.Manager, stage.Name)
			}
			Expect(stage.Generation).To(BeEquivalentTo(1), "nobody changed the spec of %s", stage.Name)
		}
	})

	It("a new tag as one change, and takes back what someone changed by hand", func(ctx context.Context) {
		var stage v1alpha1.Stage
		Expect(cluster.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "production"}, &stage)).To(Succeed())
		before := stage.DeepCopy()
		stage.Spec.Image.Tag = "by-hand"
		Expect(cluster.Patch(ctx, &stage, client.MergeFrom(before))).To(Succeed())
		want := allOf(ssa.UnchangedAction)
		want["Stage/clouder/production"] = ssa.ConfiguredAction
		Expect(apply(ctx)).To(Equal(want))
		Expect(apply(ctx)).To(Equal(allOf(ssa.UnchangedAction)))
	})
})
