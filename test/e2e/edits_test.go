package e2e

import (
	"net/http"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

var _ = Describe("A stage that is edited during a release", func() {
	It("goes over to the newer build while it uploads, and publishes nothing of the older one", func() {
		stage := aStage("v1")
		slow("s3:PutObject", "/assets/", 500*time.Millisecond)
		since := mark()
		apply(stage)
		reaches(stage, "Upload")
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(stage.Status.History).To(BeEmpty())
		Expect(published(since)).To(HaveLen(3), "one version for each function")
		Expect(ran(stage, "migrations")).To(Equal(1))
	})

	It("lets a stack operation that runs end, and goes over to the newer build then", func() {
		stage := aStage("v1")
		slow("lambda:CreateFunction", "/functions", 3*time.Second)
		since := mark()
		apply(stage)
		reaches(stage, "Stack")
		setTag(stage, "v2")
		waitsFor(stage, v1alpha1.ReasonStackBusy)
		becomesLive(stage, "v2")
		Expect(stage.Status.History).To(BeEmpty())
		Expect(published(since)).To(HaveLen(3), "one version for each function")
		Expect(operatorCalls(since).Service("cloudformation").Mutating().Failed()).To(BeEmpty(),
			"no operation was begun while another one ran")
		Expect(ran(stage, "migrations")).To(Equal(1))
	})

	It("finishes what its deploy commands have begun, through the switch, before the newer build begins", func() {
		stage := aStage("v1")
		slow("s3:PutObject", "/runs/", 500*time.Millisecond)
		since := mark()
		apply(stage)
		reaches(stage, "Commands")
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(stage.Status.History).To(HaveLen(1))
		Expect(stage.Status.History[0].BuildID).To(Equal("v1"))
		Expect(published(since)).To(HaveLen(6), "a version of each build for each function")
		Expect(ran(stage, "migrations")).To(Equal(2))
	})
})

var _ = Describe("A stage that is edited while deploy commands run", func() {
	It("goes over to the newer build when they fail", func() {
		stage := aStage("v3-failing-migration")
		slow("s3:PutObject", "/runs/", 500*time.Millisecond)
		apply(stage)
		reaches(stage, "Commands")
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(stage.Status.History).To(BeEmpty())
	})

	It("finishes the run although the newer build is not there yet, and is not taken for released meanwhile", func() {
		stage := aStage("v1")
		slow("s3:PutObject", "/runs/", 500*time.Millisecond)
		apply(stage)
		reaches(stage, "Commands")
		tag := "later-" + stage.Name + stage.Namespace
		setTag(stage, tag)
		Eventually(func() *v1alpha1.Release { return fetch(stage).Status.Live }).Should(HaveField("BuildID", "v1"))
		waitsFor(stage, v1alpha1.ReasonImageNotFound)
		Expect(stage.Status.ObservedGeneration).To(BeNumerically("<", stage.Generation))
		Expect(condition(stage, v1alpha1.ConditionAvailable).Message).To(ContainSubstring("v1 serves"))
		Expect(box.PushAs(ctx, sample.V2, tag)).To(Succeed())
		becomesLive(stage, tag)
		Expect(ran(stage, "migrations")).To(Equal(2))
	})

	It("gives up an upload for what is live, and uploads all of it when it is asked for again", func() {
		stage := released("v1")
		slow("s3:CopyObject", "/assets/", 300*time.Millisecond)
		setTag(stage, "v2")
		reaches(stage, "Upload")
		setTag(stage, "v1")
		becomesLive(stage, "v1")
		Expect(eventsOf(stage)).NotTo(ContainElement(ContainSubstring("live aliases point at cli 2")),
			"no phase is told of that never was")
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		for _, asset := range []string{"style.css", "app.js", "logo.svg", "balloon.png"} {
			status, _ := load(stage.Status.Endpoints.URL + "/_aloft/assets/v2/" + asset)
			Expect(status).To(Equal(http.StatusOK), asset)
		}
	})
})

var _ = Describe("A stage that is suspended", func() {
	It("stops before its next phase, says so, and goes on when it is resumed", func() {
		stage := aStage("v1")
		slow("s3:PutObject", "/assets/", 500*time.Millisecond)
		since := mark()
		apply(stage)
		reaches(stage, "Upload")
		suspend(stage, true)
		waitsFor(stage, v1alpha1.ReasonSuspended)
		Eventually(func() int { return len(operatorCalls(since).Operation("s3:PutObject")) }).Should(BeNumerically(">", 4),
			"what goes on is finished")
		Consistently(func() bool { return stackExists(stage, "app") }).WithTimeout(2 * time.Second).Should(BeFalse())
		Expect(fetch(stage).Status.Phase).To(Equal("Suspended"))
		suspend(stage, false)
		becomesLive(stage, "v1")
		Expect(ran(stage, "migrations")).To(Equal(1))
	})

	It("goes on serving, and stays Ready as long as nothing new is asked for", func() {
		stage := released("v1")
		since := mark()
		suspend(stage, true)
		becomesLive(stage, "v1")
		setTag(stage, "v2")
		waitsFor(stage, v1alpha1.ReasonSuspended)
		Consistently(func() []string { return changes(since).Names() }).Should(BeEmpty())
		Expect(condition(stage, v1alpha1.ConditionAvailable).Status).To(BeEquivalentTo("True"))
		load(stage.Status.Endpoints.URL + "/")
		remove(stage)
	})
})

func suspend(stage *v1alpha1.Stage, suspended bool) {
	GinkgoHelper()
	edit(stage, func(s *v1alpha1.Stage) { s.Spec.Suspend = suspended })
}
