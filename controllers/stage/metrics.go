package stage

import (
	"github.com/prometheus/client_golang/prometheus"
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
)

func init() { metrics.Registry.MustRegister(releases, phaseSeconds) }

// ended names a run that has ended and how; empty while there is none or it goes on.
func ended(status *v1alpha1.StageStatus) string {
	if status.Target == nil || status.Target.State == v1alpha1.RunRunning {
		return ""
	}
	return status.Target.Run + " " + string(status.Target.State)
}

// count counts a run that has ended since the reconcile began.
func (s *session) count() {
	now := ended(&s.stage.Status)
	if now == "" || now == s.endedBefore {
		return
	}
	result := "live"
	if s.stage.Status.Target.State == v1alpha1.RunFailed {
		result = "failed"
	}
	releases.WithLabelValues(s.stage.Namespace, s.stage.Name, result).Inc()
}

// forget drops the series of a Stage that is gone.
func forget(stage types.NamespacedName) {
	releases.DeletePartialMatch(prometheus.Labels{"namespace": stage.Namespace, "name": stage.Name})
}
