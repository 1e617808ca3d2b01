package stage

import (
	"context"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

// profileNow is the Stage's profile as the API server has it; nil where it is gone.
func (s *scene) profileNow() *v1alpha1.StageProfile {
	GinkgoHelper()
	profile := &v1alpha1.StageProfile{}
	err := admin.Get(s.ctx, client.ObjectKey{Name: s.stage.Spec.ProfileRef.Name}, profile)
	if apierrors.IsNotFound(err) {
		return nil
	}
	Expect(err).NotTo(HaveOccurred())
	return profile
}

// reconcileProfile reconciles the Stage's profile.
func (s *scene) reconcileProfile() error {
	r := &profileReconciler{client: s.Client}
	_, err := r.Reconcile(s.ctx, ctrl.Request{NamespacedName: client.ObjectKey{Name: s.stage.Spec.ProfileRef.Name}})
	return err
}

var _ = Describe("A profile", func() {
	It("is kept as long as a Stage refers to it, and goes with the last of them", func(ctx context.Context) {
		s := play(ctx)
		second := applyStage(ctx, s.profileNow())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow().Finalizers).To(Equal([]string{v1alpha1.StageProfileFinalizer}))

		Expect(admin.Delete(ctx, s.profileNow())).To(Succeed())
		Expect(admin.Delete(ctx, second)).To(Succeed())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow()).NotTo(BeNil(), "without it the Stage could not be deleted from AWS")
		Expect(admin.Delete(ctx, s.stage)).To(Succeed())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow()).To(BeNil())
		Expect(s.reconcileProfile()).To(Succeed(), "and then there is nothing to do")
	})

	It("is let go when no Stage refers to it any more, and stays", func(ctx context.Context) {
		s := play(ctx)
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(admin.Delete(ctx, s.stage)).To(Succeed())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow().Finalizers).To(BeEmpty())
	})

	It("is not held by the Stages of another", func(ctx context.Context) {
		s := play(ctx)
		play(ctx)
		Expect(admin.Delete(ctx, s.stage)).To(Succeed())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow().Finalizers).To(BeEmpty())
	})

	It("is not held by a Stage of a namespace that it does not allow", func(ctx context.Context) {
		s := playWith(ctx, grantsNothing)
		_, _ = s.reconcile()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProfileNotAllowed))
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow().Finalizers).To(BeEmpty())
	})

	It("is held by a Stage that has something on AWS, although it does not allow the namespace any more",
		func(ctx context.Context) {
			s := playWith(ctx, grantsNothing)
			s.remember(serving("v1", otherDigest))
			Expect(s.reconcileProfile()).To(Succeed())
			Expect(s.profileNow().Finalizers).To(Equal([]string{v1alpha1.StageProfileFinalizer}))
		})

	It("is looked at when a Stage begins to have something on AWS, and at no other change of a status", func() {
		began := &v1alpha1.Stage{Status: v1alpha1.StageStatus{Target: &v1alpha1.Run{}}}
		Expect(beganOrEnded(event.UpdateEvent{ObjectOld: &v1alpha1.Stage{}, ObjectNew: began})).To(BeTrue())
		Expect(beganOrEnded(event.UpdateEvent{ObjectOld: began, ObjectNew: began})).To(BeFalse())
	})

	It("is not held anew when it is being deleted, which the API server would refuse", func(ctx context.Context) {
		s := play(ctx)
		profile := s.profileNow()
		profile.Finalizers = []string{"acme.dev/theirs"}
		Expect(admin.Update(ctx, profile)).To(Succeed())
		Expect(admin.Delete(ctx, profile)).To(Succeed())
		s.noted()
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.changed()).To(BeEmpty())
		profile = s.profileNow()
		Expect(profile.Finalizers).To(Equal([]string{"acme.dev/theirs"}))
		profile.Finalizers = nil
		Expect(admin.Update(ctx, profile)).To(Succeed())
	})

	It("is written only where its finalizer has to change, and nobody else's is touched", func(ctx context.Context) {
		s := play(ctx)
		profile := s.profileNow()
		profile.Finalizers = []string{"acme.dev/theirs"}
		Expect(admin.Update(ctx, profile)).To(Succeed())
		for range 3 {
			Expect(s.reconcileProfile()).To(Succeed())
		}
		Expect(s.changed()).To(Equal([]string{"patch StageProfile"}))
		Expect(s.profileNow().Finalizers).To(ConsistOf("acme.dev/theirs", v1alpha1.StageProfileFinalizer))
	})

	It("is written only as it was read", func(ctx context.Context) {
		s := play(ctx)
		edited := false
		s.before = func(request string) error {
			if request == "patch StageProfile" && !edited {
				edited = true
				s.regrant(func(p *v1alpha1.StageProfileSpec) { p.AllowedRegistries = []string{"ghcr.io"} })
			}
			return nil
		}
		Expect(s.reconcileProfile()).To(MatchError(ContainSubstring("writing the finalizers of StageProfile")))
		Expect(s.profileNow().Finalizers).To(BeEmpty())
		Expect(s.reconcileProfile()).To(Succeed())
		Expect(s.profileNow()).To(And(HaveField("Finalizers", HaveLen(1)),
			HaveField("Spec.AllowedRegistries", Equal([]string{"ghcr.io"}))))
	})

	DescribeTable("keeps its finalizer where it cannot be known whether a Stage refers to it",
		func(ctx context.Context, request string) {
			s := play(ctx)
			Expect(s.reconcileProfile()).To(Succeed())
			Expect(admin.Delete(ctx, s.stage)).To(Succeed())
			s.refuses(request, 1, 1, errors.New("etcd is away"))
			Expect(s.reconcileProfile()).To(MatchError(ContainSubstring("etcd is away")))
			Expect(s.profileNow().Finalizers).To(HaveLen(1))
		},
		Entry("because the profile cannot be read", "get StageProfile"),
		Entry("because the Stages cannot be listed", "list StageList"),
		Entry("because it cannot be written", "patch StageProfile"),
	)
})

func requestFor(stage *v1alpha1.Stage) reconcile.Request {
	return reconcile.Request{NamespacedName: keyOf(stage)}
}

var _ = Describe("A change of what Stages refer to", func() {
	It("wakes the Stages of a profile, in all namespaces, and no others", func(ctx context.Context) {
		s := play(ctx)
		play(ctx)
		elsewhere := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "elsewhere-"}}
		Expect(admin.Create(ctx, elsewhere)).To(Succeed())
		there := applyStage(ctx, s.profileNow(), func(stage *v1alpha1.Stage) { stage.Namespace = elsewhere.Name })
		Expect(s.stagesOfProfile(ctx, s.profileNow())).To(ConsistOf(requestFor(s.stage), requestFor(there)))
		Expect(s.stagesOfNamespace(ctx, elsewhere)).To(ConsistOf(requestFor(there)))
		Expect(s.stagesOfProfile(ctx, applyProfile(ctx))).To(BeEmpty())
	})

	It("wakes nobody where they cannot be listed", func(ctx context.Context) {
		s := play(ctx)
		s.refuses("list StageList", 1, 2, errors.New("etcd is away"))
		Expect(s.stagesOfProfile(ctx, s.profileNow())).To(BeEmpty())
		Expect(s.stagesOfNamespace(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(BeEmpty())
	})

	It("wakes the profile of a Stage", func(ctx context.Context) {
		s := play(ctx)
		profile := client.ObjectKey{Name: s.stage.Spec.ProfileRef.Name}
		Expect(profileOfStage(ctx, s.stage)).To(Equal([]reconcile.Request{{NamespacedName: profile}}))
		Expect(profileOfStage(ctx, &corev1.Namespace{})).To(BeEmpty())
	})
})
