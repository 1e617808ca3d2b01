package work

import (
	"github.com/prometheus/client_golang/prometheus"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
)

var jobs = prometheus.NewGaugeVec(prometheus.GaugeOpts{
	Name: "aloft_work_jobs",
	Help: "Jobs beside the reconciles, by pool (resolve, upload, warm, remove) and state (waiting or running).",
}, []string{"pool", "state"})

func init() { metrics.Registry.MustRegister(jobs) }

// The states of a job.
const (
	jobWaiting = "waiting"
	jobRunning = "running"
)
