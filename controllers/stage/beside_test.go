package stage

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/smithy-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/work"
)

var uploadStep = release.Step{Action: release.ActionUpload, Phase: release.PhaseUpload}

// unservable is a refusal of a build's assets.
var unservable = release.Reject(
	v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonAssetsInvalid, "no.txt cannot be served")

// founded is a Stage whose foundation stands; the next reconcile begins its upload.
func founded(ctx context.Context, edits ...func(*v1alpha1.Stage)) *scene {
	GinkgoHelper()
	s := play(ctx, edits...)
	// What was begun is finished, and no more.
	whenAWSIsAsked("cloudformation:CreateStack", func() { s.edit(suspends(true)) })
	s.untilFounded()
	s.edit(suspends(false))
	s.noted()
	s.registry.asks()
	s.slept()
	Expect(s.now().Status.Target.DeployedDigest).To(BeEmpty())
	return s
}

// slept takes away that the Stage was woken by what has ended so far.
func (s *scene) slept() {
	for len(s.work.Wakes()) > 0 {
		<-s.work.Wakes()
	}
}

// uploading is a Stage whose upload goes on as it is given, in place of the real one.
func uploading(
	ctx context.Context, instead func(context.Context) (release.Outcome, error), edits ...func(*v1alpha1.Stage),
) *scene {
	GinkgoHelper()
	s := founded(ctx, edits...)
	session := s.newSession(s.now())
	var asked plan.Asked
	asked, session.profile = s.asked(ctx, session.stage)
	session.machine.Ask(asked)
	Expect(session.connect(ctx)).To(Succeed())
	job := session.job(uploadStep)
	job.Do = instead
	_, state, _ := s.work.Ensure(job)
	Expect(state.Running).To(BeTrue())
	return s
}

// beside is the key of what goes on beside the reconciles, or has ended and is not recorded; empty where nothing is.
func (s *scene) beside() string { return s.work.Current(keyOf(s.stage), s.stage.UID) }

// ended is an upload that ended at once.
func ended(ctx context.Context, err error) *scene {
	GinkgoHelper()
	s := uploading(ctx, func(context.Context) (release.Outcome, error) { return release.Outcome{}, err })
	s.awaitWake()
	return s
}

// awaitWake waits until what went on beside the reconciles has ended, and has woken its Stage.
func (s *scene) awaitWake() {
	GinkgoHelper()
	select {
	case event := <-s.work.Wakes():
		Expect(event.Object.GetName()).To(Equal(s.stage.Name))
	case <-time.After(20 * time.Second):
		Fail("nobody was woken")
	}
}

func count(list []string, what string) (times int) {
	for _, member := range list {
		if member == what {
			times++
		}
	}
	return times
}

var _ = Describe("What goes on beside the reconciles", func() {
	It("does not begin where the fence before it fails", func(ctx context.Context) {
		s := founded(ctx)
		s.refuses(statusPatch, 1, 1, conflict)
		Expect(s.reconciles().RequeueAfter).To(Equal(conflictPoll))
		Expect(s.beside()).To(BeEmpty())
		Expect(s.registry.asks()).To(BeZero())
		Expect(s.changed()).To(BeEmpty())
	})

	It("begins behind a fence, once, and is only asked how far it has come", func(ctx context.Context) {
		s := founded(ctx)
		letGo := s.registry.hold()
		Expect(s.reconciles().RequeueAfter).To(Equal(briefly), "it may have ended before anything need be told")
		Expect(s.changed()[0]).To(Equal(statusPatch))
		Eventually(s.registry.reads).Should(Equal(1))
		s.reconciles() // which tells what the other parts of the upload have come to
		s.noted()
		for range 3 {
			Expect(s.reconciles().RequeueAfter).To(Equal(besidePoll))
		}
		Expect(s.changed()).To(BeEmpty(), "neither a fence nor news")
		Expect(s.says(v1alpha1.ConditionReady)).To(And(HaveField("Reason", v1alpha1.ReasonProgressing),
			HaveField("Message", HavePrefix("releasing v1: "))))
		Expect(s.now().Status.Phase).To(Equal("Uploading"))
		Expect(s.registry.reads()).To(Equal(1), "it was begun once")
		letGo()
		s.awaitWake()
	})

	It("is recorded by the next reconcile after its end, before what rests on it", func(ctx context.Context) {
		s := founded(ctx)
		s.reconciles()
		s.awaitWake()
		Expect(s.now().Status.Target.DeployedDigest).To(BeEmpty())
		s.noted()
		s.reconciles()
		changes := s.changed()
		Expect(changes[0]).To(Equal(statusPatch))
		Expect(changes).To(ContainElement("cloudformation:CreateStack"), "the release goes on")
		Expect(s.now().Status.Target.DeployedDigest).To(HavePrefix("sha256:"))
		Expect(s.beside()).To(BeEmpty(), "what is recorded is forgotten")
	})

	It("is recorded although a write of it was refused in between, and is not done again", func(ctx context.Context) {
		s := founded(ctx)
		s.reconciles()
		s.awaitWake()
		s.noted()
		s.refuses(statusPatch, 1, 2, conflict)
		for range 2 {
			Expect(s.reconciles().RequeueAfter).To(Equal(conflictPoll))
		}
		Expect(s.now().Status.Target.DeployedDigest).To(BeEmpty())
		s.registry.asks()
		s.reconciles()
		Expect(s.now().Status.Target.DeployedDigest).To(HavePrefix("sha256:"))
		Expect(s.registry.asks()).To(BeZero())
		Expect(s.changed()).NotTo(ContainElement("ecr:PutImage"))
	})

	It("is begun again by an operator that knows nothing of it, which sends nothing twice", func(ctx context.Context) {
		s := founded(ctx)
		s.reconciles()
		s.awaitWake()
		s.noted()
		s.work = work.New(ctx, s.Now) // another operator
		s.reconciles()
		s.awaitWake()
		s.reconciles()
		Expect(s.now().Status.Target.DeployedDigest).To(HavePrefix("sha256:"))
		Expect(s.changed()).NotTo(ContainElement("ecr:PutImage"))
	})

	It("ends the run where it is refused, and is not begun again by itself", func(ctx context.Context) {
		s := ended(ctx, unservable)
		_, err := s.reconcile()
		Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeTrue(), "got %v", err)
		Expect(s.says(v1alpha1.ConditionAssetsUploaded)).To(And(HaveField("Reason", v1alpha1.ReasonAssetsInvalid),
			HaveField("Status", metav1.ConditionFalse)))
		Expect(s.says(v1alpha1.ConditionStalled).Message).To(And(ContainSubstring("no.txt cannot be served"),
			ContainSubstring(v1alpha1.AnnotationRetry)))
		Expect(s.now().Status.Target).To(And(HaveField("State", v1alpha1.RunFailed),
			HaveField("Failure.Reason", v1alpha1.ReasonAssetsInvalid)))
		_, err = s.reconcile()
		Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeTrue())
		Expect(s.registry.asks()).To(BeZero())
	})

	It("is begun again in a run of its own when a person asks for it", func(ctx context.Context) {
		s := ended(ctx, unservable)
		_, _ = s.reconcile()
		failed := s.now().Status.Target.ID
		s.edit(func(stage *v1alpha1.Stage) { stage.Annotations = map[string]string{v1alpha1.AnnotationRetry: "1"} })
		s.reconciles()
		Expect(s.now().Status.Target).To(And(HaveField("ID", Not(Equal(failed))), HaveField("Cause.Name", "1")))
		s.awaitWake()
		s.reconciles()
		Expect(s.now().Status.Target.DeployedDigest).To(HavePrefix("sha256:"))
	})

	DescribeTable("tells what it met, and when it is begun again",
		func(ctx context.Context, met error, condition, reason string, soonest, latest time.Duration) {
			s := ended(ctx, met)
			result := s.reconciles()
			Expect(result.RequeueAfter).To(And(BeNumerically(">=", soonest), BeNumerically("<=", latest)))
			Expect(s.says(condition).Reason).To(Equal(reason))
			Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(reason))
			Expect(s.says(v1alpha1.ConditionStalled).Reason).To(BeEmpty())
			Expect(s.now().Status.Target.State).To(Equal(v1alpha1.RunRunning))
		},
		Entry("a wait says itself when",
			release.Wait(v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageNotFound, 7*time.Second, "gone"),
			v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageNotFound, 7*time.Second, 7*time.Second),
		Entry("what AWS refuses takes a person", release.At(v1alpha1.ConditionImagePushed,
			fmt.Errorf("pushing: %w", &smithy.GenericAPIError{Code: "AccessDeniedException", Message: "not you"})),
			v1alpha1.ConditionImagePushed, v1alpha1.ReasonAccessDenied, deniedPoll, deniedPoll),
		Entry("an error that may pass is paused after",
			release.At(v1alpha1.ConditionAssetsUploaded, errors.New("connection reset")),
			v1alpha1.ConditionAssetsUploaded, v1alpha1.ReasonProgressingWithRetry, time.Duration(1), time.Second),
		Entry("one that does not say what it is about is about the phase", errors.New("connection reset"),
			v1alpha1.ConditionImagePushed, v1alpha1.ReasonProgressingWithRetry, time.Duration(1), time.Second),
	)

	It("lets the release go on once the image is there", func(ctx context.Context) {
		end := make(chan struct{})
		s := uploading(ctx, func(context.Context) (release.Outcome, error) { <-end; return release.Outcome{}, nil },
			func(stage *v1alpha1.Stage) {
				stage.Spec.Assets = &v1alpha1.Assets{FromImage: &v1alpha1.AssetsFromImage{Path: "/www"}}
			})
		defer close(end)
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionImagePushed).Reason).To(Equal(v1alpha1.ReasonProgressing))
		s.work.Reached(keyOf(s.stage), s.stage.UID, s.beside(), release.Outcome{
			Uploaded: &release.Uploaded{DeployedDigest: otherDigest, ConfigHash: "c"},
		})
		s.awaitWake()
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionImagePushed).Status).To(Equal(metav1.ConditionTrue))
		Expect(s.changed()).To(ContainElement("cloudformation:CreateStack"))
		Expect(s.beside()).To(HavePrefix(string(release.ActionUpload)), "it goes on")
		Expect(s.says(v1alpha1.ConditionAssetsUploaded).Reason).To(Equal(v1alpha1.ReasonProgressing))
	})

	It("is paused after an error, and not begun before that is over", func(ctx context.Context) {
		s := ended(ctx, errors.New("connection reset"))
		s.reconciles()
		s.noted()
		paused := s.reconciles()
		Expect(s.changed()).To(BeEmpty(), "neither a fence nor news, as long as nothing is begun")
		Expect(s.registry.asks()).To(BeZero())
		time.Sleep(paused.RequeueAfter)
		s.noted()
		s.reconciles()
		Expect(s.changed()).To(ContainElement(statusPatch), "it is begun behind a fence")
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressingWithRetry),
			"what went wrong is told until the next try has ended")
		s.awaitWake()
		s.reconciles()
		Expect(s.now().Status.Target.DeployedDigest).To(HavePrefix("sha256:"))
	})

	It("has its credentials made anew when they have expired", func(ctx context.Context) {
		s := ended(ctx, fmt.Errorf("pushing: %w", &smithy.GenericAPIError{Code: "ExpiredTokenException", Message: "expired"}))
		_, err := s.reconcile()
		Expect(err).To(MatchError(ContainSubstring("expired")))
		s.noted()
		_, _ = s.reconcile()
		Expect(s.asksAWS()).To(ContainElement("sts:GetCallerIdentity"))
	})

	It("is given up for another build, whose upload begins", func(ctx context.Context) {
		given := make(chan struct{})
		s := uploading(ctx, func(ctx context.Context) (release.Outcome, error) {
			<-ctx.Done()
			close(given)
			return release.Outcome{}, ctx.Err()
		})
		s.registry.push("v2", built())
		s.edit(asksFor("v2"))
		s.reconciles()
		Eventually(given).Should(BeClosed())
		s.until("v2 is there", func() bool { t := s.now().Status.Target; return t.BuildID == "v2" && t.DeployedDigest != "" })
	})

	It("is given up when the profile does not allow the registry any more", func(ctx context.Context) {
		given := make(chan struct{})
		s := uploading(ctx, func(ctx context.Context) (release.Outcome, error) {
			<-ctx.Done()
			close(given)
			return release.Outcome{}, ctx.Err()
		})
		s.regrant(func(p *v1alpha1.StageProfileSpec) { p.AllowedRegistries = []string{"ghcr.io/acme"} })
		Eventually(func() string { _, _ = s.reconcile(); return s.beside() }).Should(BeEmpty())
		Expect(given).To(BeClosed())
		Expect(s.says(v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonRegistryNotAllowed))
	})

	It("is given up with a Stage that is no more", func(ctx context.Context) {
		given := make(chan struct{})
		s := uploading(ctx, func(ctx context.Context) (release.Outcome, error) {
			<-ctx.Done()
			close(given)
			return release.Outcome{}, ctx.Err()
		})
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, s.now())).To(Succeed())
		s.reconciles()
		Eventually(given).Should(BeClosed())
		Expect(s.beside()).To(BeEmpty())
	})

	It("is known of the clean-up, so that a sweep does not take the place of a repair", func(ctx context.Context) {
		s, now := midway(ctx)
		Expect(now.connect(ctx)).To(Succeed())
		end := make(chan struct{})
		repair := now.job(release.Step{Action: release.ActionRepair, Phase: release.PhaseClean})
		repair.Do = func(context.Context) (release.Outcome, error) { <-end; return release.Outcome{}, nil }
		_, state, _ := s.work.Ensure(repair)
		Expect(state.Running).To(BeTrue())
		Expect(s.beside()).To(Equal(repair.Key))
		Expect(now.stop()).To(Succeed(), "it may go on")
		close(end)
		s.awaitWake()
		Expect(s.beside()).To(Equal(repair.Key), "how it ended is not recorded yet")
	})
})
