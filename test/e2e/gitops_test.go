package e2e

import (
	"os"
	"os/exec"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

var _ = Describe("Flux", func() {
	It("applies a Stage, waits until it is live, and finds nothing to do when it applies it again", func() {
		stage := aStage("v1")
		flux := ssa.NewResourceManager(box.Client,
			polling.NewStatusPoller(box.Client, box.Client.RESTMapper(), polling.Options{}),
			ssa.Owner{Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io"})
		wait := ssa.WaitOptions{Interval: 50 * time.Millisecond, Timeout: time.Minute, FailFast: true}
		applies := func(tag string) ssa.Action {
			GinkgoHelper()
			stage.Spec.Image.Tag = tag
			change, err := flux.Apply(ctx, declared(stage), ssa.DefaultApplyOptions())
			Expect(err).NotTo(HaveOccurred())
			return change.Action
		}
		Expect(applies("v1")).To(Equal(ssa.CreatedAction))
		Expect(flux.Wait([]*unstructured.Unstructured{declared(stage)}, wait)).To(Succeed())
		isLive(stage, "v1")
		Expect(applies("v1")).To(Equal(ssa.UnchangedAction))

		Expect(applies("v2")).To(Equal(ssa.ConfiguredAction))
		Expect(flux.Wait([]*unstructured.Unstructured{declared(stage)}, wait)).To(Succeed())
		isLive(stage, "v2")

		Expect(applies("v3-failing-migration")).To(Equal(ssa.ConfiguredAction))
		Expect(flux.Wait([]*unstructured.Unstructured{declared(stage)},
			wait)).To(MatchError(ContainSubstring("status: 'Failed'")))
	})
})

var _ = Describe("kubectl wait", func() {
	It("ends when the release of this generation is live", func() {
		program, err := exec.LookPath("kubectl")
		if err != nil {
			Skip("kubectl is not installed: how it waits for a release is not tested here")
		}
		stage := released("v1")
		setTag(stage, "v2")
		command := exec.CommandContext(ctx, program, "wait", "--for=condition=Ready", "stages.aloft.dev/"+stage.Name, "-n",
			stage.Namespace, "--timeout=60s")
		command.Env = append(os.Environ(), "KUBECONFIG="+box.ControlPlane.Kubeconfig)
		output, err := command.CombinedOutput()
		Expect(err).NotTo(HaveOccurred(), "%s", output)
		isLive(stage, "v2")
	})
})

// isLive expects that a tag is live at this moment.
func isLive(stage *v1alpha1.Stage, tag string) {
	GinkgoHelper()
	now := &v1alpha1.Stage{}
	Expect(box.Client.Get(ctx, keyOf(stage), now)).To(Succeed())
	Expect(now.Status.Live).To(HaveField("BuildID", tag))
	load(now.Status.Endpoints.URL + "/")
}

// declared is what a repository holds of a Stage.
func declared(stage *v1alpha1.Stage) *unstructured.Unstructured {
	GinkgoHelper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(stage)
	Expect(err).NotTo(HaveOccurred())
	object := &unstructured.Unstructured{Object: content}
	object.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Stage"))
	unstructured.RemoveNestedField(object.Object, "status")
	unstructured.RemoveNestedField(object.Object, "metadata", "creationTimestamp")
	return object
}
