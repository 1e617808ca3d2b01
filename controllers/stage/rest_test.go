package stage

import (
	"context"
	"fmt"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

const (
	stageRead  = "get Stage"
	secretRead = "uncached get Secret"
)

// resting is a Stage with a Secret whose release is live and cleaned up, and was reconciled so once.
func resting(ctx context.Context, secret string) *scene {
	GinkgoHelper()
	s := play(ctx, usesSecret(secret))
	s.remember(func(status *v1alpha1.StageStatus) {
		serving("v1", otherDigest)(status)
		stage := s.now()
		asked, _ := s.asked(ctx, stage)
		wanted := asked.Release(otherDigest, "1")
		status.Live.ID, status.Live.ConfigHash, status.ObservedGeneration = wanted.ID, wanted.ConfigHash, stage.Generation
		status.Image = &v1alpha1.ResolvedImage{
			Repository: asked.Image.Repository, Tag: asked.Image.Tag, Architecture: asked.Image.Architecture,
			Digest: otherDigest,
		}
	})
	s.reconciles()
	Expect(s.says(v1alpha1.ConditionReady).Status).To(Equal(metav1.ConditionTrue))
	s.noted()
	return s
}

// passes lets time pass for the operator.
func (s *scene) passes(after time.Duration) {
	now := s.Now().Add(after)
	s.Reconciler.Now = func() time.Time { return now }
}

var _ = Describe("A Stage at rest", func() {
	var secret string
	BeforeEach(func(ctx context.Context) { secret = makeSecret(ctx, map[string]string{"TOKEN": "x"}) })

	rotate := func(ctx context.Context) {
		GinkgoHelper()
		Expect(admin.Update(ctx, &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Name: secret, Namespace: namespace}, StringData: map[string]string{"TOKEN": "y"},
		})).To(Succeed())
	}

	It("costs neither a Secret's reading nor a write nor a call to AWS, however often it is looked at",
		func(ctx context.Context) {
			s := resting(ctx, secret)
			for range 3 {
				Expect(s.reconciles().RequeueAfter).To(And(BeNumerically(">", 0), BeNumerically("<=", secretPoll*11/10)))
			}
			requests, changes, calls := s.noted()
			Expect(requests).To(HaveEach(Or(Equal(stageRead), Equal("get StageProfile"), Equal("get PartialObjectMetadata"))))
			Expect(changes).To(BeEmpty())
			Expect(calls).To(BeEmpty())
		})

	It("has its Secrets read when that is due, and makes a release of what has changed", func(ctx context.Context) {
		s := resting(ctx, secret)
		rotate(ctx)
		s.passes(secretPoll - time.Second)
		s.reconciles()
		Expect(s.now().Status.Target).To(BeNil(), "it is not due yet")
		s.passes(secretPoll)
		s.reconciles()
		Expect(s.now().Status.Target).To(HaveField("Cause.Type", v1alpha1.CauseSecret))
	})

	It("has its Secrets read at once where a person asks for it", func(ctx context.Context) {
		s := resting(ctx, secret)
		rotate(ctx)
		s.edit(func(stage *v1alpha1.Stage) {
			stage.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "1"}
		})
		s.reconciles()
		Expect(s.now().Status.Target).NotTo(BeNil())
	})

	It("is told at once that its profile does not grant itself any more", func(ctx context.Context) {
		s := resting(ctx, secret)
		s.regrant(grantsNothing)
		_, _ = s.reconcile()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonProfileNotAllowed))
	})

	It("says at once that a request finds nothing to do", func(ctx context.Context) {
		s := resting(ctx, secret)
		s.edit(func(stage *v1alpha1.Stage) { stage.Annotations = map[string]string{v1alpha1.AnnotationRetry: "1"} })
		s.reconciles()
		Expect(told(s.recorder)).To(ContainElement(ContainSubstring("RetryIgnored")))
	})

	It("is left alone by an operator that was started just now until its turn comes", func(ctx context.Context) {
		s := resting(ctx, secret)
		s.passes(time.Hour)
		s.reads = reads{}
		for i := range readsAtRest { // others come first
			_, due := s.reads.next(named("others", i), time.Hour, s.Now())
			Expect(due).To(BeTrue())
		}
		again := s.reconciles().RequeueAfter
		Expect(again).To(BeNumerically("~", time.Second/readsAtRest, time.Millisecond))
		requests, _, _ := s.noted()
		Expect(requests).NotTo(ContainElement(secretRead))
		s.passes(again)
		s.reconciles()
		requests, changes, calls := s.noted()
		Expect(requests).To(ContainElement(secretRead))
		Expect(changes).To(BeEmpty())
		Expect(calls).To(BeEmpty())
	})

	It("is forgotten with its Stage", func(ctx context.Context) {
		s := resting(ctx, secret)
		Expect(s.reads.of).To(HaveKey(keyOf(s.stage)))
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, s.now())).To(Succeed())
		s.reconciles()
		Expect(s.reads.of).NotTo(HaveKey(client.ObjectKeyFromObject(s.stage)))
	})
})

func TestTenThousandStagesAtRestAreReadInTurns(t *testing.T) {
	const many = 10_000
	stages := make([]types.NamespacedName, many)
	for i := range stages {
		stages[i] = named("clouder", i)
	}
	r, began := &reads{}, time.Now()
	due := map[types.NamespacedName]time.Time{}
	counts := map[int]int{} // readings by the minute
	for _, stage := range stages {
		due[stage] = began
	}
	for now := began; now.Sub(began) < 2*time.Hour; now = now.Add(time.Second) {
		for _, stage := range stages {
			if now.Before(due[stage]) {
				continue
			}
			after, isDue := r.next(stage, time.Hour, now)
			if isDue {
				counts[int(now.Sub(began).Minutes())]++
				after = r.done(stage, false, true, time.Hour, now)
			}
			due[stage] = now.Add(after)
		}
	}
	for minute, count := range counts {
		if count > readsAtRest*61+readsAtRest {
			t.Errorf("in minute %d %d Stages were read", minute, count)
		}
	}
	if least := many / (readsAtRest * 60); len(counts) < least {
		t.Errorf("they were read in %d minutes", len(counts))
	}
}

func TestWhenAStageIsReadAgain(t *testing.T) {
	noon := time.Now()
	for _, row := range []struct {
		why           string
		hasSecrets    bool
		rests         time.Duration
		least, latest time.Duration
	}{
		{"something has just happened", true, 0, time.Minute, 66 * time.Second},
		{"nothing has happened for long", true, time.Hour, 10 * time.Minute, 11 * time.Minute},
		{"it has no Secrets", false, time.Hour, 0, 0},
	} {
		r := &reads{}
		again := r.done(named("clouder", 1), false, row.hasSecrets, row.rests, noon)
		if again < row.least || again > row.latest {
			t.Errorf("%s: it is read again after %s", row.why, again)
		}
		after, due := r.next(named("clouder", 1), row.rests, noon)
		if due || after != again {
			t.Errorf("%s: then it is read after %s, now: %t", row.why, after, due)
		}
	}
}

func TestAStageThatHasJustChangedIsReadAtOnceByAnOperatorThatWasStarted(t *testing.T) {
	r, noon := &reads{}, time.Now()
	for i := range 100 {
		if after, due := r.next(named("clouder", i), time.Minute, noon); !due {
			t.Fatalf("%d others come first, for %s", i, fmt.Sprint(after))
		}
	}
}

func TestAStageThatWasBusyIsReconciledInFull(t *testing.T) {
	for _, hasSecrets := range []bool{true, false} {
		r, stage, now := &reads{}, named("clouder", 1), time.Now()
		r.done(stage, true, hasSecrets, 0, now)
		if _, due := r.next(stage, 0, now); !due {
			t.Error("it is left alone by what the cache tells, which may be of before")
		}
		r.done(stage, false, hasSecrets, 0, now)
		if _, due := r.next(stage, 0, now); due {
			t.Error("it rests, and is reconciled in full at once")
		}
	}
}
