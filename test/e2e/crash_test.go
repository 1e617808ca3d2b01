package e2e

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// crashEvery is how many calls to AWS lie between two crashes of a sweep: a sample in each run of the tests.
// ALOFT_CRASH_EVERY=1 crashes an update after each of its calls.
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

	It("leaves everything on one release when the Stage goes back to what is live meanwhile", func() {
		stage := released("v1")
		sweepMeanwhile(&process, start, stage, crashEvery, func() {
			setTag(stage, "v1")
			start()
			becomesLive(stage, "v1")
		})
	})

	It("leaves everything on one release when the Stage asks for one that fails meanwhile", func() {
		stage := released("v1")
		failing := 0
		sweepMeanwhile(&process, start, stage, crashEvery, func() {
			failing++
			tag := fmt.Sprintf("failing-%d", failing)
			Expect(box.PushAs(ctx, sample.FailingMigration, tag)).To(Succeed())
			setTag(stage, tag)
			start()
			stalls(stage, v1alpha1.ReasonCommandFailed)
		})
	})
})

// sweepMeanwhile crashes an update after one call after another, has something happen while the operator is down and
// after, and sees to it each time that what is live is one release and whole.
func sweepMeanwhile(process **sandbox.Process, start func(), stage *v1alpha1.Stage, every int, meanwhile func()) {
	GinkgoHelper()
	if asked, err := strconv.Atoi(os.Getenv("ALOFT_CRASH_EVERY")); err == nil {
		every = asked
	}
	crashes := 0
	for call := every / 2; ; call += every {
		tag := fmt.Sprintf("meanwhile-%d", call)
		Expect(box.PushAs(ctx, sample.V2, tag)).To(Succeed())
		crashed := crashAfter(*process, call)
		setTag(stage, tag)
		if !crashed(stage) {
			break
		}
		crashes++
		By(fmt.Sprintf("crashed after call %d", call))
		meanwhile()
		isWhole(stage)
	}
	Expect(crashes).To(BeNumerically(">", 3), "the sweep saw a whole release")
}

// isWhole sees to it that all aliases are on one release, and that nothing that it needs is gone.
func isWhole(stage *v1alpha1.Stage) {
	GinkgoHelper()
	functions, prefix := lambda.NewFromConfig(box.AWSConfig), prefixOf(stage)
	live := fetch(stage).Status.Live
	for _, name := range []string{"http", "cli", "default-queue"} {
		version, err := functions.GetFunction(ctx, &lambda.GetFunctionInput{
			FunctionName: aws.String(prefix + "-" + name), Qualifier: aws.String(release.LiveAlias),
		})
		Expect(err).NotTo(HaveOccurred(), "the version that the alias of %s names", name)
		description, ours := release.ParseDescription(aws.ToString(version.Configuration.Description))
		Expect(ours).To(BeTrue())
		Expect(description.ReleaseID).To(Equal(live.ID), "the release of function %s", name)
		_, digest, _ := strings.Cut(aws.ToString(version.Code.ResolvedImageUri), "@")
		images, err := ecr.NewFromConfig(box.AWSConfig).DescribeImages(ctx, &ecr.DescribeImagesInput{
			RepositoryName: aws.String(prefix), ImageIds: []ecrtypes.ImageIdentifier{{ImageDigest: aws.String(digest)}},
		})
		Expect(err).NotTo(HaveOccurred(), "the image of function %s", name)
		Expect(images.ImageDetails).To(HaveLen(1))
	}
	for _, asset := range []string{"style.css", "app.js", "logo.svg", "balloon.png"} {
		status, _ := load(stage.Status.Endpoints.URL + "/_aloft/assets/" + live.BuildID + "/" + asset)
		Expect(status).To(Equal(http.StatusOK), asset)
	}
	status, _ := load(stage.Status.Endpoints.URL + "/")
	Expect(status).To(Equal(http.StatusOK))
}

// crashAfter kills the operator when its so manyth call was executed and not answered. What it gives waits for that,
// and says false when the release was live before.
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
