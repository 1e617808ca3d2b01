package stage

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/smithy-go"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// waits is a wait for a stack that goes on.
func waits(after time.Duration, message string) error {
	return release.Wait(v1alpha1.ConditionFoundationReady, v1alpha1.ReasonProgressing, after, "%s", message)
}

// waiting is a session midway whose wait is told of.
func waiting(ctx context.Context) (*scene, *session) {
	GinkgoHelper()
	s, now := midway(ctx)
	_, err := now.finish(ctx, waits(time.Second, "stack x is in CREATE_IN_PROGRESS"))
	Expect(err).NotTo(HaveOccurred())
	Expect(s.changed()).To(Equal([]string{statusPatch}))
	return s, now
}

var _ = Describe("The end of a reconcile", func() {
	DescribeTable("is written, but for a wait that is over before anyone reads of it",
		func(ctx context.Context, outcome error, change func(*session), writes int) {
			s, now := waiting(ctx)
			change(now)
			result, err := now.finish(ctx, outcome)
			Expect(err).NotTo(HaveOccurred())
			after, _ := release.AsWaiting(outcome)
			Expect(result.RequeueAfter).To(Equal(after.After))
			Expect(written(s.changed())).To(Equal(writes))
		},
		Entry("a brief wait in the same situation is not", waits(20*time.Millisecond, "another word"), func(*session) {}, 0),
		Entry("one that lasts is", waits(notWorthTelling, "another word"), func(*session) {}, 1),
		Entry("one without an end is",
			release.Wait(v1alpha1.ConditionFoundationReady, v1alpha1.ReasonStackBusy, 0, "held"), func(*session) {}, 1),
		Entry("a brief wait in another situation is", release.Wait(v1alpha1.ConditionStackUpdated, v1alpha1.ReasonProgressing,
			20*time.Millisecond, "x"), func(*session) {}, 1),
		Entry("what was brought about is remembered all the same", waits(20*time.Millisecond, "another word"),
			func(now *session) { now.machine.Recorded.Run.DeployedDigest = "sha256:new" }, 1),
		Entry("a request that was handled is remembered all the same", waits(20*time.Millisecond, "another word"),
			func(now *session) { now.machine.Recorded.Handled.Retry = "1" }, 1),
		Entry("a phase that went on is not worth a write by itself", waits(20*time.Millisecond, "another word"),
			func(now *session) {
				now.machine.Recorded.Run.Phases = append(now.machine.Recorded.Run.Phases,
					release.PhaseRecord{Phase: release.PhaseResolve, State: release.PhaseRunning, StartedAt: now.machine.Now})
			}, 0),
	)

	It("is what a write says that was lost, whatever came before it", func(ctx context.Context) {
		s, now := midway(ctx)
		conflict := &unwritten{conflict}
		Expect(now.finish(ctx, fmt.Errorf("fencing a deletion: %w", conflict))).To(HaveField("RequeueAfter", conflictPoll))
		Expect(s.changed()).To(BeEmpty(), "the Stage is another one by now")
		_, err := now.finish(ctx, &unwritten{errors.New("etcd is away")})
		Expect(err).To(MatchError("writing the status: etcd is away"))
		Expect(s.changed()).To(BeEmpty())
	})

	It("is a refusal that only a change can mend", func(ctx context.Context) {
		_, now := midway(ctx)
		_, err := now.finish(ctx, release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "it crashes"))
		Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeTrue())
		Expect(err).To(MatchError(ContainSubstring("it crashes")))
	})

	It("answers a request to look, but not where nothing could be looked at", func(ctx context.Context) {
		for why, row := range map[string]struct {
			outcome  error
			answered bool
		}{
			"it goes on":               {nil, true},
			"it waits for AWS":         {waits(time.Second, "x"), true},
			"it is refused":            {release.Reject(v1alpha1.ConditionWarmed, v1alpha1.ReasonWarmFailed, "x"), true},
			"it is suspended":          {release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSuspended, 0, "x"), false},
			"AWS did not answer at it": {errors.New("connection reset"), false},
		} {
			s, now := midway(ctx)
			now.machine.Asked.Requests.RequestedAt = "today"
			_, _ = now.finish(ctx, row.outcome)
			handled := map[bool]string{true: "today"}[row.answered]
			Expect(s.now().Status.LastHandledRequestedAt).To(Equal(handled), why)
		}
	})

	DescribeTable("keeps clients for the next reconcile, unless their credentials have expired",
		func(ctx context.Context, code string, anew bool) {
			s := play(ctx)
			s.reconciles()
			s.noted()
			heal := fails("cloudformation:DescribeStacks", code, 0)
			s.remember(func(status *v1alpha1.StageStatus) { *status = v1alpha1.StageStatus{} }) // so that it looks again
			_, _ = s.reconcile()
			heal()
			s.noted()
			s.remember(func(status *v1alpha1.StageStatus) { *status = v1alpha1.StageStatus{} })
			s.reconciles()
			if anew {
				Expect(s.asksAWS()[0]).To(Equal("sts:GetCallerIdentity"))
			} else {
				Expect(s.asksAWS()).NotTo(ContainElement("sts:GetCallerIdentity"))
			}
		},
		Entry("expired ones are made anew", "ExpiredToken", true),
		Entry("unknown ones are made anew", "InvalidClientTokenId", true),
		Entry("a refusal of rights says nothing against them", "AccessDenied", false),
		Entry("an error of AWS says nothing against them", "InternalFailure", false),
	)

	It("tells what AWS refuses, and comes back when a person may have mended it", func(ctx context.Context) {
		s := play(ctx)
		heal := fails("cloudformation:CreateStack", "AccessDenied", 0)
		Expect(s.reconciles().RequeueAfter).To(Equal(deniedPoll))
		Expect(s.says(v1alpha1.ConditionFoundationReady)).To(And(HaveField("Reason", v1alpha1.ReasonAccessDenied),
			HaveField("Message", And(HavePrefix("AWS refuses: "), ContainSubstring("injected: AccessDenied")))))
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonAccessDenied))
		heal()
		s.untilFounded()
	})

	It("writes the same status for the same error, so that it wakes nobody", func(ctx context.Context) {
		s := play(ctx)
		fails("cloudformation:DescribeStacks", "InternalFailure", 0)
		_, err := s.reconcile()
		Expect(err).To(HaveOccurred())
		version := s.now().ResourceVersion
		s.noted()
		for range 2 {
			_, err = s.reconcile()
			Expect(err).To(HaveOccurred())
		}
		Expect(s.changed()).To(BeEmpty())
		Expect(s.now().ResourceVersion).To(Equal(version))
	})

	It("reads Secrets again when nothing else is due", func(ctx context.Context) {
		s := play(ctx, usesSecret(makeSecret(ctx, map[string]string{"TOKEN": "x"})), suspends(true))
		again := s.reconciles().RequeueAfter
		Expect(again).To(And(BeNumerically(">=", secretPoll), BeNumerically("<=", secretPoll+secretPoll/10)))
	})

	It("shows a long error in part, and no more of a note than the API server takes", func(ctx context.Context) {
		s, now := midway(ctx)
		long := strings.Repeat("a long story ", 1000)
		_, _ = now.finish(ctx, readable(fmt.Errorf("x: %w", &smithy.GenericAPIError{Code: "InternalFailure", Message: long})))
		Expect(len(s.says(v1alpha1.ConditionReady).Message)).To(And(BeNumerically(">", 500), BeNumerically("<=", maxMessage)))
		now.event("Warning", "Story", "%s", long)
		for _, note := range told(s.recorder) {
			Expect(len(note)).To(BeNumerically("<=", maxNote+len("Warning Story ")))
		}
	})
})
