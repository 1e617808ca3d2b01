package stage

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
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
	stageCondition = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "aloft_stage_condition", Help: "1 where a Stage's condition is True, 0 where it is not.",
	}, []string{"namespace", "name", "type"})
)

func init() { metrics.Registry.MustRegister(releases, phaseSeconds, stageCondition) }

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

// gauge shows the summaries of a Stage as they are written.
func gauge(stage *v1alpha1.Stage) {
	if len(stage.Status.Conditions) == 0 {
		return // nothing was told yet
	}
	for _, condition := range summaries {
		value := 0.0
		if meta.IsStatusConditionTrue(stage.Status.Conditions, condition) {
			value = 1
		}
		stageCondition.WithLabelValues(stage.Namespace, stage.Name, condition).Set(value)
	}
}

// forget drops the series of a Stage that is gone.
func forget(stage types.NamespacedName) {
	labels := prometheus.Labels{"namespace": stage.Namespace, "name": stage.Name}
	releases.DeletePartialMatch(labels)
	stageCondition.DeletePartialMatch(labels)
}
