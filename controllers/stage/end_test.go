package stage

import (
	"context"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/work"
)

// begins has the upload of a Stage begin by an operator that is told to end when its context is.
func (s *scene) begins(untilTold context.Context) {
	GinkgoHelper()
	s.work = work.New(untilTold, s.Now)
	s.reconciles()
	Eventually(s.registry.reads).Should(BeNumerically(">", 0))
}

var _ = Describe("The end of the operator", func() {
	It("does not count as an interruption of its uploads, however often it comes", func(ctx context.Context) {
		s := founded(ctx)
		for range 5 {
			letGo := s.registry.hold()
			until, tell := context.WithCancel(ctx)
			s.begins(until)
			Expect(s.now().Status.Target.UploadTries).To(BeEquivalentTo(1), "a crash now would count")
			tell()
			Expect(s.end(until, until)).To(Succeed())
			Expect(s.now().Status.Target.UploadTries).To(BeZero())
			letGo()
			s.registry.asks()
		}
		s.work = work.New(ctx, s.Now)
		s.until("the image is there", func() bool { return s.now().Status.Target.DeployedDigest != "" })
	})

	It("takes nothing back where another operator leads, which counts by itself", func(ctx context.Context) {
		s := founded(ctx)
		defer s.registry.hold()()
		lost, lose := context.WithCancel(ctx)
		s.begins(lost)
		lose() // which ends the upload too
		Expect(s.end(lost, ctx)).To(Succeed())
		Expect(s.now().Status.Target.UploadTries).To(BeEquivalentTo(1))
	})

	It("does not wait for ever, and an upload that does not end counts", func(ctx context.Context) {
		over := make(chan struct{})
		s := uploading(ctx, func(context.Context) (release.Outcome, error) { <-over; return release.Outcome{}, nil })
		defer s.awaitWake()
		defer close(over)
		s.remember(func(status *v1alpha1.StageStatus) { status.Target.UploadTries = 1 })
		until, tell := context.WithCancel(ctx)
		tell()
		began := time.Now()
		Expect(s.end(until, until)).To(Succeed())
		Expect(time.Since(began)).To(BeNumerically("~", endWithin, time.Second))
		Expect(s.now().Status.Target.UploadTries).To(BeEquivalentTo(1))
	})

	It("forgets a Stage that is gone", func(ctx context.Context) {
		s := founded(ctx)
		defer s.registry.hold()()
		until, tell := context.WithCancel(ctx)
		s.begins(until)
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, s.now())).To(Succeed())
		tell()
		Expect(s.end(until, until)).To(Succeed())
	})
})
