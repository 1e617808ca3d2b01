package desired

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// maxVisibilitySeconds is SQS's limit: twelve hours.
const maxVisibilitySeconds = 43200

// maxMappingConcurrency is Lambda's limit of an event source mapping's MaximumConcurrency.
const maxMappingConcurrency int32 = 1000

// Build makes the release that the inputs ask for. It expects inputs that passed Check and whose image is resolved.
func Build(in Inputs) *release.Desired {
	spec := &in.Stage.Spec
	stage := KeyOf(in)
	d := &release.Desired{
		Stage: stage, Owner: ownerOf(in), NamespaceUID: in.NamespaceUID,
		BuildID:  spec.Image.Tag,
		Revision: in.Revision,
		Account:  accountOf(in),
		Names:    namesOf(in),
		Quota:    quotaOf(in),
		Image: release.Image{
			Repository:   spec.Image.Repository,
			Tag:          spec.Image.Tag,
			Digest:       in.ImageDigest,
			Architecture: spec.Manifest.Architecture,
			PullSecret:   release.Sensitive(in.PullSecret),
		},
		FunctionRoleName: spec.Manifest.FunctionRoleName,
		Config:           config(in),
		WarmEnvironments: spec.Manifest.HTTP.WarmEnvironments,
		KeepReleases:     spec.Retention.Releases,
	}
	if spec.Assets != nil && spec.Assets.FromImage != nil {
		d.AssetsPath = spec.Assets.FromImage.Path
		d.AssetsInclude = slices.Sorted(slices.Values(spec.Assets.FromImage.Include))
	}
	addWorkers(d, &spec.Manifest)
	addCLI(d, &spec.Manifest)
	addHTTP(d, &spec.Manifest)
	d.EnvironmentHash = plainHash(d.Config.Environment)
	if d.ConfigHash = in.ConfigHash; d.ConfigHash == "" {
		d.ConfigHash = configHash(in.HashKey, stage, d.Config)
	}
	if len(spec.Manifest.Secrets) > 0 && keyGone(in.RecordedConfig, in.HashKey, stage) {
		d.ConfigHash = in.RecordedConfig
	}
	d.ID = id(d)
	return d
}

// Ownership is what tells the stage's own on AWS, and what the profile has it take over.
func Ownership(in Inputs) release.Ownership {
	return release.Ownership{Owner: ownerOf(in), NamespaceUID: in.NamespaceUID, Adopt: in.Profile.Spec.Adopt}
}

func ownerOf(in Inputs) string { return in.ClusterID + "/" + KeyOf(in).String() }

func namesOf(in Inputs) release.Names {
	return Names(KeyOf(in), in.Profile.Spec.AccountID, in.Profile.Spec.Region)
}

// KeyOf names the Stage.
func KeyOf(in Inputs) release.StageKey {
	return release.StageKey{Namespace: in.Stage.Namespace, Name: in.Stage.Name}
}

func accountOf(in Inputs) release.Account {
	profile := &in.Profile.Spec
	roleARN, _ := functionRole(in)
	return release.Account{
		ID: profile.AccountID, Region: profile.Region, StackRoleARN: profile.StackRoleARN, FunctionRoleARN: roleARN,
		PermissionsBoundaryARN: profile.PermissionsBoundaryARN,
	}
}

func quotaOf(in Inputs) release.Quota {
	limits := in.Profile.Spec.Limits
	if limits == nil {
		return release.Quota{}
	}
	return release.Quota{ImageMiB: limits.ImageMiB, AssetFiles: limits.AssetFiles, AssetMiB: limits.AssetMiB}
}

func config(in Inputs) release.Config {
	c := release.Config{Environment: map[string]string{}, Secrets: map[string]release.Sensitive{}}
	for key, value := range in.Stage.Spec.Manifest.Environment {
		c.Environment[key] = string(value)
	}
	complete := true
	for _, source := range in.Stage.Spec.Manifest.Secrets {
		values, gathered := in.Secrets[source.SecretRef.Name]
		complete = complete && gathered
		for key, value := range values {
			c.Secrets[key] = release.Sensitive(value)
		}
	}
	if !complete {
		c.Secrets = nil // they were not read: nil says that what they hold is not known, and so cannot be hidden
	}
	return c
}

func addWorkers(d *release.Desired, manifest *v1alpha1.Manifest) {
	for _, worker := range sorted(manifest.Workers, func(w v1alpha1.Worker) string { return w.Name }) {
		function := release.Function{
			Name:                worker.Name + "-queue",
			FullName:            d.Names.Prefix + "-" + worker.Name + "-queue",
			Role:                release.RoleQueue,
			MemoryMiB:           worker.MemoryMiB,
			TimeoutSeconds:      worker.TimeoutSeconds,
			ReservedConcurrency: worker.ReservedConcurrency,
			Command:             worker.Command,
			HTTPPath:            worker.HTTPPath,
			BackoffSeconds:      worker.BackoffSeconds,
		}
		if worker.HTTPPath != "" {
			function.Port, function.HealthPath = manifest.Runtime.HTTP.Port, manifest.HTTP.HealthPath
		}
		d.Functions = append(d.Functions, function)
		for _, queue := range sorted(worker.Queues, func(q v1alpha1.Queue) string { return q.Name }) {
			name, deadLetter := queueNames(d.Names.Prefix, queue.Name, queue.FIFO)
			d.Queues = append(d.Queues, release.Queue{
				Name:              queue.Name,
				FullName:          name,
				DeadLetterName:    deadLetter,
				FIFO:              queue.FIFO,
				Function:          function.Name,
				VisibilitySeconds: min(6*worker.TimeoutSeconds, maxVisibilitySeconds),
				MaxAttempts:       worker.MaxAttempts,
				MaxConcurrency:    maxConcurrency(worker),
			})
		}
	}
}

// maxConcurrency is how many jobs of one of a worker's queues run at once. Where the worker has a reserve its queues
// share it: what they delivered beyond it would be throttled, and count as an attempt.
func maxConcurrency(worker v1alpha1.Worker) *int32 {
	reserve := worker.ReservedConcurrency
	if worker.MaxConcurrency != nil || reserve == nil || *reserve == 0 {
		return worker.MaxConcurrency
	}
	return new(min(*reserve/int32(len(worker.Queues)), maxMappingConcurrency)) //nolint:gosec // at most 10 queues
}

func addCLI(d *release.Desired, manifest *v1alpha1.Manifest) {
	d.Functions = append(d.Functions, release.Function{
		Name:                "cli",
		FullName:            d.Names.Prefix + "-cli",
		Role:                release.RoleCLI,
		MemoryMiB:           manifest.CLI.MemoryMiB,
		TimeoutSeconds:      manifest.CLI.TimeoutSeconds,
		ReservedConcurrency: manifest.CLI.ReservedConcurrency,
	})
	for _, schedule := range sorted(manifest.Schedules, func(x v1alpha1.Schedule) string { return x.Name }) {
		d.Schedules = append(d.Schedules, release.Schedule{
			Name: schedule.Name, Expression: expression(schedule), Command: schedule.Command,
		})
	}
	for _, command := range manifest.DeployCommands {
		d.Commands = append(d.Commands, release.Command{
			Name: command.Name, Argv: command.Command, TimeoutSeconds: command.TimeoutSeconds,
		})
	}
}

func addHTTP(d *release.Desired, manifest *v1alpha1.Manifest) {
	d.Functions = append(d.Functions, release.Function{
		Name:                "http",
		FullName:            d.Names.Prefix + "-http",
		Role:                release.RoleHTTP,
		MemoryMiB:           manifest.HTTP.MemoryMiB,
		TimeoutSeconds:      manifest.HTTP.TimeoutSeconds,
		ReservedConcurrency: manifest.HTTP.ReservedConcurrency,
		Port:                manifest.Runtime.HTTP.Port,
		HealthPath:          manifest.HTTP.HealthPath,
	})
}

// sorted gives a copy in the order of names: the lists are maps by name, so their order must not make another release.
func sorted[T any](list []T, name func(T) string) []T {
	return slices.SortedFunc(slices.Values(list), func(a, b T) int { return cmp.Compare(name(a), name(b)) })
}

// expression writes a schedule as EventBridge does: it refuses "rate(1 minutes)".
func expression(schedule v1alpha1.Schedule) string {
	switch {
	case schedule.Cron != "":
		return "cron(" + schedule.Cron + ")"
	case schedule.RateMinutes == 1:
		return "rate(1 minute)"
	default:
		return fmt.Sprintf("rate(%d minutes)", schedule.RateMinutes)
	}
}
