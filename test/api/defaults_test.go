package api_test

import (
	"context"
	"encoding/json"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// defaulted is what the server makes of the Stage, as the operator reads it.
func defaulted(ctx context.Context, patches ...string) v1alpha1.Stage {
	GinkgoHelper()
	answer, err := tried(ctx, stage(patches...))
	Expect(err).NotTo(HaveOccurred())
	var result v1alpha1.Stage
	Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(answer.Object, &result)).To(Succeed())
	return result
}

// written is the spec as the operator reads and hashes it.
func written(spec v1alpha1.StageSpec) []byte {
	GinkgoHelper()
	text, err := json.Marshal(spec)
	Expect(err).NotTo(HaveOccurred())
	return text
}

var _ = Describe("defaults", func() {
	It("give a new Stage a status that nobody takes for healthy", func(ctx context.Context) {
		Expect(defaulted(ctx).Status.ObservedGeneration).To(BeEquivalentTo(-1))
	})

	It("fill a Stage that says nothing", func(ctx context.Context) {
		Expect(defaulted(ctx).Spec).To(Equal(v1alpha1.StageSpec{
			ProfileRef: v1alpha1.ProfileReference{Name: "production"},
			Image:      v1alpha1.Image{Repository: "ghcr.io/acme/clouder", Tag: "4f1c2a9"},
			Manifest: v1alpha1.Manifest{
				Runtime:      v1alpha1.Runtime{HTTP: v1alpha1.RuntimeHTTP{Port: 8080}},
				HTTP:         v1alpha1.HTTPFunction{MemoryMiB: 512, TimeoutSeconds: 29, WarmEnvironments: 1},
				CLI:          v1alpha1.CLIFunction{MemoryMiB: 512, TimeoutSeconds: 900},
				Architecture: "amd64",
			},
			Retention: v1alpha1.Retention{Releases: 5},
		}))
	})

	It("keep a reserved concurrency of zero, which stops a function, apart from none", func(ctx context.Context) {
		Expect(defaulted(ctx).Spec.Manifest.HTTP.ReservedConcurrency).To(BeNil())
		stopped := defaulted(ctx, "spec: {manifest: {http: {reservedConcurrency: 0}}}")
		Expect(stopped.Spec.Manifest.HTTP.ReservedConcurrency).To(Equal(ptr.To[int32](0)))
	})

	DescribeTable("make {}, null and absent equal", func(ctx context.Context, before, path string) {
		absent := defaulted(ctx, before)
		for _, value := range []string{"{}", "null"} {
			answer, err := tried(ctx, withValue(stage(before), path, value))
			Expect(err).NotTo(HaveOccurred(), value)
			var result v1alpha1.Stage
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(answer.Object, &result)).To(Succeed())
			Expect(written(result.Spec)).To(MatchJSON(written(absent.Spec)), "%s: %s", path, value)
		}
	},
		Entry("the manifest", "{}", "spec.manifest"),
		Entry("the runtime", "spec: {manifest: {architecture: arm64}}", "spec.manifest.runtime"),
		Entry("the runtime's server", "spec: {manifest: {architecture: arm64}}", "spec.manifest.runtime.http"),
		Entry("the http function", "spec: {manifest: {architecture: arm64}}", "spec.manifest.http"),
		Entry("the cli function", "spec: {manifest: {architecture: arm64}}", "spec.manifest.cli"),
		Entry("the environment", "spec: {manifest: {architecture: arm64}}", "spec.manifest.environment"),
		Entry("the retention", "{}", "spec.retention"),
	)

	It("make null and absent equal for a list and a number", func(ctx context.Context) {
		for _, path := range []string{"spec.manifest.workers", "spec.manifest.schedules", "spec.manifest.secrets",
			"spec.manifest.deployCommands", "spec.manifest.http.memoryMiB", "spec.suspend"} {
			answer, err := tried(ctx, withValue(stage(), path, "null"))
			Expect(err).NotTo(HaveOccurred(), path)
			var result v1alpha1.Stage
			Expect(runtime.DefaultUnstructuredConverter.FromUnstructured(answer.Object, &result)).To(Succeed())
			Expect(result.Spec).To(Equal(defaulted(ctx).Spec), path)
		}
	})

	It("retain what a stage owns, unless the profile says otherwise", func(ctx context.Context) {
		answer, err := tried(ctx, profile())
		Expect(err).NotTo(HaveOccurred())
		Expect(answer.Object["spec"]).To(HaveKeyWithValue("deletionPolicy", "Retain"))
		Expect(answer.Object["spec"]).To(HaveKeyWithValue("commandOutput", "Status"))
		Expect(defaulted(ctx).Spec.DeletionPolicy).To(BeEmpty(), "the profile decides")
	})
})
