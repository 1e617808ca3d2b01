package plan_test

import (
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/release"
)

// noon is when every story begins.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// edit is one change of a Stage.
type edit func(*v1alpha1.StageSpec)

// stage is a Stage with one worker, one schedule and two deploy commands.
func stage(tag string, edits ...edit) *v1alpha1.Stage {
	s := &v1alpha1.Stage{
		ObjectMeta: metav1.ObjectMeta{Namespace: "clouder", Name: "production"},
		Spec: v1alpha1.StageSpec{
			Image:     v1alpha1.Image{Repository: "ghcr.io/acme/clouder", Tag: tag},
			Assets:    &v1alpha1.Assets{FromImage: &v1alpha1.AssetsFromImage{Path: "/www"}},
			Retention: v1alpha1.Retention{Releases: 2},
			Manifest: v1alpha1.Manifest{
				Architecture: "amd64",
				Runtime:      v1alpha1.Runtime{HTTP: v1alpha1.RuntimeHTTP{Port: 8080}},
				HTTP:         v1alpha1.HTTPFunction{MemoryMiB: 512, TimeoutSeconds: 29, WarmEnvironments: 1},
				CLI:          v1alpha1.CLIFunction{MemoryMiB: 512, TimeoutSeconds: 900},
				Schedules: []v1alpha1.Schedule{{Name: "scheduler", RateMinutes: 1,
					Command: v1alpha1.Command{"/app", "schedule"}}},
				Workers: []v1alpha1.Worker{worker("default", "default")},
				DeployCommands: []v1alpha1.DeployCommand{
					{Name: "migrate", Command: v1alpha1.Command{"/app", "migrate"}, TimeoutSeconds: 600},
					{Name: "clear", Command: v1alpha1.Command{"/app", "clear"}, TimeoutSeconds: 60},
				},
			},
		},
	}
	for _, change := range edits {
		change(&s.Spec)
	}
	return s
}

func worker(name string, queues ...string) v1alpha1.Worker {
	w := v1alpha1.Worker{
		Name: name, MemoryMiB: 512, TimeoutSeconds: 120, MaxAttempts: 3, Command: v1alpha1.Command{"/app", "work"},
	}
	for _, queue := range queues {
		w.Queues = append(w.Queues, v1alpha1.Queue{Name: queue})
	}
	return w
}

func withWorkers(workers ...v1alpha1.Worker) edit {
	return func(s *v1alpha1.StageSpec) { s.Manifest.Workers = workers }
}

func withoutCommands(s *v1alpha1.StageSpec) { s.Manifest.DeployCommands = nil }

// releaseOf is the release that such a Stage asks for.
func releaseOf(tag string, edits ...edit) *release.Desired {
	return desired.Build(desired.Inputs{
		Stage: stage(tag, edits...),
		Profile: &v1alpha1.StageProfile{Spec: v1alpha1.StageProfileSpec{AccountID: "123456789012",
			Region: "eu-central-1"}},
		ClusterID:   "cluster",
		HashKey:     []byte("key"),
		ImageDigest: "sha256:" + strings.Repeat("a", 64-len(tag)) + strings.Repeat("0", len(tag)),
		Revision:    "1",
	})
}
