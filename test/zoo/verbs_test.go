package zoo

import (
	"testing"
	"time"

	. "github.com/onsi/gomega"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// patience is for one release, beside seven others on two cores.
const (
	patience = 4 * time.Minute
	interval = 50 * time.Millisecond
)

// stage is a Stage in a namespace of its own.
type stage struct {
	*v1alpha1.Stage
	t *testing.T
	g *WithT
	z *zoo
}

// apply makes a Stage that asks for an image.
func (z *zoo) apply(t *testing.T, name, tag string, manifest func(*v1alpha1.Stage)) *stage {
	t.Helper()
	s := &stage{t: t, g: NewWithT(t), z: z, Stage: &v1alpha1.Stage{
		ObjectMeta: metav1.ObjectMeta{Name: "production", Namespace: name},
		Spec: v1alpha1.StageSpec{
			ProfileRef: v1alpha1.ProfileReference{Name: name},
			Image:      v1alpha1.Image{Repository: z.repository(name), Tag: tag},
			Manifest: v1alpha1.Manifest{
				Secrets: []v1alpha1.SecretSource{{Name: "env", SecretRef: &v1alpha1.LocalReference{Name: sandbox.SampleSecret}}},
			},
			DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		},
	}}
	if manifest != nil {
		manifest(s.Stage)
	}
	s.g.Expect(z.Prepare(t.Context(), name, name, z.Database.URL())).To(Succeed())
	s.g.Expect(z.Client.Create(t.Context(), s.Stage)).To(Succeed())
	return s
}

// ask has the Stage ask for another image, and for what that one needs.
func (s *stage) ask(tag string, manifest func(*v1alpha1.Stage)) {
	s.t.Helper()
	before := s.fetch().DeepCopy()
	s.Spec.Image.Tag = tag
	if manifest != nil {
		manifest(s.Stage)
	}
	s.g.Expect(s.z.Client.Patch(s.t.Context(), s.Stage, client.MergeFrom(before))).To(Succeed())
}

func (s *stage) fetch() *v1alpha1.Stage {
	s.t.Helper()
	s.g.Expect(s.z.Client.Get(s.t.Context(), client.ObjectKeyFromObject(s.Stage), s.Stage)).To(Succeed())
	return s.Stage
}

func (s *stage) condition(conditionType string) metav1.Condition {
	if found := meta.FindStatusCondition(s.Status.Conditions, conditionType); found != nil {
		return *found
	}
	return metav1.Condition{}
}

// becomesLive waits until an image is live and cleaned up after.
func (s *stage) becomesLive(tag string) {
	s.t.Helper()
	s.g.Eventually(func(g Gomega) {
		s.fetch()
		if stalled := s.condition(v1alpha1.ConditionStalled); stalled.Status == metav1.ConditionTrue &&
			s.Status.ObservedGeneration == s.Generation {
			StopTrying("the release stalled: " + stalled.Reason + ": " + stalled.Message).Now()
		}
		g.Expect(s.condition(v1alpha1.ConditionReady)).To(HaveField("Status", metav1.ConditionTrue))
		g.Expect(s.Status.ObservedGeneration).To(Equal(s.Generation))
		g.Expect(s.Status.Live.BuildID).To(Equal(tag))
		g.Expect(s.Status.Live.Cleaned).To(BeTrue())
	}, patience, interval).Should(Succeed())
}

// stalls waits until the release has failed, and gives the reason and the message.
func (s *stage) stalls(live string) metav1.Condition {
	s.t.Helper()
	s.g.Eventually(func(g Gomega) {
		s.fetch()
		g.Expect(s.Status.ObservedGeneration).To(Equal(s.Generation))
		g.Expect(s.condition(v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionFalse))
		g.Expect(s.condition(v1alpha1.ConditionStalled).Status).To(Equal(metav1.ConditionTrue),
			s.condition(v1alpha1.ConditionReady).Message)
	}, patience, interval).Should(Succeed())
	s.g.Expect(s.Status.Live.BuildID).To(Equal(live), "what was live still is")
	return s.condition(v1alpha1.ConditionStalled)
}

// removed deletes the Stage and waits until nothing of it is left.
func (s *stage) removed() {
	s.t.Helper()
	ctx := s.t.Context()
	s.g.Expect(s.z.Client.Delete(ctx, s.Stage)).To(Succeed())
	s.g.Eventually(func() error {
		return s.z.Client.Get(ctx, client.ObjectKeyFromObject(s.Stage), &v1alpha1.Stage{})
	}, patience, interval).ShouldNot(Succeed())
	names := desired.Names(release.StageKey{Namespace: s.Namespace, Name: s.Name}, "123456789012", "eu-central-1")
	s.g.Expect(s.z.Left(ctx, names)).To(BeEmpty())
}
