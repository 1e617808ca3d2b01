package e2e

import (
	"net/http"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// isFlip tells the calls that move an alias.
func isFlip(r wire.Record) bool {
	return r.Name() == "lambda:CreateAlias" || r.Name() == "lambda:UpdateAlias"
}

var _ = Describe("A stage that is live", func() {
	It("goes to a new build without a failed request, and keeps the old release in its history", func() {
		stage := apply(aStage("v1"))
		becomesLive(stage, "v1")
		url := stage.Status.Endpoints.URL
		client := browser()
		visitors := poll(func() (bool, string) {
			response, err := client.Get(url + "/")
			if err != nil {
				return false, err.Error()
			}
			_ = response.Body.Close()
			if response.StatusCode != http.StatusOK {
				return false, response.Status
			}
			return true, ""
		})
		since := mark()
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		visitors.stop()
		Expect(visitors.polls.Load()).To(BeNumerically(">", 10))
		Expect(visitors.failed.Load()).To(BeZero(), "%v", visitors.lastFailure.Load())
		Expect(stage.Status.History).To(HaveLen(1))
		Expect(stage.Status.History[0].BuildID).To(Equal("v1"))
		var flips []string
		for _, call := range operatorCalls(since).Where(isFlip) {
			flips = append(flips, call.Resource)
		}
		Expect(flips).To(HaveLen(3), "one alias for each function")
		Expect(flips[0]).To(ContainSubstring("default-queue"))
		Expect(flips[2]).To(ContainSubstring("-http"))
		_, page := load(url + "/")
		Expect(page).To(ContainSubstring("It flies higher."))
	})

	It("asks nothing of AWS when nothing has changed", func() {
		stage := apply(aStage("v1"))
		becomesLive(stage, "v1")
		since := mark()
		edit(stage, func(s *v1alpha1.Stage) { s.Labels = map[string]string{"team": "a"} })
		Expect(box.StopOperator()).To(Succeed())
		Expect(box.StartOperator(ctx)).To(Succeed())
		edit(stage, func(s *v1alpha1.Stage) { s.Spec.Retention.Releases = 7 })
		becomesLive(stage, "v1")
		Expect(operatorCalls(since).Names()).To(BeEmpty())
		Expect(changes(since).Names()).To(BeEmpty())
	})

	It("keeps every alias when a deploy command fails, and recovers by the old tag without running a command", func() {
		stage := apply(aStage("v1"))
		becomesLive(stage, "v1")
		since := mark()
		setTag(stage, "v3-failing-migration")
		stalled := stalls(stage, v1alpha1.ReasonCommandFailed)
		Expect(stalled.Message).To(ContainSubstring("exit code 3"))
		Expect(operatorCalls(since).Where(isFlip)).To(BeEmpty())
		Expect(condition(stage, v1alpha1.ConditionAvailable).Status).To(BeEquivalentTo("True"))
		status, _ := load(stage.Status.Endpoints.URL + "/")
		Expect(status).To(Equal(http.StatusOK))
		migrations := ran(stage, "migrations")
		setTag(stage, "v1")
		becomesLive(stage, "v1")
		Expect(ran(stage, "migrations")).To(Equal(migrations))
	})

	It("catches a build that crashes at start before any command runs", func() {
		stage := apply(aStage("v1"))
		becomesLive(stage, "v1")
		setTag(stage, "v4-crashing")
		stalls(stage, v1alpha1.ReasonWarmFailed)
		Expect(ran(stage, "migrations")).To(Equal(1))
		annotate(stage, v1alpha1.AnnotationRetry, "once")
		Eventually(func() string { return fetch(stage).Status.LastHandledRetry }).Should(Equal("once"))
		stalls(stage, v1alpha1.ReasonWarmFailed)
	})

	It("is removed from AWS with the policy Delete", func() {
		stage := apply(aStage("v1"))
		becomesLive(stage, "v1")
		remove(stage)
		Expect(apiHosts(stage)).To(BeEmpty())
	})
})

var _ = Describe("A stage whose image is not there yet", func() {
	It("waits, says so, and goes on when it appears", func() {
		stage := apply(aStage("later"))
		waitsFor(stage, v1alpha1.ReasonImageNotFound)
		Expect(box.PushAs(ctx, sample.V1, "later")).To(Succeed())
		reaches(stage, "Upload")
		becomesLive(stage, "later")
	})
})

var _ = Describe("A stage whose profile does not allow it", func() {
	It("is refused without a call to AWS", func() {
		since := mark()
		stage := aStage("v1")
		stage.Spec.Image.Repository = "ghcr.io/acme/counter"
		apply(stage)
		stalls(stage, v1alpha1.ReasonRegistryNotAllowed)
		Expect(operatorCalls(since)).To(BeEmpty())
	})
})
