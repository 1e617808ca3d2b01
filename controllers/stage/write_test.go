package stage

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// goesOn is a session of a Stage whose release of v1 goes on, as it was read just now.
func goesOn(ctx context.Context) *session {
	GinkgoHelper()
	r, _ := newReconciler(ctx)
	s := r.newSession(fetched(ctx, apply(ctx)))
	s.machine.Now = r.Now()
	asks(s, &release.Desired{ID: "r1", BuildID: "v1"})
	s.machine.Recorded.Run = &release.Run{
		ID: "run-1", ReleaseID: "r1", State: release.RunRunning, BuildID: "v1", Generation: 1, StartedAt: r.Now(),
		Cause: release.Cause{Type: release.CauseCreated},
	}
	return s
}

var _ = Describe("Writing a status", func() {
	It("keeps what another version of the operator wrote, and names its own as the owner of the rest",
		func(ctx context.Context) {
			definition := &apiextensionsv1.CustomResourceDefinition{}
			Expect(admin.Get(ctx, client.ObjectKey{Name: "stages.aloft.dev"}, definition)).To(Succeed())
			status := definition.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
			status.Properties["hold"] = apiextensionsv1.JSONSchemaProps{Type: "string"}
			target := status.Properties["target"]
			target.Properties["steps"] = apiextensionsv1.JSONSchemaProps{Type: "string"}
			Expect(admin.Update(ctx, definition)).To(Succeed())

			s := goesOn(ctx)
			Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
			newer := &unstructured.Unstructured{}
			newer.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("Stage"))
			Eventually(func(g Gomega) {
				g.Expect(admin.Get(ctx, keyOf(s.stage), newer)).To(Succeed())
				g.Expect(unstructured.SetNestedField(newer.Object, "r0", "status", "hold")).To(Succeed())
				g.Expect(unstructured.SetNestedField(newer.Object, "10 %", "status", "target", "steps")).To(Succeed())
				g.Expect(admin.Status().Update(ctx, newer)).To(Succeed())
				g.Expect(admin.Get(ctx, keyOf(s.stage), newer)).To(Succeed())
				kept, _, _ := unstructured.NestedString(newer.Object, "status", "hold")
				g.Expect(kept).To(Equal("r0"), "the API server knows the new field by now")
			}).WithTimeout(20 * time.Second).Should(Succeed())

			again := s.r.newSession(fetched(ctx, s.stage))
			asks(again, &release.Desired{ID: "r1", BuildID: "v1"})
			again.machine.Recorded.Run.DeployedDigest = "sha256:a"
			Expect(again.write(ctx, nil, ifChanged)).To(Succeed())
			Expect(admin.Get(ctx, keyOf(s.stage), newer)).To(Succeed())
			for _, path := range [][]string{{"status", "hold"}, {"status", "target", "steps"}} {
				kept, found, err := unstructured.NestedString(newer.Object, path...)
				Expect(found, err).To(BeTrue(), "%v is gone, it was %q", path, kept)
			}
			var owners []string
			for _, entry := range newer.GetManagedFields() {
				if entry.Subresource == "status" {
					owners = append(owners, entry.Manager)
				}
			}
			Expect(owners).To(ContainElement("aloft"))
		})

	It("fails when anyone else has written the Stage meanwhile, also where nothing has changed",
		func(ctx context.Context) {
			s := goesOn(ctx)
			Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
			stale := s.r.newSession(fetched(ctx, s.stage))
			asks(stale, &release.Desired{ID: "r1", BuildID: "v1"})
			Expect(stale.write(ctx, nil, ifChanged)).To(Succeed(), "there is nothing to write")

			s.machine.Recorded.Run.DeployedDigest = "sha256:a"
			Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
			Expect(stale.write(ctx, nil, ifChanged)).To(Succeed(), "still there is nothing to write")
			err := stale.write(ctx, nil, always)
			var lost *unwritten
			Expect(errors.As(err, &lost)).To(BeTrue(), "got %v", err)
			Expect(apierrors.IsConflict(lost.err)).To(BeTrue(), "got %v", err)
		})

	It("sends a fence that changes nothing and wakes nobody", func(ctx context.Context) {
		s := goesOn(ctx)
		Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
		before := s.stage.ResourceVersion
		for range 3 {
			Expect(s.write(ctx, nil, always)).To(Succeed())
		}
		Expect(s.stage.ResourceVersion).To(Equal(before))
		Expect(fetched(ctx, s.stage).ResourceVersion).To(Equal(before))
	})

	It("remembers what was done although the reconcile's time is over", func(ctx context.Context) {
		s := goesOn(ctx)
		over, end := context.WithCancel(ctx)
		end()
		Expect(s.write(over, nil, ifChanged)).To(Succeed())
		Expect(fetched(ctx, s.stage).Status.Target.ID).To(Equal("run-1"))
	})

	It("tells each thing once, after it is certain, and each change of situation in one line of the log",
		func(ctx context.Context) {
			r, recorder := newReconciler(ctx)
			s := goesOn(ctx)
			s.r = r
			var lines []string
			ctx = log.IntoContext(ctx, logged(&lines))
			run := s.machine.Recorded.Run
			done := func(phases ...release.Phase) {
				for _, phase := range phases {
					run.Phases = append(run.Phases, release.PhaseRecord{
						Phase: phase, State: release.PhaseSucceeded, StartedAt: r.Now(), FinishedAt: r.Now(),
						Message: string(phase) + " is done",
					})
				}
			}
			done(release.PhaseResolve, release.PhaseFoundation)
			Expect(told(recorder)).To(BeEmpty(), "nothing is told of what is not written")
			Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
			Expect(told(recorder)).To(Equal([]string{
				"Normal ReleaseStarted releasing v1 (r1): Created", "Normal ImageResolved Resolve is done",
				"Normal FoundationReady Foundation is done",
			}))
			Expect(s.write(ctx, nil, always)).To(Succeed())
			Expect(told(recorder)).To(BeEmpty())
			Expect(lines).To(HaveLen(1))
			Expect(lines[0]).To(And(ContainSubstring(`"situation"="Uploading"`), ContainSubstring(`"run"="run-1"`),
				ContainSubstring(`"reason"="Progressing"`)))

			refused := release.Reject(v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported, "it cannot be run")
			run.State, run.Failure, run.FinishedAt = release.RunFailed, refused, r.Now()
			Expect(s.write(ctx, refused, ifChanged)).To(Succeed())
			Expect(told(recorder)).To(Equal([]string{"Warning ReleaseFailed ImageUnsupported: it cannot be run"}))
			Expect(lines).To(HaveLen(2))
			Expect(lines[1]).To(And(ContainSubstring(`"was"="Uploading"`), ContainSubstring(`"situation"="Stalled"`)))

			s.machine.Notes = []plan.Note{{Reason: plan.NoteRetryIgnored, Message: "nothing to try"}}
			Expect(s.write(ctx, refused, ifChanged)).To(Succeed())
			Expect(told(recorder)).To(Equal([]string{"Warning RetryIgnored nothing to try"}))
		})

	It("says that a release is live, held or refused when that begins, and not again", func(ctx context.Context) {
		r, recorder := newReconciler(ctx)
		s := goesOn(ctx)
		s.r = r
		held := release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSuspended, 0, "held")
		foreign := release.Reject(v1alpha1.ConditionFoundationReady, v1alpha1.ReasonNotOwned, "it is not ours")
		for _, step := range []struct {
			outcome error
			want    []string
		}{
			{held, []string{"Normal Suspended held"}},
			{held, nil},
			{foreign, []string{"Warning ReleaseFailed NotOwned: it is not ours"}},
			{foreign, nil},
		} {
			Expect(s.write(ctx, step.outcome, ifChanged)).To(Succeed())
			Expect(told(recorder)).To(Equal(step.want))
		}
		s.machine.Recorded.Live = &release.Live{ID: "r1", BuildID: "v1", Revision: "1"}
		s.machine.Recorded.Run.State = release.RunSucceeded
		Expect(s.write(ctx, nil, ifChanged)).To(Succeed())
		Expect(told(recorder)).To(Equal([]string{"Normal ReleaseLive v1 is live (release r1)"}))
	})

	It("takes no secret along", func(ctx context.Context) {
		s := goesOn(ctx)
		s.machine.Desired.Config = release.Config{Secrets: map[string]release.Sensitive{"APP_KEY": "hunter2hunter2"}}
		s.machine.Desired.Image.PullSecret = "hunter2hunter2"
		Expect(s.write(ctx, errors.New("it failed"), ifChanged)).To(Succeed())
		text, err := json.Marshal(fetched(ctx, s.stage))
		Expect(err).NotTo(HaveOccurred())
		Expect(string(text)).NotTo(ContainSubstring("hunter2"))
	})
})
