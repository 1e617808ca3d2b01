package template_test

import (
	"strings"

	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/template"
)

const (
	prefix     = "aloft-clouder-prod-1a2b3c4d5e6f7081"
	repository = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/" + prefix
)

// stage is a release with an http and a cli function only.
func stage(build string) *release.Desired {
	return &release.Desired{
		Stage:    release.StageKey{Namespace: "clouder", Name: "production"},
		Owner:    "cluster/clouder/production",
		ID:       "release-of-" + build,
		BuildID:  build,
		Revision: template.Revision,
		Account:  release.Account{ID: "123456789012", Region: "eu-central-1"},
		Names: release.Names{
			Prefix: prefix, FoundationStack: prefix + "-foundation", AppStack: prefix + "-app",
			Bucket: "aloft-1a2b3c4d5e6f7081-123456789012-eu-central-1-an", BucketPrefix: "aloft-1a2b3c4d5e6f7081",
			Repository: prefix, RolePrefix: prefix + "-eu-central-1",
		},
		Image: release.Image{Repository: "ghcr.io/acme/clouder", Tag: build,
			Digest: "sha256:" + strings.Repeat("a", 64), Architecture: "amd64"},
		ConfigHash:       "0123456789abcdef0123456789abcdef",
		WarmEnvironments: 2,
		Functions: []release.Function{
			{Name: "cli", FullName: prefix + "-cli", Role: release.RoleCLI, MemoryMiB: 512, TimeoutSeconds: 900},
			{Name: "http", FullName: prefix + "-http", Role: release.RoleHTTP, MemoryMiB: 512, TimeoutSeconds: 29, Port: 8080},
		},
	}
}

func withSchedule(d *release.Desired, name string, command ...string) *release.Desired {
	d.Schedules = append(d.Schedules, release.Schedule{Name: name, Expression: "rate(1 minute)", Command: command})
	return d
}

// withWorker adds a worker with standard queues; a queue whose name ends in "!" is a FIFO queue.
func withWorker(d *release.Desired, name string, queues ...string) *release.Desired {
	f := release.Function{
		Name: name + "-queue", FullName: prefix + "-" + name + "-queue", Role: release.RoleQueue,
		MemoryMiB: 512, TimeoutSeconds: 120, Command: []string{"/app", "work"}, BackoffSeconds: []int32{5, 10},
	}
	d.Functions = append([]release.Function{f}, d.Functions...)
	for _, q := range queues {
		short, fifo := strings.CutSuffix(q, "!")
		ending := ""
		if fifo {
			ending = ".fifo"
		}
		d.Queues = append(d.Queues, release.Queue{
			Name: short, FullName: short + "-" + prefix + ending, DeadLetterName: short + "-" + prefix + "-dlq" + ending,
			FIFO: fifo, Function: f.Name, VisibilitySeconds: 720, MaxAttempts: 3, MaxConcurrency: new(int32(5)),
		})
	}
	return d
}

// full is a release with everything that a manifest can ask for.
func full(build string) *release.Desired {
	d := withSchedule(stage(build), "scheduler", "/app", "schedule")
	d = withWorker(d, "default", "default", "orders!")
	return withWorker(d, "mail", "my-mails")
}

// app is a release on its foundation; the functions named live have an alias.
func app(d *release.Desired, live ...string) template.App {
	a := template.App{
		Desired: d,
		Foundation: release.Foundation{
			BucketName: d.Names.Bucket, RepositoryURI: repository,
			KeyARN:       "arn:aws:kms:eu-central-1:123456789012:key/1",
			HTTPRoleARN:  "arn:aws:iam::123456789012:role/" + d.Names.FunctionRole(release.RoleHTTP),
			QueueRoleARN: "arn:aws:iam::123456789012:role/" + d.Names.FunctionRole(release.RoleQueue),
			CLIRoleARN:   "arn:aws:iam::123456789012:role/" + d.Names.FunctionRole(release.RoleCLI),
		},
		ImageURI: repository + "@sha256:" + strings.Repeat("b", 64),
		Live:     map[string]bool{},

		OriginDigest: strings.Repeat("d", 64),
	}
	for _, name := range live {
		a.Live[name] = true
	}
	return a
}

// allLive says that every function of the release has an alias.
func allLive(a template.App) template.App {
	for _, f := range a.Desired.Functions {
		a.Live[f.Name] = true
	}
	return a
}

// released is the stack after a release of its own went through.
func released(d *release.Desired) template.Rendering {
	return template.Settled(allLive(app(d)), nil, nil)
}
