package api_test

import (
	"context"
	"os/exec"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// kubectl runs the real one with the administrator's kubeconfig, or skips the spec where there is none.
func kubectl(ctx context.Context, arguments ...string) string {
	GinkgoHelper()
	program, err := exec.LookPath("kubectl")
	if err != nil {
		Skip("kubectl is not installed: what it prints and waits for is not tested here")
	}
	command := exec.CommandContext(ctx, program, append([]string{"--kubeconfig", plane.Kubeconfig}, arguments...)...)
	output, err := command.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), "kubectl %s: %s", strings.Join(arguments, " "), output)
	return string(output)
}

// released is a Stage whose newest build is on its way while an older one serves.
func released(ctx context.Context) *v1alpha1.Stage {
	GinkgoHelper()
	var result v1alpha1.Stage
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(applied(ctx, stage()).Object, &result)).To(Succeed())
	before := result.DeepCopy()
	result.Status = v1alpha1.StageStatus{
		ObservedGeneration: 0,
		Phase:              "Publishing",
		Conditions: []metav1.Condition{{
			Type: v1alpha1.ConditionReady, Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonProgressing,
			Message: "publishing 2 of 3 versions", ObservedGeneration: 1, LastTransitionTime: metav1.Now(),
		}},
		Target: &v1alpha1.Run{ID: "r2-1", ReleaseID: "r2", State: v1alpha1.RunRunning,
			BuildID: "4f1c2a9", ImageDigest: "sha256:x",
			TemplateRevision: "1", Generation: 1, Cause: v1alpha1.Cause{Type: "Created"}, StartedAt: metav1.Now()},
		Live: &v1alpha1.Release{ID: "r1", BuildID: "0b7d9e2", TemplateRevision: "1"},
	}
	Expect(admin.Status().Patch(ctx, &result, client.MergeFrom(before))).To(Succeed())
	return &result
}

var _ = Describe("kubectl", func() {
	It("prints what a user wants to know of a Stage", func(ctx context.Context) {
		released(ctx)
		lines := strings.Split(strings.TrimSpace(kubectl(ctx, "get", "stages.aloft.dev", "-n", namespace)), "\n")
		Expect(lines).To(HaveLen(2))
		Expect(strings.Fields(lines[0])).To(Equal([]string{"NAME", "READY", "PHASE", "TARGET", "LIVE", "MESSAGE", "AGE"}))
		Expect(lines[1]).To(
			MatchRegexp(`^production +False +Publishing +4f1c2a9 +0b7d9e2 +publishing 2 of 3 versions +\d+s$`),
		)
	})

	It("prints a profile's account and region", func(ctx context.Context) {
		applied(ctx, profile())
		Expect(kubectl(ctx, "get",
			"stageprofiles.aloft.dev")).To(
			MatchRegexp(`(?m)^NAME +ACCOUNT +REGION +AGE\nproduction +123456789012 +eu-central-1 +\d+s$`),
		)
	})

	It("knows the short names and the category", func(ctx context.Context) {
		released(ctx)
		applied(ctx, profile())
		Expect(kubectl(ctx, "get", "ast", "-n", namespace, "-o", "name")).To(Equal("stage.aloft.dev/production\n"))
		Expect(kubectl(ctx, "get", "astp", "-o", "name")).To(Equal("stageprofile.aloft.dev/production\n"))
		Expect(kubectl(ctx, "get", "aloft", "-n", namespace, "-o",
			"name")).To(And(ContainSubstring("stage.aloft.dev/production"),
			ContainSubstring("stageprofile.aloft.dev/production")))
	})

	It("selects Stages by their profile", func(ctx context.Context) {
		released(ctx)
		Expect(kubectl(ctx, "get", "stages.aloft.dev", "-n", namespace, "-o", "name", "--field-selector",
			"spec.profileRef.name=production")).NotTo(BeEmpty())
		Expect(kubectl(ctx, "get", "stages.aloft.dev", "-n", namespace, "-o", "name", "--field-selector",
			"spec.profileRef.name=other")).To(BeEmpty())
	})

	It("explains each field", func(ctx context.Context) {
		Expect(kubectl(ctx, "explain", "stages.spec.manifest.http.warmEnvironments", "--api-version",
			"aloft.dev/v1alpha1")).To(ContainSubstring("number of distinct environments that are warm"))
	})

	It("waits for Ready of this generation, not of the one before", func(ctx context.Context) {
		object := released(ctx)
		ready := func() string {
			return kubectl(ctx, "wait", "--for=condition=Ready", "stages.aloft.dev/production", "-n", namespace, "--timeout=60s")
		}
		before := object.DeepCopy()
		object.Status.ObservedGeneration, object.Status.Conditions[0].Status = 1, metav1.ConditionTrue
		Expect(admin.Status().Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
		Expect(ready()).To(ContainSubstring("condition met"))

		before = object.DeepCopy()
		object.Spec.Image.Tag = "next"
		Expect(admin.Patch(ctx, object, client.MergeFrom(before))).To(Succeed())
		Expect(object.Generation).To(BeEquivalentTo(2))
		once := exec.CommandContext(ctx, "kubectl", "--kubeconfig", plane.Kubeconfig, "wait", "--for=condition=Ready",
			"stages.aloft.dev/production", "-n", namespace, "--timeout=0s")
		output, err := once.CombinedOutput()
		Expect(err).To(HaveOccurred(), string(output))
		Expect(string(output)).To(ContainSubstring("condition not met"))
	})

	It("renders the deployment and every object in it is taken by the server", func(ctx context.Context) {
		rendered := kubectl(ctx, "kustomize", "../../config/default")
		file := GinkgoT().TempDir() + "/default.yaml"
		write(file, rendered)
		for _, object := range documents(file) {
			object.SetResourceVersion("")
			if object.GetKind() == "CustomResourceDefinition" {
				continue // installed already
			}
			if object.GetNamespace() != "" {
				ensureNamespace(ctx, object.GetNamespace())
			}
			_, err := tried(ctx, object)
			Expect(client.IgnoreAlreadyExists(err)).NotTo(HaveOccurred(), "%s %s", object.GetKind(), object.GetName())
		}
	})

	It("deploys a pod that the restricted profile of pod security takes", func(ctx context.Context) {
		ensureNamespace(ctx, "aloft-system")
		pod := podOf(kubectl(ctx, "kustomize", "../../config/default"))
		Expect(admin.Create(ctx, pod, client.DryRunAll)).To(Succeed())

		pod.Spec.SecurityContext.RunAsNonRoot = nil
		Expect(admin.Create(ctx, pod, client.DryRunAll)).To(MatchError(ContainSubstring(`violates PodSecurity "restricted`)),
			"the check can fail")
	})
})
