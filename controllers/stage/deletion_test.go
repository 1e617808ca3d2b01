package stage

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// held has the operator's finalizer, and was not acted for yet.
func held(stage *v1alpha1.Stage) { stage.Finalizers = []string{v1alpha1.StageFinalizer} }

func policy(policy v1alpha1.DeletionPolicy) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.DeletionPolicy = policy }
}

func ofProfile(name string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.ProfileRef.Name = name }
}

// deleted is a person's deletion of the Stage, which its finalizer holds.
func (s *scene) deleted() {
	GinkgoHelper()
	Expect(admin.Delete(s.ctx, s.stage)).To(Succeed())
	s.noted()
}

var _ = Describe("A Stage that is deleted", func() {
	const wayOut = "set spec.deletionPolicy to Retain to let the Stage go"

	type leave struct {
		grant  func(*v1alpha1.StageProfileSpec)
		edit   func(*v1alpha1.Stage)
		status func(*v1alpha1.StageStatus)
	}
	DescribeTable("is let go without a call to AWS",
		func(ctx context.Context, row leave) {
			if row.grant == nil {
				row.grant = func(*v1alpha1.StageProfileSpec) {}
			}
			s := playWith(ctx, row.grant, held, row.edit)
			if row.status != nil {
				s.remember(row.status)
			}
			s.deleted()
			Expect(s.reconciles()).To(BeZero())
			Expect(s.gone()).To(BeTrue())
			_, changes, calls := s.noted()
			Expect(changes).To(Equal([]string{"patch Stage"}))
			Expect(calls).To(BeEmpty())
			Expect(told(s.recorder)).To(Equal([]string{"Normal Deleted the Stage is let go"}))
		},
		Entry("where it is to be retained", leave{
			edit: policy(v1alpha1.DeletionPolicyRetain), status: serving("v1", otherDigest),
		}),
		Entry("where its profile retains, and it says nothing itself", leave{
			grant: func(p *v1alpha1.StageProfileSpec) { p.DeletionPolicy = v1alpha1.DeletionPolicyRetain },
			edit:  func(*v1alpha1.Stage) {}, status: serving("v1", otherDigest),
		}),
		Entry("where it is to be retained and has no profile", leave{
			edit:   func(s *v1alpha1.Stage) { ofProfile("nobodys")(s); policy(v1alpha1.DeletionPolicyRetain)(s) },
			status: serving("v1", otherDigest),
		}),
		Entry("where its profile never existed, and so nothing was made", leave{edit: ofProfile("nobodys")}),
		Entry("where its profile never allowed it, and so nothing was made", leave{
			grant: func(p *v1alpha1.StageProfileSpec) { p.AllowedNamespaces = nil }, edit: policy(v1alpha1.DeletionPolicyDelete),
		}),
	)

	It("waits for the profile that leads to what it has made, and names the way out", func(ctx context.Context) {
		s := play(ctx, held, ofProfile("lost-one"), policy(v1alpha1.DeletionPolicyDelete))
		s.remember(serving("v1", otherDigest))
		s.deleted()
		Expect(s.reconciles().RequeueAfter).To(Equal(30 * time.Second))
		Expect(s.says(v1alpha1.ConditionReady)).To(And(HaveField("Reason", v1alpha1.ReasonDeleting), HaveField("Message",
			And(ContainSubstring(`StageProfile "lost-one"`), ContainSubstring("make it again"), ContainSubstring(wayOut)))))
		Expect(s.now().Status.Phase).To(Equal("Deleting"))
		Expect(s.asksAWS()).To(BeEmpty())
		s.edit(policy(v1alpha1.DeletionPolicyRetain))
		s.reconciles()
		Expect(s.gone()).To(BeTrue())
	})

	It("goes on when the profile is made again", func(ctx context.Context) {
		s := play(ctx, held, ofProfile("late-one"), policy(v1alpha1.DeletionPolicyDelete))
		s.remember(serving("v1", otherDigest))
		s.deleted()
		s.reconciles()
		Expect(s.gone()).To(BeFalse())
		Expect(admin.Create(ctx, &v1alpha1.StageProfile{
			ObjectMeta: metav1.ObjectMeta{Name: "late-one"},
			Spec:       v1alpha1.StageProfileSpec{AccountID: account, Region: region, RoleARN: roleARN("operator")},
		})).To(Succeed())
		s.noted()
		s.reconciles()
		Expect(s.asksAWS()).To(ContainElement("cloudformation:DescribeStacks"))
		Expect(s.gone()).To(BeTrue(), "nothing of it is there")
	})

	It("looks on AWS although nothing is remembered, for its status may have been lost", func(ctx context.Context) {
		s := play(ctx, held)
		s.deleted()
		Expect(s.reconciles()).To(BeZero())
		_, changes, calls := s.noted()
		Expect(changes).To(Equal([]string{"patch Stage"}))
		Expect(calls).To(ContainElements("sts:GetCallerIdentity", "cloudformation:DescribeStacks"))
		Expect(s.gone()).To(BeTrue())
	})

	It("needs neither its Secrets nor its image", func(ctx context.Context) {
		s := play(ctx, held, usesSecret("nobodys"), pullsWith("nobodys"), asksFor("never-pushed"))
		s.deleted()
		s.reconciles()
		requests, _, _ := s.noted()
		Expect(requests).NotTo(ContainElement(ContainSubstring("Secret")))
		Expect(s.registry.asks()).To(BeZero())
		Expect(s.gone()).To(BeTrue())
	})

	It("is not touched where the operator does not hold it", func(ctx context.Context) {
		s := play(ctx, func(stage *v1alpha1.Stage) { stage.Finalizers = []string{"acme.dev/theirs"} })
		DeferCleanup(func(ctx context.Context) {
			s.ctx = ctx
			s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		})
		s.deleted()
		Expect(s.reconciles()).To(BeZero())
		requests, _, calls := s.noted()
		Expect(requests).To(Equal([]string{"get Stage"}))
		Expect(calls).To(BeEmpty())
	})

	It("is content where it is gone before its finalizer is", func(ctx context.Context) {
		s := play(ctx, held, policy(v1alpha1.DeletionPolicyRetain))
		s.deleted()
		s.refuses("patch Stage", 1, 1, notFound)
		Expect(s.reconciles()).To(BeZero())
		Expect(told(s.recorder)).To(Equal([]string{"Normal Deleted the Stage is let go"}))
	})

	It("is told of once, after it is let go", func(ctx context.Context) {
		s := play(ctx, held, policy(v1alpha1.DeletionPolicyRetain))
		s.deleted()
		s.refuses("patch Stage", 1, 2, conflict)
		for range 2 {
			_, err := s.reconcile()
			Expect(err).To(MatchError(ContainSubstring("removing the finalizer")))
		}
		Expect(told(s.recorder)).To(BeEmpty())
		Expect(s.gone()).To(BeFalse())
		s.reconciles()
		Expect(told(s.recorder)).To(HaveLen(1))
		Expect(s.gone()).To(BeTrue())
	})

	DescribeTable("names the way out where it cannot go on",
		func(ctx context.Context, grant func(*v1alpha1.StageProfileSpec), call, code string, again time.Duration) {
			s := playWith(ctx, grant, held)
			if call != "" {
				fails(call, code, 0)
			}
			s.deleted()
			Expect(s.reconciles().RequeueAfter).To(Equal(again))
			Expect(s.says(v1alpha1.ConditionReady)).To(because(v1alpha1.ReasonDeleting, wayOut))
			Expect(s.says(v1alpha1.ConditionReconciling).Status).To(Equal(metav1.ConditionTrue))
			Expect(s.now().Finalizers).To(ContainElement(v1alpha1.StageFinalizer))
			Expect(s.changed()).To(HaveEach(statusPatch))
			local.Faults().Clear()
			s.edit(policy(v1alpha1.DeletionPolicyRetain))
			s.reconciles()
			Expect(s.gone()).To(BeTrue())
		},
		Entry("because AWS refuses to look",
			func(*v1alpha1.StageProfileSpec) {}, "cloudformation:DescribeStacks", "AccessDenied", deniedPoll),
		Entry("because AWS refuses the role",
			func(*v1alpha1.StageProfileSpec) {}, "sts:GetCallerIdentity", "AccessDenied", deniedPoll),
		Entry("because the account is another one",
			func(p *v1alpha1.StageProfileSpec) { p.AccountID = "999999999999" }, "", "", outsidePoll),
	)

	It("tries again what AWS could not answer", func(ctx context.Context) {
		s := play(ctx, held)
		heal := fails("cloudformation:DescribeStacks", "InternalFailure", 0)
		s.deleted()
		_, err := s.reconcile()
		Expect(err).To(MatchError(ContainSubstring("InternalFailure")))
		Expect(s.says(v1alpha1.ConditionReady).Message).To(ContainSubstring("InternalFailure"))
		Expect(s.gone()).To(BeFalse())
		heal()
		s.reconciles()
		Expect(s.gone()).To(BeTrue())
	})

	It("tries again what the API server could not answer", func(ctx context.Context) {
		for _, request := range []string{"get StageProfile", "get PartialObjectMetadata"} {
			s := play(ctx, held)
			s.deleted()
			s.refuses(request, 1, 1, apierrors.NewInternalError(context.DeadlineExceeded))
			_, err := s.reconcile()
			Expect(err).To(MatchError(ContainSubstring("Internal error")), request)
			Expect(s.gone()).To(BeFalse())
			Expect(s.asksAWS()).To(BeEmpty())
			s.reconciles()
			Expect(s.gone()).To(BeTrue())
		}
	})
})
