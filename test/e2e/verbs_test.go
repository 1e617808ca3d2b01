package e2e

import (
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	eventsv1 "k8s.io/api/events/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/sampleapp/database"
	"github.com/aloft-dev/aloft/test/sampleapp/visitor"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// limits are short, so that the clean-up is seen; a superseded release may go at once.
func limits() plan.Limits {
	limits := plan.DefaultLimits()
	limits.Settle, limits.KeepSuperseded = 100*time.Millisecond, 0
	limits.Pace.Soonest = 10 * time.Millisecond
	return limits
}

var (
	stages    atomic.Int32
	databases sync.Map
	host      *database.Host
)

// openDatabases makes room for a database of each Stage of the suite and gives the port that functions reach them at.
func openDatabases() string {
	GinkgoHelper()
	var err error
	host, err = database.NewHost("127.0.0.1:0")
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(host.Close)
	return host.Port()
}

// aStage declares the sample application in a namespace of its own, ready to be applied.
func aStage(tag string, edits ...func(*v1alpha1.Stage)) *v1alpha1.Stage {
	GinkgoHelper()
	name := fmt.Sprintf("shop-%d", stages.Add(1))
	db, err := host.Open()
	Expect(err).NotTo(HaveOccurred())
	databases.Store(name, db)
	Expect(box.Prepare(ctx, name, name, db.URL())).To(Succeed())
	stage := box.SampleStage(name, "production", name, tag)
	for _, edit := range edits {
		edit(stage)
	}
	return stage
}

// apply makes a Stage.
func apply(stage *v1alpha1.Stage) *v1alpha1.Stage {
	GinkgoHelper()
	Expect(box.Client.Create(ctx, stage)).To(Succeed())
	return stage
}

// released makes a Stage and takes it through builds, until the last of them is live and cleaned up after.
func released(tags ...string) *v1alpha1.Stage {
	GinkgoHelper()
	stage := apply(aStage(tags[0]))
	becomesLive(stage, tags[0])
	for _, tag := range tags[1:] {
		setTag(stage, tag)
		becomesLive(stage, tag)
	}
	return stage
}

// edit changes a Stage as a user does.
func edit(stage *v1alpha1.Stage, change func(*v1alpha1.Stage)) {
	GinkgoHelper()
	before := fetch(stage).DeepCopy()
	change(stage)
	Expect(box.Client.Patch(ctx, stage, client.MergeFrom(before))).To(Succeed())
}

// setTag asks for another build.
func setTag(stage *v1alpha1.Stage, tag string) {
	GinkgoHelper()
	edit(stage, func(s *v1alpha1.Stage) { s.Spec.Image.Tag = tag })
}

// annotate asks for something once.
func annotate(stage *v1alpha1.Stage, key, value string) {
	GinkgoHelper()
	edit(stage, func(s *v1alpha1.Stage) { metav1.SetMetaDataAnnotation(&s.ObjectMeta, key, value) })
}

func keyOf(stage *v1alpha1.Stage) client.ObjectKey { return client.ObjectKeyFromObject(stage) }

// fetch reads the Stage again.
func fetch(stage *v1alpha1.Stage) *v1alpha1.Stage {
	GinkgoHelper()
	Expect(box.Client.Get(ctx, keyOf(stage), stage)).To(Succeed())
	return stage
}

func condition(stage *v1alpha1.Stage, conditionType string) metav1.Condition {
	if found := meta.FindStatusCondition(stage.Status.Conditions, conditionType); found != nil {
		return *found
	}
	return metav1.Condition{}
}

// becomesLive waits until a tag is live and cleaned up after.
func becomesLive(stage *v1alpha1.Stage, tag string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		fetch(stage)
		if stalled := condition(stage, v1alpha1.ConditionStalled); stalled.Status == metav1.ConditionTrue &&
			stage.Status.ObservedGeneration == stage.Generation {
			StopTrying("the release stalled: " + stalled.Reason + ": " + stalled.Message).Now()
		}
		g.Expect(condition(stage, v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionTrue), "%s",
			condition(stage, v1alpha1.ConditionReady).Message)
		g.Expect(stage.Status.ObservedGeneration).To(Equal(stage.Generation))
		g.Expect(stage.Status.Live.BuildID).To(Equal(tag))
		g.Expect(stage.Status.Live.Cleaned).To(BeTrue(), "%s", condition(stage, v1alpha1.ConditionCleaned).Message)
	}).Should(Succeed())
}

// stalls waits until nothing goes on for a reason.
func stalls(stage *v1alpha1.Stage, reason string) metav1.Condition {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		fetch(stage)
		g.Expect(stage.Status.ObservedGeneration).To(Equal(stage.Generation))
		g.Expect(condition(stage, v1alpha1.ConditionStalled)).To(And(
			HaveField("Status", metav1.ConditionTrue), HaveField("Reason", reason)), "Ready: %+v",
			condition(stage, v1alpha1.ConditionReady))
	}).Should(Succeed())
	return condition(stage, v1alpha1.ConditionStalled)
}

// waitsFor waits until the Stage says what it waits for.
func waitsFor(stage *v1alpha1.Stage, reason string) {
	GinkgoHelper()
	Eventually(func(g Gomega) {
		g.Expect(condition(fetch(stage), v1alpha1.ConditionReady)).To(HaveField("Reason", reason))
	}).Should(Succeed())
}

// reaches waits until a phase of the release that the Stage asks for is under way or done.
func reaches(stage *v1alpha1.Stage, phase string) {
	GinkgoHelper()
	Eventually(func() v1alpha1.PhaseState {
		target := fetch(stage).Status.Target
		if target == nil || target.BuildID != stage.Spec.Image.Tag {
			return v1alpha1.PhasePending
		}
		for _, run := range target.Phases {
			if run.Name == phase {
				return run.State
			}
		}
		return v1alpha1.PhasePending
	}).WithPolling(5 * time.Millisecond).ShouldNot(Equal(v1alpha1.PhasePending))
}

// remove deletes the Stage and waits until it is gone.
func remove(stage *v1alpha1.Stage) {
	GinkgoHelper()
	Expect(box.Client.Delete(ctx, stage)).To(Succeed())
	Eventually(func() error { return box.Client.Get(ctx, keyOf(stage), &v1alpha1.Stage{}) }).ShouldNot(Succeed())
}

// browser trusts the local CloudFront's certificates.
func browser() *http.Client {
	return &http.Client{
		Timeout: 30 * time.Second,
		Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: box.AWS.CA(), MinVersion: tls.VersionTLS12},
			MaxIdleConnsPerHost: 8},
	}
}

// load gets a page.
func load(url string) (status int, body string) {
	GinkgoHelper()
	response, err := browser().Get(url)
	Expect(err).NotTo(HaveOccurred())
	defer func() { _ = response.Body.Close() }()
	content, err := io.ReadAll(response.Body)
	Expect(err).NotTo(HaveOccurred())
	return response.StatusCode, string(content)
}

// sendJob sends the form on the Stage's page.
func sendJob(stage *v1alpha1.Stage) {
	GinkgoHelper()
	page, err := visitor.New(browser(), stage.Status.Endpoints.URL)
	Expect(err).NotTo(HaveOccurred())
	Expect(page.SendJob(ctx, "one")).To(Succeed())
}

// ran counts how often something happened in the database of a Stage's application: migrations, jobs, schedules.
func ran(stage *v1alpha1.Stage, journal string) int {
	db, _ := databases.Load(stage.Namespace)
	return db.(*database.Server).Counts()[journal] //nolint:forcetypeassert // aStage stores nothing else
}

// slow makes the calls of an operation whose path holds a text take longer, so that a release can be caught in their
// midst.
func slow(call, path string, by time.Duration) {
	GinkgoHelper()
	DeferCleanup(box.AWS.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultDelay, Delay: by,
		Match: func(c *wire.Call) bool {
			return strings.Contains(c.HTTP.URL.Path, path)
		}}))
}

// published are the versions that the operator has published since a mark.
func published(since uint64) wire.Log {
	return operatorCalls(since).Operation("lambda:PublishVersion").Effects()
}

// stackExists says whether one of the Stage's stacks is there.
func stackExists(stage *v1alpha1.Stage, which string) bool {
	_, err := cloudformation.NewFromConfig(box.AWSConfig).DescribeStacks(ctx, &cloudformation.DescribeStacksInput{
		StackName: aws.String(prefixOf(stage) + "-" + which),
	})
	return err == nil
}

// eventsOf gives the notes of a Stage's events.
func eventsOf(stage *v1alpha1.Stage) (notes []string) {
	GinkgoHelper()
	list := &eventsv1.EventList{}
	Expect(box.Client.List(ctx, list, client.InNamespace(stage.Namespace))).To(Succeed())
	for i := range list.Items {
		notes = append(notes, list.Items[i].Note)
	}
	return notes
}

// mark remembers where the call log ends now.
func mark() uint64 { return box.AWS.Calls().End() }

// operatorCalls are the operator's own calls since a mark, without those of CloudFormation on its behalf.
func operatorCalls(since uint64) wire.Log {
	return box.AWS.Calls().Since(since).By(sandbox.OperatorRole)
}

// changes are the calls since a mark that changed something, whoever of Aloft's made them.
func changes(since uint64) wire.Log {
	return box.AWS.Calls().Since(since).Effects().Where(func(r wire.Record) bool {
		return strings.Contains(r.Principal.ARN, sandbox.OperatorRole) || strings.Contains(r.Principal.ARN, sandbox.StackRole)
	})
}
