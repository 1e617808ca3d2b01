package e2e

import (
	"os"
	"strings"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// heldAt are sequences of calls after which the older operator is held: in the midst of the switch, and of the sweep
// that follows it. With ALOFT_CRASH_EVERY=1 it is held in the midst of everything.
func heldAt() [][]string {
	const moved = "lambda:UpdateAlias"
	if os.Getenv("ALOFT_CRASH_EVERY") == "" {
		return [][]string{{moved, "ecr:DescribeImages"}, {moved}}
	}
	return [][]string{
		{"s3:PutObject"}, {"cloudformation:UpdateStack"}, {"lambda:PublishVersion"}, {"lambda:Invoke"}, {moved},
		{moved, "lambda:ListVersionsByFunction"}, {moved, "lambda:DeleteFunction"}, {moved, "ecr:DescribeImages"},
		{moved, "ecr:BatchDeleteImage"}, {moved, "s3:ListObjectsV2"}, {moved, "s3:DeleteObjects"},
	}
}

var _ = Describe("An operator that is held over its lease, and goes on after another one has taken over", Serial,
	func() {
		start := func() *sandbox.Process {
			GinkgoHelper()
			process, err := box.StartProcess(ctx, GinkgoWriter, "--leader-elect", "--lease-duration", "6s")
			Expect(err).NotTo(HaveOccurred())
			DeferCleanup(process.Kill)
			return process
		}

		for _, calls := range heldAt() {
			It("does nothing any more: held after "+strings.Join(calls, " and then "), func() {
				Expect(box.StopOperator()).To(Succeed())
				DeferCleanup(func() { Expect(box.StartOperator(ctx)).To(Succeed()) })
				older := start()
				stage := apply(aStage("v1", func(s *v1alpha1.Stage) { s.Spec.Retention.Releases = 2 }))
				becomesLive(stage, "v1")
				for _, number := range []string{"second", "third", "fourth"} {
					Expect(box.PushAs(ctx, sample.V2, number)).To(Succeed())
				}
				for _, number := range []string{"second", "third"} {
					setTag(stage, number)
					becomesLive(stage, number)
				}

				By("holding it while it releases the fourth build, whose clean-up removes the first")
				held := holdAfter(older, calls)
				setTag(stage, "fourth")
				Eventually(held).Should(BeTrue())

				By("asking for the first build again, which another operator releases")
				setTag(stage, "v1")
				newer := start()
				defer newer.Kill()
				becomesLive(stage, "v1")
				since := mark()

				By("having the older one go on")
				Expect(older.Continue()).To(Succeed())
				Consistently(func() []string { return changes(since).Where(takesOrMoves).Names() }).WithTimeout(
					8 * time.Second).Should(BeEmpty())
				becomesLive(stage, "v1")
				isWhole(stage)
				Expect(ran(stage, "migrations")).To(BeElementOf(4, 5),
					"of v1, second, third, v1 again, and fourth where it had begun")
			})
		}
	})

// takesOrMoves says that a call is more than content that goes to a place of its own: what an upload still sends while
// it is being held up stands in nobody's way, and the next clean-up removes it.
func takesOrMoves(r wire.Record) bool {
	switch r.Service + ":" + r.Operation {
	case "s3:PutObject", "s3:CopyObject", "ecr:PutImage", "ecr:InitiateLayerUpload", "ecr:UploadLayerPart",
		"ecr:CompleteLayerUpload":
		return strings.Contains(r.Resource, "/runs/")
	default:
		return true
	}
}

// holdAfter holds the operator right after the last of a sequence of its calls was executed and before it knows the
// answer.
func holdAfter(process *sandbox.Process, calls []string) func() bool {
	var seen atomic.Int32
	DeferCleanup(func() { box.AWS.Watch(nil) })
	box.AWS.Watch(func(r wire.Record) {
		at := seen.Load()
		if r.Principal.RoleName() != sandbox.OperatorRole || int(at) == len(calls) || r.Service+":"+r.Operation != calls[at] {
			return
		}
		if seen.CompareAndSwap(at, at+1) && int(at)+1 == len(calls) {
			_ = process.Hold()
		}
	})
	return func() bool { return int(seen.Load()) == len(calls) }
}
