package e2e

import (
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/test/sandbox"
)

var _ = Describe("A stage at rest", func() {
	It("asks nothing of AWS when its YAML is applied again or a label is added", func() {
		stage := released("v1")
		asksNothing(stage, func() {
			again := box.SampleStage(stage.Namespace, stage.Name, stage.Namespace, "v1")
			Expect(box.Client.Patch(ctx, again, client.Merge)).To(Succeed())
			Expect(again.Generation).To(Equal(stage.Generation))
			edit(stage, func(s *v1alpha1.Stage) { s.Labels = map[string]string{"team": "a"} })
		})
	})

	It("asks nothing of AWS when a Secret is rewritten with the same data", func() {
		stage := released("v1")
		asksNothing(stage, func() {
			secret := secretOf(stage)
			Expect(box.Client.Delete(ctx, secret)).To(Succeed())
			rewritten := &corev1.Secret{Data: secret.Data}
			rewritten.Namespace, rewritten.Name = secret.Namespace, secret.Name
			Expect(box.Client.Create(ctx, rewritten)).To(Succeed())
		})
	})

	It("makes a release when a Secret has other data, and says that a Secret was the cause", func() {
		stage := released("v1")
		id := stage.Status.Live.ID
		secret := secretOf(stage)
		secret.Data["GREETING"] = []byte("hello")
		Expect(box.Client.Update(ctx, secret)).To(Succeed())
		annotate(stage, v1alpha1.AnnotationRequestedAt, "once") // Secrets are polled each minute: this looks at once
		Eventually(func() string { return fetch(stage).Status.Live.ID }).ShouldNot(Equal(id))
		Expect(stage.Status.Target.Cause.Type).To(Equal(v1alpha1.CauseSecret))
		Expect(stage.Status.History).To(HaveLen(1))
	})
})

var _ = Describe("An operator that is started again", Serial, func() {
	It("asks nothing of AWS about what is live, and neither does one with newer templates", func() {
		stage := released("v1")
		asksNothing(stage, func() { restart() })
		asksNothing(stage, func() { restart(newerTemplates) })
		DeferCleanup(func() { restart() })

		since := mark()
		annotate(stage, v1alpha1.AnnotationRequestedAt, "now")
		Eventually(func() string { return fetch(stage).Status.Live.TemplateRevision }).Should(Equal("newer"),
			"on request they make a release")
		becomesLive(stage, "v1")
		Expect(operatorCalls(since).Where(isFlip)).To(HaveLen(3))
	})
})

func newerTemplates(o *operator.Options) { o.TemplateRevision = "newer" }

func restart(edits ...func(*operator.Options)) {
	GinkgoHelper()
	Expect(box.StopOperator()).To(Succeed())
	Expect(box.StartOperator(ctx, edits...)).To(Succeed())
}

// asksNothing does something and sees to it that the operator looks at the Stage then, and asks nothing of AWS.
func asksNothing(stage *v1alpha1.Stage, what func()) {
	GinkgoHelper()
	since := mark()
	what()
	looksAt(stage)
	Expect(operatorCalls(since).Names()).To(BeEmpty())
	Expect(changes(since).Names()).To(BeEmpty())
	becomesLive(stage, "v1")
}

// looksAt has the operator reconcile the Stage: a change without meaning, whose generation it reports.
func looksAt(stage *v1alpha1.Stage) {
	GinkgoHelper()
	edit(stage, func(s *v1alpha1.Stage) { s.Spec.Retention.Releases = 15 - s.Spec.Retention.Releases })
	Eventually(func() int64 { return fetch(stage).Status.ObservedGeneration }).Should(Equal(stage.Generation))
}

func secretOf(stage *v1alpha1.Stage) *corev1.Secret {
	GinkgoHelper()
	secret := &corev1.Secret{}
	Expect(box.Client.Get(ctx, client.ObjectKey{Namespace: stage.Namespace, Name: sandbox.SampleSecret},
		secret)).To(Succeed())
	return secret
}
