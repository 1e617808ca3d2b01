package e2e

import (
	"net/http"
	"slices"
	"strings"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// isFlip tells the calls that move an alias.
func isFlip(r wire.Record) bool {
	return r.Name() == "lambda:CreateAlias" || r.Name() == "lambda:UpdateAlias"
}

var _ = Describe("A stage that is live", func() {
	It("goes to a new build without a failed request, and keeps the old release in its history", func() {
		stage := released("v1")
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

	It("keeps every alias when a deploy command fails, and recovers by the old tag without running a command", func() {
		stage := released("v1")
		since := mark()
		setTag(stage, "v3-failing-migration")
		stalled := stalls(stage, v1alpha1.ReasonCommandFailed)
		Expect(stalled.Message).To(And(ContainSubstring("exit code 3"), ContainSubstring(`column "place" already exists`)),
			"the output's tail")
		Expect(operatorCalls(since).Where(isFlip)).To(BeEmpty())
		Expect(condition(stage, v1alpha1.ConditionAvailable).Status).To(BeEquivalentTo("True"))
		status, _ := load(stage.Status.Endpoints.URL + "/")
		Expect(status).To(Equal(http.StatusOK))
		migrations := ran(stage, "migrations")
		setTag(stage, "v1")
		becomesLive(stage, "v1")
		Expect(ran(stage, "migrations")).To(Equal(migrations))
	})

	It("recovers from a failing deploy command by a good build", func() {
		stage := released("v1")
		setTag(stage, "v3-failing-migration")
		stalls(stage, v1alpha1.ReasonCommandFailed)
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(stage.Status.History).To(HaveLen(1))
		Expect(stage.Status.History[0].BuildID).To(Equal("v1"))
	})

	It("keeps the output of commands out of its status where the profile says so", func() {
		stage := aStage("v1")
		profile := &v1alpha1.StageProfile{}
		Expect(box.Client.Get(ctx, client.ObjectKey{Name: stage.Spec.ProfileRef.Name}, profile)).To(Succeed())
		profile.Spec.CommandOutput = v1alpha1.CommandOutputStoreOnly
		Expect(box.Client.Update(ctx, profile)).To(Succeed())
		stage.Spec.Image.Tag = "v3-failing-migration"
		apply(stage)
		Expect(stalls(stage, v1alpha1.ReasonCommandFailed).Message).To(
			And(ContainSubstring("s3://"), ContainSubstring("migrate.result.json"), Not(ContainSubstring("place"))))
		Expect(stage.Status.Target.Commands[0].Output).To(BeEmpty())
	})

	It("catches a build that crashes at start before any command runs", func() {
		stage := released("v1")
		setTag(stage, "v4-crashing")
		stalls(stage, v1alpha1.ReasonWarmFailed)
		Expect(ran(stage, "migrations")).To(Equal(1))
		annotate(stage, v1alpha1.AnnotationRetry, "once")
		Eventually(func() string { return fetch(stage).Status.LastHandledRetry }).Should(Equal("once"))
		stalls(stage, v1alpha1.ReasonWarmFailed)
	})

	It("sends nothing again of what a new build has in common with the one before", func() {
		stage := released("v1")
		since := mark()
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		var sent []string
		for _, put := range operatorCalls(since).Operation("s3:PutObject") {
			_, key, _ := strings.Cut(put.Resource, "/")
			if asset, ok := strings.CutPrefix(key, release.AssetsPrefix("v2")); ok {
				sent = append(sent, asset)
			}
		}
		Expect(sent).To(ConsistOf("style.css"), "the one asset that differs")
		layers := box.AWS.Calls().Since(since).Service("ecr").Bytes()
		Expect(layers).To(BeNumerically("<", 64<<10), "only the small layers that differ, and the configuration")
	})

	It("is removed from AWS with the policy Delete: functions first, then what they were made of", func() {
		stage := released("v1", "v2")
		since := mark()
		remove(stage)
		Expect(leftOf(stage)).To(BeEmpty())
		removals := box.AWS.Calls().Since(since).Effects().Where(func(r wire.Record) bool {
			return strings.HasPrefix(r.Operation, "Delete") || r.Operation == "BatchDeleteImage" ||
				r.Operation == "ScheduleKeyDeletion"
		}).Names()
		position := func(call string) int {
			GinkgoHelper()
			Expect(removals).To(ContainElement(call))
			return slices.Index(removals, call)
		}
		Expect(position("lambda:DeleteFunction")).To(BeNumerically("<", position("ecr:BatchDeleteImage")))
		Expect(position("lambda:DeleteFunction")).To(BeNumerically("<", position("s3:DeleteObjects")))
		Expect(position("ecr:BatchDeleteImage")).To(BeNumerically("<", position("ecr:DeleteRepository")))
		Expect(position("s3:DeleteObjects")).To(BeNumerically("<", position("s3:DeleteBucket")))
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

var _ = Describe("A stage that is live and asks for what is not there", func() {
	It("keeps what it remembers, and says that the old release serves", func() {
		stage := released("v1", "v2")
		live, history := stage.Status.Live.DeepCopy(), stage.Status.History
		since := mark()
		setTag(stage, "not-pushed")
		waitsFor(stage, v1alpha1.ReasonImageNotFound)
		Expect(stage.Status.Live).To(Equal(live))
		Expect(stage.Status.History).To(Equal(history))
		Expect(condition(stage, v1alpha1.ConditionAvailable)).To(And(HaveField("Status", BeEquivalentTo("True")),
			HaveField("Message", ContainSubstring("v2 serves"))))
		Expect(changes(since).Names()).To(BeEmpty())
		setTag(stage, "v2")
		becomesLive(stage, "v2")
		Expect(changes(since).Names()).To(BeEmpty())
		Expect(stage.Status.History).To(Equal(history))
	})
})

var _ = Describe("A stage whose profile does not allow it", func() {
	It("is refused without a call to AWS in a namespace that is not granted, and let go without one", func() {
		since := mark()
		stage := aStage("v1")
		namespace := &corev1.Namespace{}
		Expect(box.Client.Get(ctx, client.ObjectKey{Name: stage.Namespace}, namespace)).To(Succeed())
		namespace.Labels = nil
		Expect(box.Client.Update(ctx, namespace)).To(Succeed())
		Expect(box.Client.Delete(ctx, secretOf(stage))).To(Succeed())
		apply(stage)
		stalls(stage, v1alpha1.ReasonProfileNotAllowed)
		remove(stage)
		Expect(operatorCalls(since)).To(BeEmpty())
	})

	It("is let go when its profile never existed", func() {
		stage := aStage("v1")
		stage.Spec.ProfileRef.Name = "mistyped"
		apply(stage)
		waitsFor(stage, v1alpha1.ReasonProfileNotFound)
		remove(stage)
	})

	It("is refused without a call to AWS", func() {
		since := mark()
		stage := aStage("v1")
		stage.Spec.Image.Repository = "ghcr.io/acme/counter"
		apply(stage)
		stalls(stage, v1alpha1.ReasonRegistryNotAllowed)
		Expect(operatorCalls(since)).To(BeEmpty())
	})
})
