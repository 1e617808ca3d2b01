package e2e

import (
	"fmt"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// crashEvery is how many calls to AWS lie between two crashes of a sweep: a sample in each run of the tests. ALOFT_CRASH_EVERY=1
// crashes an update after each of its calls.
const crashEvery = 12

var _ = Describe("An operator that crashes right after a call to AWS, before it knows the answer", Serial, func() {
	var process *sandbox.Process

	start := func() {
		GinkgoHelper()
		var err error
		process, err = box.StartProcess(ctx, GinkgoWriter)
		Expect(err).NotTo(HaveOccurred())
	}

	// sweep crashes one release after another, each one some calls later, until a release needs fewer calls.
	sweep := func(every int, begin func(call int) *v1alpha1.Stage, migrations func(crashes int) int) {
		GinkgoHelper()
		crashes := 0
		for call := 1; ; call += every {
			crashed := crashAfter(process, call)
			stage := begin(call)
			if !crashed(stage) {
				break
			}
			crashes++
			By(fmt.Sprintf("crashed after call %d", call))
			start()
			becomesLive(stage, stage.Spec.Image.Tag)
			Expect(ran(stage, "migrations")).To(Equal(migrations(crashes)), "after a crash at call %d", call)
		}
		Expect(crashes).To(BeNumerically(">", 3), "the sweep saw a whole release")
	}

	BeforeEach(func() {
		Expect(box.StopOperator()).To(Succeed())
		start()
		DeferCleanup(func() {
			process.Kill()
			Expect(box.StartOperator(ctx)).To(Succeed())
		})
	})

	It("completes a first release when it starts again, and runs its command once", func() {
		sweep(crashEvery, func(int) *v1alpha1.Stage { return apply(aStage("v1")) }, func(int) int { return 1 })
	})

	It("completes an update when it starts again, and runs its command once", func() {
		every := crashEvery
		if asked, err := strconv.Atoi(os.Getenv("ALOFT_CRASH_EVERY")); err == nil {
			every = asked
		}
		stage := released("v1")
		update := func(call int) *v1alpha1.Stage {
			tag := fmt.Sprintf("crash-%d", call)
			Expect(box.PushAs(ctx, sample.V2, tag)).To(Succeed())
			setTag(stage, tag)
			return stage
		}
		sweep(every, update, func(crashes int) int { return crashes + 1 })
	})
})

// crashAfter kills the operator when its so manyth call was executed and not answered. What it gives waits for that, and says false
// when the release was live before.
func crashAfter(process *sandbox.Process, calls int) func(*v1alpha1.Stage) bool {
	var made, crashed atomic.Int64
	box.AWS.Watch(func(r wire.Record) {
		if r.Principal.RoleName() == sandbox.OperatorRole && made.Add(1) == int64(calls) {
			process.Kill()
			crashed.Store(1)
		}
	})
	return func(stage *v1alpha1.Stage) bool {
		GinkgoHelper()
		defer box.AWS.Watch(nil)
		Eventually(func() bool {
			live := fetch(stage).Status.Live
			return crashed.Load() > 0 || live != nil && live.BuildID == stage.Spec.Image.Tag && live.Cleaned
		}).WithPolling(10 * time.Millisecond).Should(BeTrue())
		return crashed.Load() > 0
	}
}
