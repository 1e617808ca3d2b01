package desired_test

import (
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
)

// inputs are a Stage that uses every field of the manifest, on a profile that allows it.
func inputs() desired.Inputs {
	return desired.Inputs{
		Stage:           stage(),
		Profile:         profile(),
		NamespaceLabels: map[string]string{"team": "web"},
		ClusterID:       "0b6f",
		Secrets: map[string]map[string][]byte{
			"clouder-env":  {"DATABASE_URL": []byte("postgres://canary"), "TOKEN": []byte("canary")},
			"clouder-mail": {"MAIL_DSN": []byte("smtp://canary")},
		},
		PullSecret:  []byte(`{"auths":{}}`),
		HashKey:     []byte("a key of the cluster"),
		ImageDigest: "sha256:" + strings.Repeat("a", 64),
		Revision:    "1",
	}
}

func stage() *v1alpha1.Stage {
	return &v1alpha1.Stage{
		ObjectMeta: metav1.ObjectMeta{Namespace: "clouder", Name: "production"},
		Spec: v1alpha1.StageSpec{
			ProfileRef: v1alpha1.ProfileReference{Name: "production"},
			Image:      v1alpha1.Image{Repository: "ghcr.io/acme/clouder", Tag: "4f1c2a9"},
			Assets:     &v1alpha1.Assets{FromImage: &v1alpha1.AssetsFromImage{Path: "/var/www/public"}},
			Retention:  v1alpha1.Retention{Releases: 5},
			Manifest: v1alpha1.Manifest{
				Architecture: "amd64",
				Environment:  map[string]v1alpha1.EnvironmentValue{"APP_ENV": "production", "LOG_LEVEL": "info"},
				Secrets: []v1alpha1.SecretSource{
					{Name: "env", SecretRef: &v1alpha1.LocalReference{Name: "clouder-env"}},
					{Name: "mail", SecretRef: &v1alpha1.LocalReference{Name: "clouder-mail"}},
				},
				Runtime:   v1alpha1.Runtime{HTTP: v1alpha1.RuntimeHTTP{Port: 8080}},
				HTTP:      v1alpha1.HTTPFunction{MemoryMiB: 512, TimeoutSeconds: 29, WarmEnvironments: 2},
				CLI:       v1alpha1.CLIFunction{MemoryMiB: 512, TimeoutSeconds: 900},
				Schedules: schedules(),
				Workers:   workers(),
				DeployCommands: []v1alpha1.DeployCommand{
					{Name: "migrate", Command: v1alpha1.Command{"/app", "migrate"}, TimeoutSeconds: 600},
					{Name: "clear", Command: v1alpha1.Command{"/app", "clear"}, TimeoutSeconds: 60},
				},
			},
		},
	}
}

func schedules() []v1alpha1.Schedule {
	return []v1alpha1.Schedule{
		{Name: "scheduler", RateMinutes: 1, Command: v1alpha1.Command{"/app", "schedule"}},
		{Name: "nightly", Cron: "0 3 * * ? *", Command: v1alpha1.Command{"/app", "report"}},
	}
}

func workers() []v1alpha1.Worker {
	return []v1alpha1.Worker{
		{
			Name: "default", MemoryMiB: 512, TimeoutSeconds: 120, MaxConcurrency: new(int32(5)), MaxAttempts: 3,
			BackoffSeconds: []int32{5, 10},
			Queues:         []v1alpha1.Queue{{Name: "default"}, {Name: "orders", FIFO: true}},
			Command:        v1alpha1.Command{"/app", "work"},
		},
		{
			Name: "mail", MemoryMiB: 256, TimeoutSeconds: 60, MaxAttempts: 3,
			Queues: []v1alpha1.Queue{{Name: "mails"}}, HTTPPath: "/jobs",
		},
	}
}

func profile() *v1alpha1.StageProfile {
	return &v1alpha1.StageProfile{
		ObjectMeta: metav1.ObjectMeta{Name: "production"},
		Spec: v1alpha1.StageProfileSpec{
			AccountID: "123456789012", Region: "eu-central-1",
			StackRoleARN:           "arn:aws:iam::123456789012:role/aloft-stacks",
			PermissionsBoundaryARN: "arn:aws:iam::123456789012:policy/boundary",
			AllowedNamespaces:      &metav1.LabelSelector{MatchLabels: map[string]string{"team": "web"}},
			AllowedRegistries:      []string{"ghcr.io/acme"},
			FunctionRoles: []v1alpha1.FunctionRole{
				{Name: "reporting", ARN: "arn:aws:iam::123456789012:role/reporting", Namespaces: []string{"clouder"}},
				{Name: "billing", ARN: "arn:aws:iam::123456789012:role/billing", Namespaces: []string{"billing"}},
			},
		},
	}
}

// edited are the inputs after one change.
func edited(change func(*desired.Inputs)) desired.Inputs {
	in := inputs()
	change(&in)
	return in
}
