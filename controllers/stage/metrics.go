package stage

import (
	"maps"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/aloft-dev/aloft/api/v1alpha1"
)

var (
	releases = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aloft_releases_total", Help: "Releases that ended, by result: live or failed.",
	}, []string{"namespace", "name", "result"})
	phaseSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aloft_release_phase_duration_seconds", Help: "Duration of the phases of releases that succeeded.",
		Buckets: prometheus.ExponentialBuckets(0.05, 3, 10),
	}, []string{"phase"})
	stageConditions = &summaryGauges{of: map[types.NamespacedName]summary{}}
)

func init() { metrics.Registry.MustRegister(releases, phaseSeconds, stageConditions) }

// The results of a release.
const (
	resultLive   = "live"
	resultFailed = "failed"
)

// summaries are the conditions that a series is kept of: one for each phase would be too many for thousands of Stages.
var summaries = []string{
	v1alpha1.ConditionReady, v1alpha1.ConditionAvailable, v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled,
}

// count counts a release that has ended.
func (s *session) count(result string) {
	releases.WithLabelValues(s.stage.Namespace, s.stage.Name, result).Inc()
}

// summary has a bit for each of the summaries that is True.
type summary uint8

// summaryGauges are the series of the summaries of all Stages. A gauge for each would take more memory than all else
// that is kept of a Stage at rest: here it is a byte, and the series are made when someone reads them.
type summaryGauges struct {
	mu sync.Mutex
	of map[types.NamespacedName]summary
}

var summaryDescription = prometheus.NewDesc("aloft_stage_condition",
	"1 where a Stage's condition is True, 0 where it is not.", []string{"namespace", "name", "type"}, nil)

// Describe tells of the one metric.
func (*summaryGauges) Describe(descriptions chan<- *prometheus.Desc) {
	descriptions <- summaryDescription
}

// Collect makes the series.
func (g *summaryGauges) Collect(series chan<- prometheus.Metric) {
	g.mu.Lock()
	of := maps.Clone(g.of)
	g.mu.Unlock()
	for stage, summary := range of {
		for i, condition := range summaries {
			series <- prometheus.MustNewConstMetric(summaryDescription, prometheus.GaugeValue, float64(summary>>i&1),
				stage.Namespace, stage.Name, condition)
		}
	}
}

// gauge shows the summaries of a Stage as they are written.
func gauge(stage *v1alpha1.Stage) {
	if len(stage.Status.Conditions) == 0 {
		return // nothing was told yet
	}
	shown := summary(0)
	for i, condition := range summaries {
		if meta.IsStatusConditionTrue(stage.Status.Conditions, condition) {
			shown |= 1 << i
		}
	}
	stageConditions.mu.Lock()
	defer stageConditions.mu.Unlock()
	stageConditions.of[client.ObjectKeyFromObject(stage)] = shown
}

// ungauge drops the series of a Stage that is gone.
func ungauge(stage types.NamespacedName) {
	releases.DeletePartialMatch(prometheus.Labels{"namespace": stage.Namespace, "name": stage.Name})
	stageConditions.mu.Lock()
	defer stageConditions.mu.Unlock()
	delete(stageConditions.of, stage)
}
