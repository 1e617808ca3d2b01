package stage

import (
	"context"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// statusPatch is the request that the operator writes a status with.
const statusPatch = "patch Stage/status"

// Answers of the API server.
var (
	conflict = apierrors.NewConflict(schema.GroupResource{Resource: "stages"}, "x", nil)
	notFound = apierrors.NewNotFound(schema.GroupResource{Resource: "stages"}, "x")
)

// refuses answers one request with an error from the nth time on, for so many times.
func (s *scene) refuses(request string, nth, times int, answer error) {
	seen := 0
	s.before = func(asked string) error {
		if asked != request {
			return nil
		}
		seen++
		if seen >= nth && seen < nth+times {
			return answer
		}
		return nil
	}
}

// whenAWSIsAsked does something just before a call to AWS is answered, once.
func whenAWSIsAsked(call string, do func()) {
	done := false
	local.Faults().Inject(wire.Fault{Call: call, Kind: wire.FaultDelay, Match: func(c *wire.Call) bool {
		if operates(c.Principal) && !done {
			done = true
			do()
		}
		return false
	}})
}

var _ = Describe("A reconcile that is interrupted", func() {
	It("does nothing more when someone else has written the Stage, and begins again soon", func(ctx context.Context) {
		s := play(ctx)
		wrote := false
		s.before = func(request string) error {
			if request == statusPatch && !wrote {
				wrote = true
				s.edit(suspends(true))
			}
			return nil
		}
		Expect(s.reconciles().RequeueAfter).To(Equal(conflictPoll))
		Expect(s.changed()).To(Equal([]string{"patch Stage"}), "no status, and nothing on AWS")
		Expect(s.now().Status.Target).To(BeNil())
		Expect(told(s.recorder)).To(BeEmpty(), "nothing is told of what is not written")
		s.reconciles()
		Expect(s.says(v1alpha1.ConditionReady).Reason).To(Equal(v1alpha1.ReasonSuspended))
	})

	DescribeTable("does nothing on AWS that a status was not written for",
		func(ctx context.Context, answer error, again bool) {
			s := play(ctx)
			s.refuses(statusPatch, 1, 1, answer)
			result, err := s.reconcile()
			if again {
				Expect(err).NotTo(HaveOccurred())
				Expect(result.RequeueAfter).To(Equal(conflictPoll))
			} else {
				Expect(err).To(MatchError(ContainSubstring("writing the status: ")))
				Expect(errors.Is(err, reconcile.TerminalError(nil))).To(BeFalse(), "it is tried again")
				Expect(errors.Is(err, answer)).To(BeTrue())
			}
			Expect(s.changed()).To(Equal([]string{"patch Stage"}))
			s.reconciles()
			Expect(s.changed()[:2]).To(Equal([]string{statusPatch, "cloudformation:CreateStack"}))
		},
		Entry("after a conflict it begins again soon", conflict, true),
		Entry("a Stage that is gone is found out soon", notFound, true),
		Entry("an API server that is away is left to the queue", errors.New("etcd is away"), false),
		Entry("a right that the operator lacks is an error",
			apierrors.NewForbidden(schema.GroupResource{Resource: "stages"}, "x", nil), false),
		Entry("what the API server holds for invalid is an error", apierrors.NewBadRequest("no"), false),
	)

	It("gives both errors where AWS fails and the status cannot be written", func(ctx context.Context) {
		s := play(ctx)
		fails("cloudformation:CreateStack", "InternalFailure", 0)
		s.refuses(statusPatch, 2, 1, errors.New("etcd is away"))
		_, err := s.reconcile()
		Expect(err).To(MatchError(And(ContainSubstring("InternalFailure"), ContainSubstring("etcd is away"))))
	})

	It("makes the same stack, and no second one, after the writes that follow it were lost", func(ctx context.Context) {
		s := play(ctx)
		s.refuses(statusPatch, 2, 3, conflict)
		s.untilFounded()
		made := 0
		for _, call := range s.asksAWS() {
			if call == "cloudformation:CreateStack" {
				made++
			}
		}
		Expect(made).To(Equal(1))
	})

	It("remembers what was done although its time is over", func(ctx context.Context) {
		s := play(ctx)
		over, end := context.WithCancel(ctx)
		defer end()
		s.ctx = over
		whenAWSIsAsked("cloudformation:CreateStack", end)
		_, err := s.reconcile()
		Expect(err).To(MatchError(context.Canceled))
		s.ctx = ctx
		Expect(s.says(v1alpha1.ConditionFoundationReady)).To(because(v1alpha1.ReasonProgressingWithRetry, "canceled"))
		Expect(s.changed()).To(HaveExactElements("patch Stage", statusPatch, "cloudformation:CreateStack", statusPatch))
	})

	It("does not begin anything when its time is over", func(ctx context.Context) {
		s := play(ctx)
		over, end := context.WithCancel(ctx)
		s.ctx = over
		s.before = func(request string) error {
			if request == statusPatch {
				end()
			}
			return nil
		}
		_, err := s.reconcile()
		Expect(err).To(HaveOccurred())
		s.ctx = ctx
		Expect(s.changed()).NotTo(ContainElement(HavePrefix("cloudformation:")))
	})

	It("is an error where a step takes no effect, so that nothing turns in a circle", func(ctx context.Context) {
		s := play(ctx)
		heal := fails("cloudformation:CreateStack", "AlreadyExistsException", 0) // and yet there is no stack
		_, err := s.reconcile()
		Expect(err).To(MatchError(ContainSubstring("the step Stack of phase Foundation did not take effect")))
		Expect(s.says(v1alpha1.ConditionFoundationReady).Reason).To(Equal(v1alpha1.ReasonProgressingWithRetry))
		_, changes, _ := s.noted()
		Expect(changes).To(Equal([]string{"patch Stage", statusPatch, "cloudformation:CreateStack", statusPatch}))
		heal()
		s.untilFounded()
	})
})
