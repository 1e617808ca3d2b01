package gitops_test

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/fluxcd/pkg/ssa/utils"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// argocd is the field owner under which Argo CD applies on the server's side.
const argocd = "argocd-controller"

// comparison is the program that compares as Argo CD does. It has a module of its own, for Argo CD is built with
// Kubernetes itself; the first build takes minutes.
func comparison() string {
	GinkgoHelper()
	program := filepath.Join(GinkgoT().TempDir(), "argodiff")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = "../../hack/argodiff"
	build.Env = append(os.Environ(), "GOFLAGS=-buildvcs=false", "GOWORK=off")
	output, err := build.CombinedOutput()
	Expect(err).NotTo(HaveOccurred(), string(output))
	return program
}

// sparse leaves out all that may be left out, within lists too: what the server fills in there nobody must want to take
// away again, for ever.
const sparse = `
apiVersion: aloft.dev/v1alpha1
kind: Stage
metadata: {name: sparse, namespace: clouder}
spec:
  profileRef: {name: production}
  image: {repository: ghcr.io/acme/clouder, tag: 4f1c2a9}
  assets: {fromImage: {path: /public}}
  manifest:
    secrets: [{name: env, secretRef: {name: clouder-env}}]
    schedules: [{name: tick, rateMinutes: 1, command: [/app, schedule]}]
    workers:
    - {name: default, queues: [{name: default}], command: [/app, work]}
    - {name: mails, queues: [{name: mails, fifo: true}], httpPath: /mails}
    deployCommands: [{name: migrate, command: [/app, migrate]}]
`

// declared are the samples and a sparse Stage.
func declared() []*unstructured.Unstructured {
	GinkgoHelper()
	object, err := utils.ReadObject(strings.NewReader(sparse))
	Expect(err).NotTo(HaveOccurred())
	return append(samples(), object)
}

// outOfSync is what Argo CD would change of what the cluster has.
type outOfSync struct{ ClientSide, Structured, ServerSide json.RawMessage }

func compared(ctx context.Context, program string, repository *unstructured.Unstructured) outOfSync {
	GinkgoHelper()
	live := &unstructured.Unstructured{}
	live.SetGroupVersionKind(repository.GroupVersionKind())
	Expect(cluster.Get(ctx, client.ObjectKeyFromObject(repository), live)).To(Succeed())
	dryRun := repository.DeepCopy()
	Expect(cluster.Apply(ctx, client.ApplyConfigurationFromUnstructured(dryRun), client.FieldOwner(argocd),
		client.ForceOwnership, client.DryRunAll)).To(Succeed())
	objects, err := json.Marshal(map[string]any{
		"Repository": repository.Object, "Cluster": live.Object, "DryRun": dryRun.Object, "OpenAPI": openAPI,
	})
	Expect(err).NotTo(HaveOccurred())
	command := exec.CommandContext(ctx, program) //nolint:gosec // built above
	command.Stdin, command.Stderr = bytes.NewReader(objects), GinkgoWriter
	answer, err := command.Output()
	Expect(err).NotTo(HaveOccurred())
	var out outOfSync
	Expect(json.Unmarshal(answer, &out)).To(Succeed())
	return out
}

// onTheClientsSide applies as kubectl does, and as Argo CD does by default: the object remembers what was applied.
func onTheClientsSide(ctx context.Context, object *unstructured.Unstructured) {
	GinkgoHelper()
	applied, err := json.Marshal(object.Object)
	Expect(err).NotTo(HaveOccurred())
	object = object.DeepCopy()
	annotations := object.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[corev1.LastAppliedConfigAnnotation] = string(applied)
	object.SetAnnotations(annotations)
	Expect(cluster.Create(ctx, object, client.FieldOwner(argocd))).To(Succeed())
}

func onTheServersSide(ctx context.Context, object *unstructured.Unstructured) {
	GinkgoHelper()
	Expect(cluster.Apply(ctx, client.ApplyConfigurationFromUnstructured(object.DeepCopy()), client.FieldOwner(argocd),
		client.ForceOwnership)).To(Succeed())
}

var _ = Describe("Argo CD", Ordered, func() {
	var program string
	BeforeAll(func() { program = comparison() })

	DescribeTable("finds all in sync that it has applied, after the operator's work",
		func(ctx context.Context, apply func(context.Context, *unstructured.Unstructured)) {
			DeferCleanup(forget)
			for _, object := range declared() {
				apply(ctx, object)
			}
			operate(ctx)
			for _, object := range declared() {
				out := compared(ctx, program, object)
				Expect(string(out.ClientSide)).To(Equal("null"), object.GetName())
				Expect(string(out.Structured)).To(Equal("null"), object.GetName())
				Expect(string(out.ServerSide)).To(Equal("null"), object.GetName())
			}
		},
		Entry("on the client's side", onTheClientsSide),
		Entry("on the server's side", onTheServersSide),
	)

	It("sees what someone changed by hand", func(ctx context.Context) {
		DeferCleanup(forget)
		for _, object := range samples() {
			onTheClientsSide(ctx, object)
		}
		stage := &v1alpha1.Stage{}
		Expect(cluster.Get(ctx, client.ObjectKey{Namespace: namespace, Name: "production"}, stage)).To(Succeed())
		before := stage.DeepCopy()
		stage.Spec.Image.Tag = "by-hand"
		Expect(cluster.Patch(ctx, stage, client.MergeFrom(before))).To(Succeed())
		for _, object := range samples() {
			if object.GetKind() == "Stage" && object.GetName() == "production" {
				out := compared(ctx, program, object)
				Expect(string(out.ClientSide)).To(ContainSubstring("by-hand"))
				Expect(string(out.Structured)).To(ContainSubstring("by-hand"))
				Expect(string(out.ServerSide)).To(ContainSubstring("by-hand"))
			}
		}
	})
})
