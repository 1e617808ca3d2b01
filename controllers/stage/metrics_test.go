package stage

import (
	"context"
	"errors"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// seriesOf gives the values of a metric's series whose labels fit, by the label that tells them apart; of a
// histogram its count.
func seriesOf(metric, label string, fits map[string]string) map[string]float64 {
	GinkgoHelper()
	families, err := metrics.Registry.(prometheus.Gatherer).Gather()
	Expect(err).NotTo(HaveOccurred())
	series := map[string]float64{}
	for _, family := range families {
		if family.GetName() != metric {
			continue
		}
		for _, member := range family.GetMetric() {
			labels := map[string]string{}
			for _, pair := range member.GetLabel() {
				labels[pair.GetName()] = pair.GetValue()
			}
			value := member.GetGauge().GetValue() + member.GetCounter().GetValue() +
				float64(member.GetHistogram().GetSampleCount())
			if labels["name"] == fits["name"] && labels["namespace"] == fits["namespace"] {
				series[labels[label]] = value
			}
		}
	}
	return series
}

func (s *scene) labels() map[string]string {
	return map[string]string{"name": s.stage.Name, "namespace": s.stage.Namespace}
}

func (s *scene) conditionsShown() map[string]float64 {
	return seriesOf("aloft_stage_condition", "type", s.labels())
}

func (s *scene) releasesShown() map[string]float64 {
	return seriesOf("aloft_releases_total", "result", s.labels())
}

func commandPhases() float64 {
	return seriesOf("aloft_release_phase_duration_seconds", "phase", nil)["Commands"]
}

var _ = Describe("The metrics", func() {
	It("show the summaries of a Stage as its conditions are, and no phase", func(ctx context.Context) {
		s := play(ctx, asksFor("v2"))
		s.reconciles()
		Expect(s.conditionsShown()).To(Equal(map[string]float64{"Ready": 0, "Available": 0, "Reconciling": 1, "Stalled": 0}))
		s.remember(serving("v1", otherDigest))
		s.reconciles()
		Expect(s.conditionsShown()).To(Equal(map[string]float64{"Ready": 0, "Available": 1, "Reconciling": 1, "Stalled": 0}))
		s.regrant(grantsNothing)
		_, _ = s.reconcile()
		Expect(s.conditionsShown()).To(Equal(map[string]float64{"Ready": 0, "Available": 1, "Reconciling": 0, "Stalled": 1}))
	})

	It("show no condition that could not be written", func(ctx context.Context) {
		s := play(ctx)
		s.refuses(statusPatch, 1, 9, errors.New("etcd is away"))
		_, _ = s.reconcile()
		Expect(s.conditionsShown()).To(BeEmpty())
	})

	It("say that a Stage is ready when it is live", func(ctx context.Context) {
		s := play(ctx)
		stage := s.now()
		asked, _ := s.asked(ctx, stage)
		image := &v1alpha1.ResolvedImage{
			Repository: asked.Image.Repository, Tag: "v1", Architecture: "amd64", Digest: otherDigest,
		}
		s.remember(func(status *v1alpha1.StageStatus) {
			serving("v1", otherDigest)(status)
			status.Image, status.Live.ID = image, asked.Release(otherDigest, "1").ID
		})
		Expect(s.reconciles()).To(BeZero())
		Expect(s.conditionsShown()).To(Equal(map[string]float64{"Ready": 1, "Available": 1, "Reconciling": 0, "Stalled": 0}))
		Expect(s.asksAWS()).To(BeEmpty(), "at rest nothing is asked of AWS")
		Expect(s.registry.asks()).To(BeZero())
	})

	It("drop the series of a Stage that is gone, and of no other", func(ctx context.Context) {
		other := play(ctx)
		other.reconciles()
		s := ended(ctx, unservable)
		_, _ = s.reconcile()
		Expect(s.conditionsShown()).To(HaveLen(4))
		Expect(s.releasesShown()).To(Equal(map[string]float64{"failed": 1}))
		s.edit(func(stage *v1alpha1.Stage) { stage.Finalizers = nil })
		Expect(admin.Delete(ctx, s.stage)).To(Succeed())
		s.reconciles()
		Expect(s.conditionsShown()).To(BeEmpty())
		Expect(s.releasesShown()).To(BeEmpty())
		Expect(other.conditionsShown()).To(HaveLen(4))
	})

	It("count each end of a release once, however often it is looked at", func(ctx context.Context) {
		s := ended(ctx, unservable)
		for range 3 {
			_, _ = s.reconcile()
		}
		Expect(s.releasesShown()).To(Equal(map[string]float64{"failed": 1}))
	})

	It("count no end that could not be written", func(ctx context.Context) {
		s := ended(ctx, unservable)
		s.refuses(statusPatch, 1, 1, errors.New("etcd is away"))
		_, _ = s.reconcile()
		Expect(s.releasesShown()).To(BeEmpty())
		_, _ = s.reconcile()
		Expect(s.releasesShown()).To(Equal(map[string]float64{"failed": 1}))
	})

	It("count a release that went live, and the time of each phase that it took", func(ctx context.Context) {
		s, now := midway(ctx)
		before := commandPhases()
		run := now.machine.Recorded.Run
		run.Phases = []release.PhaseRecord{{
			Phase: release.PhaseCommands, State: release.PhaseSucceeded, StartedAt: now.machine.Now, FinishedAt: now.machine.Now,
		}}
		run.State, run.FinishedAt = release.RunSucceeded, now.machine.Now
		now.machine.Recorded.Live = &release.Live{ID: run.ReleaseID, BuildID: "v1"}
		for range 2 {
			Expect(now.write(ctx, nil, always)).To(Succeed())
		}
		Expect(s.releasesShown()).To(Equal(map[string]float64{"live": 1}))
		Expect(commandPhases()).To(Equal(before + 1))
	})
})
