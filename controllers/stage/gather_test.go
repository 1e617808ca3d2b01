package stage

import (
	"context"
	"errors"
	"strings"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	ctrl "sigs.k8s.io/controller-runtime"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// makeSecret makes a Secret, and gives its name.
func makeSecret(ctx context.Context, data map[string]string) string {
	GinkgoHelper()
	secret := &corev1.Secret{StringData: data}
	secret.GenerateName, secret.Namespace = "secret-", namespace
	Expect(admin.Create(ctx, secret)).To(Succeed())
	return secret.Name
}

func usesSecret(name string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) {
		stage.Spec.Manifest.Secrets = append(stage.Spec.Manifest.Secrets,
			v1alpha1.SecretSource{Name: name, SecretRef: &v1alpha1.LocalReference{Name: name}})
	}
}

func runsAs(role string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.Manifest.FunctionRoleName = role }
}

func grantsNothing(p *v1alpha1.StageProfileSpec) { p.AllowedNamespaces = nil }

func grantsOneRegistry(p *v1alpha1.StageProfileSpec) { p.AllowedRegistries = []string{"ghcr.io/acme"} }

func pullsWith(name string) func(*v1alpha1.Stage) {
	return func(stage *v1alpha1.Stage) { stage.Spec.Image.PullSecretRef = &v1alpha1.LocalReference{Name: name} }
}

var _ = Describe("Gathering what a Stage refers to", func() {
	type refusal struct {
		grant     func(*v1alpha1.StageProfileSpec)
		edit      func(*v1alpha1.Stage)
		reason    string
		condition string
		says      string
		// again is when it is looked at again: 0 for never by itself.
		again time.Duration
	}
	unchanged := func(*v1alpha1.StageProfileSpec) {}
	const ready, image = v1alpha1.ConditionReady, v1alpha1.ConditionImageResolved

	DescribeTable("refuses before anyone is asked, neither AWS nor the registry, and waits for nothing",
		func(ctx context.Context, row refusal) {
			s := playWith(ctx, row.grant, row.edit)
			result, err := s.reconcile()
			Expect(s.says(row.condition)).To(because(row.reason, row.says))
			Expect(s.says(v1alpha1.ConditionStalled).Reason).To(Equal(row.reason))
			Expect(s.says(v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
			Expect(s.now().Status.ObservedGeneration).To(Equal(int64(1)), "that is the outcome of this generation")
			Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeTrue(), "got %v", err)
			Expect(result.RequeueAfter).To(BeZero())
			requests, _, calls := s.noted()
			Expect(requests).NotTo(ContainElement(ContainSubstring("Secret")))
			Expect(calls).To(BeEmpty())
			Expect(s.registry.asks()).To(BeZero())
		},
		Entry("a profile that selects no namespace", refusal{
			grant: grantsNothing, edit: pullsWith("pull"),
			reason: v1alpha1.ReasonProfileNotAllowed, condition: ready, says: `does not allow namespace "clouder"`,
		}),
		Entry("a profile that selects other namespaces", refusal{
			grant: func(p *v1alpha1.StageProfileSpec) {
				p.AllowedNamespaces = &metav1.LabelSelector{MatchLabels: map[string]string{"team": "other"}}
			},
			edit: pullsWith("pull"), reason: v1alpha1.ReasonProfileNotAllowed, condition: ready, says: "spec.allowedNamespaces",
		}),
		Entry("a registry that the profile does not allow", refusal{
			grant: grantsOneRegistry, edit: pullsWith("pull"),
			reason: v1alpha1.ReasonRegistryNotAllowed, condition: image, says: "ghcr.io/acme",
		}),
		Entry("a function role that the profile does not offer", refusal{
			grant: unchanged, edit: runsAs("mighty"),
			reason: v1alpha1.ReasonRoleNotAllowed, condition: ready, says: `"mighty"`,
		}),
		Entry("a function role that the profile offers to another namespace", refusal{
			grant: func(p *v1alpha1.StageProfileSpec) {
				p.FunctionRoles = []v1alpha1.FunctionRole{{Name: "mighty", ARN: roleARN("mighty"), Namespaces: []string{"other"}}}
			},
			edit:   runsAs("mighty"),
			reason: v1alpha1.ReasonRoleNotAllowed, condition: ready, says: `namespace "clouder"`,
		}),
	)

	DescribeTable("waits for what is missing, and looks again where nothing tells when it comes",
		func(ctx context.Context, row refusal) {
			s := playWith(ctx, unchanged, row.edit)
			result := s.reconciles()
			Expect(result.RequeueAfter).To(Equal(row.again))
			Expect(s.says(row.condition)).To(because(row.reason, row.says))
			Expect(s.says(v1alpha1.ConditionStalled).Reason).To(BeEmpty())
			Expect(s.says(v1alpha1.ConditionReconciling).Reason).To(Equal(row.reason))
			Expect(s.now().Status.ObservedGeneration).To(Equal(int64(-1)), "this generation is not settled")
			Expect(s.asksAWS()).To(BeEmpty())
			Expect(s.registry.asks()).To(BeZero())
		},
		Entry("a profile, which is watched", refusal{
			edit:   func(s *v1alpha1.Stage) { s.Spec.ProfileRef.Name = "nobodys" },
			reason: v1alpha1.ReasonProfileNotFound, condition: ready, says: `StageProfile "nobodys" does not exist`,
		}),
		Entry("a Secret, which is not watched", refusal{
			edit: usesSecret("nobodys"), reason: v1alpha1.ReasonSecretNotFound, condition: ready,
			says: `Secret "nobodys" does not exist in namespace "clouder"`, again: clusterPoll,
		}),
		Entry("the Secret to pull the image with", refusal{
			edit: pullsWith("nobodys"), reason: v1alpha1.ReasonSecretNotFound, condition: ready,
			says: `Secret "nobodys" does not exist`, again: clusterPoll,
		}),
	)

	DescribeTable("refuses a Secret that cannot be used, and reads it again after a while",
		func(ctx context.Context, use func(string) func(*v1alpha1.Stage), data map[string]string, condition, says string) {
			s := play(ctx, use(makeSecret(ctx, data)))
			Expect(s.reconciles().RequeueAfter).To(Equal(secretPoll))
			Expect(s.says(condition)).To(And(
				HaveField("Reason", v1alpha1.ReasonInvalidSecret), HaveField("Message", ContainSubstring(says)),
				HaveField("Message", Not(ContainSubstring("hunter2")))))
			Expect(s.asksAWS()).To(BeEmpty())
		},
		Entry("one to pull with that has no docker configuration", pullsWith, map[string]string{"password": "hunter2"},
			v1alpha1.ConditionImageResolved, "has no key .dockerconfigjson"),
		Entry("one whose key is no name of a variable", usesSecret, map[string]string{"database.url": "hunter2"},
			v1alpha1.ConditionReady, `key "database.url"`),
		Entry("one whose key is reserved", usesSecret, map[string]string{"AWS_REGION": "hunter2"},
			v1alpha1.ConditionReady, "reserved"),
	)

	It("sends no token of the cluster to an application", func(ctx context.Context) {
		token := &corev1.Secret{Type: corev1.SecretTypeBootstrapToken, StringData: map[string]string{"TOKEN": "hunter2"}}
		token.GenerateName, token.Namespace = "token-", namespace
		Expect(admin.Create(ctx, token)).To(Succeed())
		s := play(ctx, usesSecret(token.Name))
		Expect(s.reconciles().RequeueAfter).To(Equal(secretPoll))
		Expect(s.says(v1alpha1.ConditionReady)).To(because(v1alpha1.ReasonInvalidSecret, "bootstrap.kubernetes.io/token"))
		Expect(s.asksAWS()).To(BeEmpty())
	})

	It("lets the oldest Stages of a namespace use a profile, as many as it allows", func(ctx context.Context) {
		s := playWith(ctx, func(p *v1alpha1.StageProfileSpec) {
			p.Limits = &v1alpha1.ProfileLimits{StagesPerNamespace: 1}
		})
		profile := s.profileNow()
		younger := applyStage(ctx, profile, func(stage *v1alpha1.Stage) {
			stage.GenerateName = "younger-" // ages are known in whole seconds, then names count
			stage.Spec.Image.Repository = s.registry.repository()
		})
		play(ctx) // of another profile
		first := s.stage
		s.stage = younger
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady)).To(because(v1alpha1.ReasonQuotaExceeded,
			"limits.stagesPerNamespace allows 1"))
		s.stage = first
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressing))
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, first)).To(Succeed())
		s.stage = younger
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressing))
	})

	It("goes on when the Secret that was missing is there", func(ctx context.Context) {
		s := play(ctx, usesSecret("late"))
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonSecretNotFound))
		late := &corev1.Secret{StringData: map[string]string{"TOKEN": "x"}}
		late.Name, late.Namespace = "late", namespace
		Expect(admin.Create(ctx, late)).To(Succeed())
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionImageResolved).Status).To(Equal(metav1.ConditionTrue))
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProgressing))
	})

	It("goes on when the profile allows it", func(ctx context.Context) {
		s := playWith(ctx, func(p *v1alpha1.StageProfileSpec) { p.AllowedNamespaces = nil })
		_, _ = s.reconcile()
		Expect(s.says(v1alpha1.ConditionStalled).Reason).To(Equal(v1alpha1.ReasonProfileNotAllowed))
		s.regrant(func(p *v1alpha1.StageProfileSpec) { p.AllowedNamespaces = &metav1.LabelSelector{} })
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionStalled).Reason).To(BeEmpty())
		Expect(s.says(v1alpha1.ConditionImageResolved).Status).To(Equal(metav1.ConditionTrue))
	})

	It("reads each Secret by its name from the API server itself, and nothing else there", func(ctx context.Context) {
		docker := makeSecret(ctx, map[string]string{corev1.DockerConfigJsonKey: `{"auths":{}}`})
		s := play(ctx, usesSecret(makeSecret(ctx, map[string]string{"A": "1"})),
			usesSecret(makeSecret(ctx, map[string]string{"B": "2"})),
			pullsWith(docker))
		_, err := s.Reconcile(ctx, ctrl.Request{NamespacedName: keyOf(s.stage)})
		Expect(err).NotTo(HaveOccurred())
		requests, _, _ := s.noted()
		var secrets, uncached []string
		for _, request := range requests {
			if strings.Contains(request, "Secret") {
				secrets = append(secrets, request)
			}
			if strings.HasPrefix(request, "uncached") {
				uncached = append(uncached, request)
			}
		}
		Expect(secrets).To(Equal([]string{"uncached get Secret", "uncached get Secret", "uncached get Secret"}))
		Expect(uncached).To(Equal(secrets))
	})

	It("gives the release what the Secrets hold", func(ctx context.Context) {
		s := play(ctx, usesSecret(makeSecret(ctx, map[string]string{"A": "1"})),
			usesSecret(makeSecret(ctx, map[string]string{"B": "2"})))
		asked, profile := s.asked(ctx, s.stage)
		Expect(asked.Unprepared).NotTo(HaveOccurred())
		Expect(profile.Name).To(Equal(s.stage.Spec.ProfileRef.Name))
		Expect(asked.Release("sha256:a", "1").Config.Secrets).To(Equal(map[string]release.Sensitive{"A": "1", "B": "2"}))
	})

	DescribeTable("tries again what the API server could not answer, and asks nobody else",
		func(ctx context.Context, request, says string) {
			s := play(ctx, usesSecret(makeSecret(ctx, map[string]string{"A": "1"})))
			s.before = func(r string) error {
				if r == request {
					return errors.New("etcd is away")
				}
				return nil
			}
			_, err := s.reconcile()
			Expect(err).To(MatchError(And(ContainSubstring(says), ContainSubstring("etcd is away"))))
			Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeFalse())
			Expect(s.asksAWS()).To(BeEmpty())
			s.before = nil
			s.reconciles()
			Expect(s.says(v1alpha1.ConditionImageResolved).Status).To(Equal(metav1.ConditionTrue))
		},
		Entry("for the Stage", "get Stage", "reading the Stage"),
		Entry("for the profile", "get StageProfile", "reading StageProfile"),
		Entry("for the namespace", "get PartialObjectMetadata", "reading the namespace"),
		Entry("for a Secret", "uncached get Secret", "reading Secret"),
	)
})
