package e2e

import (
	"fmt"
	"os"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// heldAt are the calls after which the older operator is held: in the midst of the switch, and of the sweep after it. With
// ALOFT_CRASH_EVERY=1 it is held after more of them.
func heldAt() []string {
	if os.Getenv("ALOFT_CRASH_EVERY") == "" {
		return []string{"ecr:DescribeImages", "lambda:UpdateAlias"}
	}
	return []string{
		"s3:PutObject", "cloudformation:UpdateStack", "lambda:PublishVersion", "lambda:Invoke", "lambda:UpdateAlias",
		"lambda:ListVersionsByFunction", "lambda:DeleteFunction", "ecr:DescribeImages", "ecr:BatchDeleteImage", "s3:ListObjectsV2",
		"s3:DeleteObjects",
	}
}

var _ = Describe("An operator that is held over its lease, and goes on after another one has taken over", Serial, func() {
	start := func() *sandbox.Process {
		GinkgoHelper()
		process, err := box.StartProcess(ctx, GinkgoWriter, "--leader-elect", "--lease-duration", "6s")
		Expect(err).NotTo(HaveOccurred())
		DeferCleanup(process.Kill)
		return process
	}

	for _, call := range heldAt() {
		It("does nothing any more: held after "+call, func() {
			Expect(box.StopOperator()).To(Succeed())
			DeferCleanup(func() { Expect(box.StartOperator(ctx)).To(Succeed()) })
			older := start()
			stage := apply(aStage("v1", func(s *v1alpha1.Stage) { s.Spec.Retention.Releases = 1 }))
			becomesLive(stage, "v1")
			for _, number := range []string{"second", "third"} {
				Expect(box.PushAs(ctx, sample.V2, number)).To(Succeed())
			}
			setTag(stage, "second")
			becomesLive(stage, "second")

			By("holding it while it releases the third build, whose clean-up removes the first")
			held := holdAfter(older, call)
			setTag(stage, "third")
			Eventually(held).Should(BeTrue())

			By("asking for the first build again, which another operator releases")
			setTag(stage, "v1")
			newer := start()
			defer newer.Kill()
			becomesLive(stage, "v1")
			since := mark()

			By("having the older one go on")
			Expect(older.Continue()).To(Succeed())
			Consistently(func() []string { return changes(since).Names() }).WithTimeout(10 * time.Second).Should(BeEmpty())
			becomesLive(stage, "v1")
			isWhole(stage)
			Expect(fmt.Sprint(ran(stage, "migrations"))).To(BeElementOf("3", "4"), "v1, second, v1, and third where it had begun its commands")
		})
	}
})

// holdAfter holds the operator right after a call of its own was executed and before it knows the answer.
func holdAfter(process *sandbox.Process, call string) func() bool {
	var held atomic.Bool
	DeferCleanup(func() { box.AWS.Watch(nil) })
	box.AWS.Watch(func(r wire.Record) {
		if r.Principal.RoleName() == sandbox.OperatorRole && r.Service+":"+r.Operation == call && held.CompareAndSwap(false, true) {
			_ = process.Hold()
		}
	})
	return held.Load
}
