package stage

import (
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var (
	releases = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "aloft_releases_total", Help: "Releases that ended, by result: live or failed.",
	}, []string{"namespace", "name", "result"})
	phaseSeconds = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "aloft_release_phase_duration_seconds", Help: "Duration of the phases of releases that succeeded.",
		Buckets: prometheus.ExponentialBuckets(0.05, 3, 10),
	}, []string{"phase"})
)

func init() { metrics.Registry.MustRegister(releases, phaseSeconds) }

// The results of a release.
const (
	resultLive   = "live"
	resultFailed = "failed"
)

// count counts a release that has ended.
func (s *session) count(result string) {
	s.news = append(s.news, releases.WithLabelValues(s.stage.Namespace, s.stage.Name, result).Inc)
}

// forget drops the series of a Stage that is gone.
func forget(stage types.NamespacedName) {
	releases.DeletePartialMatch(prometheus.Labels{"namespace": stage.Namespace, "name": stage.Name})
}
