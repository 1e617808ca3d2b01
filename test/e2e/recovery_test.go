package e2e

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/test/sandbox"
)

var _ = Describe("The record of a stage", func() {
	It("is rebuilt from AWS when the status is wiped, and nothing changes", func() {
		stage := released("v1")
		id := stage.Status.Live.ID
		since := mark()
		wipe(stage)
		becomesLive(stage, "v1")
		Expect(stage.Status.Live.ID).To(Equal(id))
		Expect(changes(since).Names()).To(BeEmpty())
		Expect(ran(stage, "migrations")).To(Equal(1))
	})

	It("is rebuilt with the releases before, of which nothing is swept away", func() {
		stage := released("v1", "v2")
		since := mark()
		wipe(stage)
		becomesLive(stage, "v2")
		Expect(changes(since).Names()).To(BeEmpty())
		Expect(stage.Status.History).To(HaveLen(1))
		Expect(stage.Status.History[0].BuildID).To(Equal("v1"))
	})

	It("is rebuilt in the midst of an update, whose command does not run again", func() {
		stage := released("v1")
		slow("s3:PutObject", "/runs/", 700*time.Millisecond)
		setTag(stage, "v2")
		Eventually(func() int { return ran(stage, "migrations") }).Should(Equal(2))
		wipe(stage)
		becomesLive(stage, "v2")
		Expect(ran(stage, "migrations")).To(Equal(2))
	})

	It("is rebuilt in the midst of an update while it is suspended, and its command does not run again when it goes on",
		func() {
			stage := released("v1")
			slow("s3:PutObject", "/runs/", 700*time.Millisecond)
			setTag(stage, "v2")
			Eventually(func() int { return ran(stage, "migrations") }).Should(Equal(2))
			suspend(stage, true)
			wipe(stage)
			Eventually(func() *v1alpha1.Release { return fetch(stage).Status.Live }).ShouldNot(BeNil())
			suspend(stage, false)
			becomesLive(stage, "v2")
			Expect(ran(stage, "migrations")).To(Equal(2))
		})

	It("is rebuilt on the way back to an earlier build, whose command runs again", func() {
		stage := released("v1")
		time.Sleep(time.Second) // runs are told apart by the second of their start
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		suspend(stage, true)
		setTag(stage, "v1")
		waitsFor(stage, v1alpha1.ReasonSuspended)
		wipe(stage)
		suspend(stage, false)
		becomesLive(stage, "v1")
		Expect(ran(stage, "migrations")).To(Equal(3))
	})

	It("is found again by a Stage that was deleted with Retain and applied again, which serves all the time", func() {
		stage := aStage("v1", func(s *v1alpha1.Stage) { s.Spec.DeletionPolicy = v1alpha1.DeletionPolicyRetain })
		again := stage.DeepCopy()
		apply(stage)
		becomesLive(stage, "v1")
		url, id := stage.Status.Endpoints.URL, stage.Status.Live.ID
		since := mark()
		remove(stage)
		status, _ := load(url + "/")
		Expect(status).To(Equal(http.StatusOK))
		apply(again)
		becomesLive(again, "v1")
		Expect(again.Status.Live.ID).To(Equal(id))
		Expect(changes(since).Names()).To(BeEmpty())
		Expect(ran(again, "migrations")).To(Equal(1))
	})
})

var _ = Describe("A stage of a cluster that is gone", Serial, func() {
	It("is taken over by the platform team's word, without the cluster's key and record, and runs no command again",
		func() {
			stage := released("v1")
			url, id := stage.Status.Endpoints.URL, stage.Status.Live.ID
			Expect(box.StopOperator()).To(Succeed())
			loseKey()
			wipe(stage)
			Expect(box.StartOperator(ctx, func(o *operator.Options) { o.ClusterID = "rebuilt" })).To(Succeed())
			DeferCleanup(func() {
				Expect(box.StopOperator()).To(Succeed())
				Expect(box.StartOperator(ctx)).To(Succeed())
			})

			since := mark()
			Expect(stalls(stage, v1alpha1.ReasonNotOwned).Message).To(And(
				ContainSubstring(sandbox.ClusterID+"/"+stage.Namespace+"/production/"), ContainSubstring("spec.adopt")))
			Expect(changes(since).Names()).To(BeEmpty())
			status, _ := load(url + "/")
			Expect(status).To(Equal(http.StatusOK))

			profile := &v1alpha1.StageProfile{}
			Expect(box.Client.Get(ctx, client.ObjectKey{Name: stage.Spec.ProfileRef.Name}, profile)).To(Succeed())
			before := profile.DeepCopy()
			profile.Spec.Adopt = []string{sandbox.ClusterID}
			Expect(box.Client.Patch(ctx, profile, client.MergeFrom(before))).To(Succeed())
			Eventually(func() string { return condition(fetch(stage), v1alpha1.ConditionStalled).Reason }).Should(BeEmpty())
			becomesLive(stage, "v1")
			Expect(stage.Status.Live.ID).To(Equal(id))
			Expect(stage.Status.Endpoints.URL).To(Equal(url))
			Expect(ran(stage, "migrations")).To(Equal(1))

			before = profile.DeepCopy()
			profile.Spec.Adopt = nil
			Expect(box.Client.Patch(ctx, profile, client.MergeFrom(before))).To(Succeed())
			setTag(stage, "v2")
			becomesLive(stage, "v2")
			Expect(ran(stage, "migrations")).To(Equal(2))
			remove(stage)
			Expect(leftOf(stage)).To(BeEmpty())
		})

	It("releases nothing when its operator has lost the key, until something is asked for", func() {
		stage := released("v1")
		id := stage.Status.Live.ID
		Expect(box.StopOperator()).To(Succeed())
		loseKey()
		Expect(box.StartOperator(ctx)).To(Succeed())
		since := mark()
		annotate(stage, v1alpha1.AnnotationRequestedAt, "now")
		Eventually(func() string { return fetch(stage).Status.LastHandledRequestedAt }).Should(Equal("now"))
		becomesLive(stage, "v1")
		Expect(stage.Status.Live.ID).To(Equal(id))
		Expect(changes(since).Names()).NotTo(ContainElement("lambda:PublishVersion"))
		Expect(ran(stage, "migrations")).To(Equal(1))
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(ran(stage, "migrations")).To(Equal(2))
	})
})

// loseKey deletes the operator's secret: the next operator makes another.
func loseKey() {
	GinkgoHelper()
	key := &corev1.Secret{}
	named := client.ObjectKey{Namespace: sandbox.Namespace, Name: "aloft-hash-key"}
	Expect(box.Client.Get(ctx, named, key)).To(Succeed())
	Expect(box.Client.Delete(ctx, key)).To(Succeed())
}

// wipe takes the status away, as a restore from a backup does.
func wipe(stage *v1alpha1.Stage) {
	GinkgoHelper()
	Eventually(func() error {
		fetch(stage).Status = v1alpha1.StageStatus{ObservedGeneration: -1}
		return box.Client.Status().Update(ctx, stage)
	}).Should(Succeed())
}

var _ = Describe("An operator that is killed", Serial, func() {
	for _, phase := range []string{"Upload", "Stack", "Publish", "Warm", "Commands", "Activate"} {
		It("completes the release when it starts again, and runs no command twice: killed in "+phase, func() {
			Expect(box.StopOperator()).To(Succeed())
			DeferCleanup(func() { Expect(box.StartOperator(ctx)).To(Succeed()) })
			slowly()
			process, err := box.StartProcess(ctx, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			stage := apply(aStage("v1"))
			reaches(stage, phase)
			process.Kill()
			process, err = box.StartProcess(ctx, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			becomesLive(stage, "v1")
			Expect(ran(stage, "migrations")).To(Equal(1))

			setTag(stage, "v2")
			reaches(stage, phase)
			process.Kill()
			process, err = box.StartProcess(ctx, GinkgoWriter)
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(process.Kill)
			becomesLive(stage, "v2")
			Expect(ran(stage, "migrations")).To(Equal(2))
		})
	}
})

// slowly makes the calls of the phases take long enough to be caught in them.
func slowly() {
	GinkgoHelper()
	box.AWS.Latencies().Set(map[string]time.Duration{
		"s3:PutObject": 50 * time.Millisecond, "lambda:Invoke": 50 * time.Millisecond,
		"lambda:CreateFunction": 200 * time.Millisecond,
		"lambda:CreateAlias":    100 * time.Millisecond, "lambda:PublishVersion": 100 * time.Millisecond,
	})
	DeferCleanup(func() { box.AWS.Latencies().Set(nil) })
}
