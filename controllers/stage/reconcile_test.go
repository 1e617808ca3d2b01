package stage

import (
	"context"
	"errors"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	cftypes "github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
	"github.com/google/go-containerregistry/pkg/v1/random"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

// names are those of the Stage on AWS.
func (s *scene) names() release.Names {
	return desired.Names(release.StageKey{Namespace: s.stage.Namespace, Name: s.stage.Name}, account, region)
}

// stack reads one of the Stage's stacks; nil where there is none.
func (s *scene) stack(name string) *cftypes.Stack {
	client := cloudformation.NewFromConfig(local.Config())
	answer, err := client.DescribeStacks(s.ctx, &cloudformation.DescribeStacksInput{StackName: &name})
	if err != nil {
		return nil
	}
	return &answer.Stacks[0]
}

// serving is what the status remembers of a release that is live.
func serving(build, imageDigest string) func(*v1alpha1.StageStatus) {
	return func(status *v1alpha1.StageStatus) {
		status.Live = &v1alpha1.Release{
			ID: "r-live", BuildID: build, ImageDigest: imageDigest, TemplateRevision: "1",
			ActivatedAt: &metav1.Time{Time: time.Now()}, Cleaned: true,
			Functions: []v1alpha1.FunctionVersion{{Name: "http", Version: "7"}},
		}
	}
}

func suspends(suspend bool) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.Suspend = suspend }
}

func asksFor(tag string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.Image.Tag = tag }
}

const otherDigest = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

var _ = Describe("Reconciling a Stage", func() {
	It("takes hold of it, and writes what it is about to do, before anything is made", func(ctx context.Context) {
		s := play(ctx)
		s.reconciles()
		changes := s.changed()
		Expect(changes[:3]).To(Equal([]string{"patch Stage", "patch Stage/status", "cloudformation:CreateStack"}))
		Expect(s.now().Finalizers).To(Equal([]string{v1alpha1.StageFinalizer}))
		s.reconciles()
		Expect(s.changed()).NotTo(ContainElement("patch Stage"), "it has hold of it")
	})

	It("does nothing for a Stage that it could not take hold of", func(ctx context.Context) {
		s := play(ctx)
		s.before = func(request string) error {
			if request == "patch Stage" {
				return errors.New("etcd is away")
			}
			return nil
		}
		_, err := s.reconcile()
		Expect(err).To(MatchError(ContainSubstring("adding the finalizer: etcd is away")))
		requests, changes, calls := s.noted()
		Expect(requests).To(Equal([]string{"get Stage", "patch Stage"}))
		Expect(changes).To(BeEmpty())
		Expect(calls).To(BeEmpty())
	})

	It("takes hold only of the Stage that it has read", func(ctx context.Context) {
		s := play(ctx)
		s.before = func(request string) error {
			if request == "patch Stage" {
				s.edit(asksFor("v2"))
			}
			return nil
		}
		_, err := s.reconcile()
		Expect(err).To(MatchError(ContainSubstring("the object has been modified")))
		Expect(s.now().Finalizers).To(BeEmpty())
	})

	It("goes from the tag to its content, to a foundation of its own, and to the upload", func(ctx context.Context) {
		image := built()
		s := play(ctx, asksFor("v2"))
		s.registry.push("v2", image)
		s.until("the image is there", func() bool { return s.has(v1alpha1.ConditionImagePushed) })
		status := s.now().Status
		Expect(status.Image).To(Equal(&v1alpha1.ResolvedImage{
			Repository: s.registry.repository(), Tag: "v2", Architecture: "amd64", Digest: digest(image),
		}))
		Expect(status.Target).To(And(HaveField("BuildID", "v2"), HaveField("ImageDigest", digest(image)),
			HaveField("Cause.Type", v1alpha1.CauseType(release.CauseCreated)), HaveField("Generation", int64(1))))
		foundation := s.stack(s.names().FoundationStack)
		Expect(foundation.StackStatus).To(Equal(cftypes.StackStatusCreateComplete))
		Expect(foundation.Tags).To(ContainElement(And(HaveField("Key", HaveValue(Equal(release.OwnerTag))),
			HaveField("Value", HaveValue(Equal("cluster/clouder/"+s.stage.Name))))))
		Expect(foundation.Tags).To(ContainElement(And(HaveField("Key", HaveValue(Equal(release.NamespaceTag))),
			HaveField("Value", HaveValue(BeEquivalentTo(s.namespaceNow().UID))))))
		Expect(aws.ToString(foundation.RoleARN)).To(Equal(roleARN("stacks")))
		for _, done := range []string{
			v1alpha1.ConditionImageResolved, v1alpha1.ConditionFoundationReady, v1alpha1.ConditionImagePushed,
		} {
			Expect(s.says(done).Status).To(Equal(metav1.ConditionTrue), done)
		}
		Expect(told(s.recorder)).To(ContainElements(
			ContainSubstring("Normal ReleaseStarted releasing v2"), ContainSubstring("Normal FoundationReady")))
	})

	It("waits for a build that is not pushed yet, keeps what is live, and asks no AWS", func(ctx context.Context) {
		s := play(ctx, asksFor("v2"))
		s.remember(serving("v1", otherDigest))
		result := s.reconciles()
		Expect(result.RequeueAfter).To(Equal(10 * time.Second))
		Expect(s.says(v1alpha1.ConditionImageResolved)).To(because(v1alpha1.ReasonImageNotFound, ":v2 is not in"))
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonImageNotFound))
		Expect(s.says(v1alpha1.ConditionAvailable)).To(And(HaveField("Status", metav1.ConditionTrue),
			HaveField("Message", ContainSubstring("v1 serves"))))
		Expect(s.now().Status.Live).To(HaveField("ID", "r-live"))
		Expect(s.asksAWS()).To(BeEmpty())
		s.registry.push("v2", built())
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionImageResolved).Status).To(Equal(metav1.ConditionTrue))
	})

	It("refuses a tag that has moved since it was live, keeps what is live, and asks no AWS", func(ctx context.Context) {
		s := play(ctx)
		s.remember(serving("v1", otherDigest))
		result := s.reconciles()
		Expect(result.RequeueAfter).To(Equal(outsidePoll), "the tag may be moved back, which nothing in the cluster tells")
		Expect(s.says(v1alpha1.ConditionStalled)).To(because(v1alpha1.ReasonTagMoved, otherDigest))
		Expect(s.says(v1alpha1.ConditionAvailable).Status).To(Equal(metav1.ConditionTrue))
		Expect(s.now().Status.Live).To(HaveField("ImageDigest", otherDigest))
		Expect(s.now().Status.Image).To(BeNil(), "what it was refused for is not taken for resolved")
		Expect(s.asksAWS()).To(BeEmpty())
		Expect(told(s.recorder)).To(ContainElement(ContainSubstring("Warning ReleaseFailed TagMoved")))
	})

	It("refuses an image that Lambda cannot run", func(ctx context.Context) {
		s := play(ctx, asksFor("v2"))
		image, err := random.Image(8, 1) // of no architecture
		Expect(err).NotTo(HaveOccurred())
		s.registry.push("v2", image)
		Expect(s.reconciles().RequeueAfter).To(Equal(outsidePoll))
		Expect(s.says(v1alpha1.ConditionStalled)).To(because(v1alpha1.ReasonImageUnsupported, "--platform linux/amd64"))
		Expect(s.asksAWS()).To(BeEmpty())
	})

	It("asks a registry that does not answer again after a pause", func(ctx context.Context) {
		s := play(ctx)
		s.registry.server.Close()
		Expect(s.reconciles().RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", time.Second)))
		Expect(s.says(v1alpha1.ConditionImageResolved).Reason).To(Equal(v1alpha1.ReasonProgressingWithRetry))
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressingWithRetry))
		Expect(s.asksAWS()).To(BeEmpty())
	})

	It("finds out what is live while it is suspended, changes nothing, and then goes on", func(ctx context.Context) {
		s := play(ctx, suspends(true))
		Expect(s.reconciles()).To(BeZero(), "an edit ends it")
		Expect(s.says(v1alpha1.ConditionReady)).To(because(v1alpha1.ReasonSuspended, "before the phase Foundation"))
		Expect(s.says(v1alpha1.ConditionReconciling).Status).To(BeEmpty())
		Expect(s.now().Status.Phase).To(Equal("Suspended"))
		_, changes, calls := s.noted()
		Expect(changes).To(HaveEach(HavePrefix("patch ")))
		Expect(calls).To(ContainElement("cloudformation:DescribeStacks"))
		Expect(told(s.recorder)).To(ContainElement(ContainSubstring("Normal Suspended")))
		run := s.now().Status.Target.ID

		s.edit(suspends(false))
		s.reconciles()
		Expect(s.changed()).To(ContainElement("cloudformation:CreateStack"))
		Expect(s.now().Status.Target.ID).To(Equal(run), "it is the same run")
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressing))
	})

	It("has nothing to do with a Stage that is gone", func(ctx context.Context) {
		s := play(ctx)
		Expect(admin.Delete(ctx, s.stage)).To(Succeed())
		Expect(s.reconciles()).To(BeZero())
		requests, _, calls := s.noted()
		Expect(requests).To(Equal([]string{"get Stage"}))
		Expect(calls).To(BeEmpty())
	})
})
