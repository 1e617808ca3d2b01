package stage

import (
	"context"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
)

var annotations = []string{
	v1alpha1.AnnotationRequestedAt, v1alpha1.AnnotationFluxRequestedAt, v1alpha1.AnnotationRetry,
	v1alpha1.AnnotationCommandResolution,
}

func annotated(value string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) {
		stage.Annotations = map[string]string{}
		for _, key := range annotations {
			stage.Annotations[key] = value
		}
	}
}

var _ = Describe("What a Stage asks for", func() {
	It("has its annotations as they are, as long as the status can keep them", func(ctx context.Context) {
		s := play(ctx, annotated("2026-01-02"))
		asked, _ := s.asked(ctx, s.stage)
		Expect(asked.Requests).To(Equal(plan.Requests{
			RequestedAt: "2026-01-02", FluxRequestedAt: "2026-01-02", Retry: "2026-01-02", CommandResolution: "2026-01-02",
		}))
	})

	It("has no more of an annotation than the status keeps, so that it is known again", func(ctx context.Context) {
		s := play(ctx, annotated(strings.Repeat("again ", 1000)))
		s.until("the requests are handled", func() bool { return s.now().Status.LastHandledRequestedAt != "" })
		status := s.now().Status
		for _, kept := range []string{
			status.LastHandledRequestedAt, status.LastHandledReconcileAt, status.LastHandledRetry,
			status.LastHandledCommandResolution,
		} {
			Expect(len(kept)).To(And(BeNumerically("<=", maxAnnotation), BeNumerically(">", maxAnnotation/2)))
		}
		Expect(told(s.recorder)).To(ContainElement(ContainSubstring(plan.NoteRetryIgnored)))
		s.reconciles()
		Expect(told(s.recorder)).NotTo(ContainElement(ContainSubstring(plan.NoteRetryIgnored)), "it was handled before")
	})

	DescribeTable("keeps what commands print out of the status where the profile wants that",
		func(ctx context.Context, where v1alpha1.CommandOutput, hidden bool) {
			s := playWith(ctx, func(p *v1alpha1.StageProfileSpec) { p.CommandOutput = where })
			asked, _ := s.asked(ctx, s.stage)
			Expect(asked.HideOutput).To(Equal(hidden))
			session := s.newSession(s.now())
			session.machine.Ask(asked)
			Expect(session.subject().HideOutput).To(Equal(hidden), "the phases are told")
		},
		Entry("StoreOnly leaves it in the bucket", v1alpha1.CommandOutputStoreOnly, true),
		Entry("Status shows it", v1alpha1.CommandOutputStatus, false),
	)

	It("is barred without a profile that grants it, and by nothing else", func(ctx context.Context) {
		for why, row := range map[string]struct {
			grant  func(*v1alpha1.StageProfileSpec)
			edit   func(*v1alpha1.Stage)
			barred bool
		}{
			"all is well":                  {barred: false},
			"the profile is missing":       {edit: func(s *v1alpha1.Stage) { s.Spec.ProfileRef.Name = "nobodys" }, barred: true},
			"the profile grants nothing":   {grant: grantsNothing, barred: true},
			"a Secret is missing":          {edit: usesSecret("nobodys"), barred: false},
			"the registry is not allowed":  {grant: grantsOneRegistry, barred: false},
			"a function role is not there": {edit: runsAs("x"), barred: false},
		} {
			if row.grant == nil {
				row.grant = func(*v1alpha1.StageProfileSpec) {}
			}
			if row.edit == nil {
				row.edit = func(*v1alpha1.Stage) {}
			}
			s := playWith(ctx, row.grant, row.edit)
			asked, _ := s.asked(ctx, s.stage)
			Expect(asked.Barred).To(Equal(row.barred), why)
		}
	})

	It("is settled when its generation was seen to an outcome", func(ctx context.Context) {
		s := play(ctx)
		asked, _ := s.asked(ctx, s.stage)
		Expect(asked.Settled).To(BeFalse())
		s.remember(func(status *v1alpha1.StageStatus) { status.ObservedGeneration = 1 })
		asked, _ = s.asked(ctx, s.now())
		Expect(asked.Settled).To(BeTrue())
		s.edit(func(stage *v1alpha1.Stage) { stage.Spec.Image.Tag = "v2" })
		asked, _ = s.asked(ctx, s.now())
		Expect(asked.Settled).To(BeFalse())
		Expect(asked.Generation).To(Equal(int64(2)))
	})

	It("is the deletion that the Stage names, or else the profile, or else to leave all as it is", func() {
		for _, row := range []struct {
			stage, profile, want v1alpha1.DeletionPolicy
		}{
			{"", "", v1alpha1.DeletionPolicyRetain},
			{"", v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyDelete},
			{v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain},
			{v1alpha1.DeletionPolicyDelete, v1alpha1.DeletionPolicyRetain, v1alpha1.DeletionPolicyDelete},
		} {
			stage := &v1alpha1.Stage{Spec: v1alpha1.StageSpec{DeletionPolicy: row.stage}}
			profile := &v1alpha1.StageProfile{Spec: v1alpha1.StageProfileSpec{DeletionPolicy: row.profile}}
			Expect(deletionPolicy(stage, profile)).To(Equal(row.want), "%q and %q of the profile", row.stage, row.profile)
		}
	})
})

var _ = Describe("The access to AWS", func() {
	It("is asked for under the profile's external id, or one that no other cluster or profile has", func() {
		r := &Reconciler{ClusterID: "cluster"}
		stage := &v1alpha1.Stage{ObjectMeta: metav1.ObjectMeta{Namespace: "clouder", Name: "production"}}
		profile := &v1alpha1.StageProfile{ObjectMeta: metav1.ObjectMeta{Name: "shop"}, Spec: v1alpha1.StageProfileSpec{
			AccountID: account, Region: region, RoleARN: roleARN("aloft"),
		}}
		access := r.access(stage, profile)
		Expect(access.ExternalID).To(Equal("cluster/shop"))
		granted := []string{access.AccountID, access.Region, access.RoleARN}
		Expect(granted).To(Equal([]string{account, region, roleARN("aloft")}))
		tags := []string{access.Cluster, access.Namespace, access.Stage}
		Expect(tags).To(Equal([]string{"cluster", "clouder", "production"}))
		profile.Spec.ExternalID = "agreed"
		Expect(r.access(stage, profile).ExternalID).To(Equal("agreed"))
	})

	It("is given by a role whose trust policy demands that external id", func(ctx context.Context) {
		makeRole(ctx, "trusting", `{"AWS":"arn:aws:iam::`+account+`:root"}`, `{"StringEquals":{"sts:ExternalId":"agreed"}}`)
		s := playWith(ctx, func(p *v1alpha1.StageProfileSpec) { p.RoleARN = roleARN("trusting") })
		Expect(s.reconciles().RequeueAfter).To(Equal(time.Minute), "a person has to mend that on AWS")
		Expect(s.says(v1alpha1.ConditionReady)).To(because(v1alpha1.ReasonAccessDenied, "its trust policy and external id"))
		Expect(s.asksAWS()).To(HaveEach("sts:AssumeRole"), "there is no way around the role")
		s.regrant(func(p *v1alpha1.StageProfileSpec) { p.ExternalID = "agreed" })
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressing))
	})

	It("is refused with the credentials of another account, and nothing is written there", func(ctx context.Context) {
		s := playWith(ctx, func(p *v1alpha1.StageProfileSpec) { p.AccountID = "999999999999" })
		Expect(s.reconciles().RequeueAfter).To(Equal(outsidePoll))
		Expect(s.says(v1alpha1.ConditionStalled)).To(And(HaveField("Reason", v1alpha1.ReasonProfileMismatch),
			HaveField("Message", And(ContainSubstring("999999999999"), ContainSubstring(account)))))
		Expect(s.asksAWS()).To(Equal([]string{"sts:GetCallerIdentity"}))
		s.reconciles()
		Expect(s.asksAWS()).To(Equal([]string{"sts:GetCallerIdentity"}), "it may have been mended")
	})
})
