package stage

import (
	"maps"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// recordedFrom reads what a Stage's status remembers. It is the only way in, and writeRecorded the only way out.
func recordedFrom(status *v1alpha1.StageStatus) release.Recorded {
	recorded := release.Recorded{
		Live: liveFrom(status.Live), Run: runFrom(status.Target),
		Handled: release.Handled{
			RequestedAt: status.LastHandledRequestedAt, FluxRequestedAt: status.LastHandledReconcileAt,
			Retry: status.LastHandledRetry, CommandResolution: status.LastHandledCommandResolution,
		},
	}
	for i := range status.History {
		recorded.History = append(recorded.History, *liveFrom(&status.History[i]))
	}
	if i := status.Image; i != nil {
		recorded.Image = &release.ResolvedImage{
			Repository: i.Repository, Tag: i.Tag, PinnedDigest: i.PinnedDigest, Architecture: i.Architecture, Digest: i.Digest,
		}
	}
	for _, lasted := range status.LastDurations {
		if recorded.Lasted == nil {
			recorded.Lasted = map[release.Phase]time.Duration{}
		}
		recorded.Lasted[release.Phase(lasted.Phase)] = time.Duration(lasted.Milliseconds) * time.Millisecond
	}
	if d := status.Deletion; d != nil {
		recorded.Deletion = &release.Deletion{
			Since: timeFrom(d.Since), AppStackID: d.AppStackID, FoundationStackID: d.FoundationStackID,
		}
	}
	return recorded
}

func liveFrom(r *v1alpha1.Release) *release.Live {
	if r == nil {
		return nil
	}
	return &release.Live{
		ID: r.ID, BuildID: r.BuildID, ImageDigest: r.ImageDigest, DeployedDigest: r.DeployedDigest,
		AssetsDigest: r.AssetsDigest, ConfigHash: r.ConfigHash, Revision: r.TemplateRevision,
		ActivatedAt: timeFrom(r.ActivatedAt), SupersededAt: timeFrom(r.SupersededAt),
		Functions: each(r.Functions, functionFrom), Cleaned: r.Cleaned,
	}
}

func runFrom(t *v1alpha1.Run) *release.Run {
	if t == nil {
		return nil
	}
	run := &release.Run{
		ID: t.ID, ReleaseID: t.ReleaseID, State: release.RunState(t.State), Attempt: t.Attempt, Generation: t.Generation,
		Cause:   release.Cause{Type: release.CauseType(t.Cause.Type), Name: t.Cause.Name},
		BuildID: t.BuildID, ImageDigest: t.ImageDigest, Revision: t.TemplateRevision,
		StartedAt: t.StartedAt.Time, FinishedAt: timeFrom(t.FinishedAt), Recovering: t.Recovering,
		UploadTries: t.UploadTries, UploadTriedAt: timeFrom(t.UploadTriedAt),
		DeployedDigest: t.DeployedDigest, AssetsDigest: t.AssetsDigest, ConfigHash: t.ConfigHash,
		Functions: each(t.Functions, functionFrom), Commands: each(t.Commands, commandFrom),
		Phases: each(t.Phases, phaseFrom), Activation: activationFrom(t.Activation),
	}
	if t.Warm != nil {
		run.Warm = &release.Warm{Distinct: t.Warm.Distinct, Wanted: t.Warm.Wanted, At: t.Warm.At.Time}
	}
	if t.Failure != nil {
		run.Failure = &release.Rejected{Condition: t.Failure.Condition, Reason: t.Failure.Reason, Message: t.Failure.Message}
	}
	return run
}

func functionFrom(f v1alpha1.FunctionVersion) release.FunctionVersion {
	return release.FunctionVersion{Name: f.Name, Version: f.Version, Pending: f.Pending}
}

func commandFrom(c v1alpha1.CommandRun) release.CommandRun {
	command := release.CommandRun{
		Name: c.Name, State: release.CommandState(c.State), AnnouncedAt: timeFrom(c.AnnouncedAt),
		NotAfter: timeFrom(c.NotAfter),
		Invoked:  c.Invoked, StartedAt: timeFrom(c.StartedAt), SeenAt: timeFrom(c.SeenAt), FinishedAt: timeFrom(c.FinishedAt),
		Output: c.Output,
	}
	if c.ExitCode != nil {
		command.ExitCode = *c.ExitCode
	}
	return command
}

func phaseFrom(p v1alpha1.PhaseRun) release.PhaseRecord {
	record := release.PhaseRecord{
		Phase: release.Phase(p.Name), State: release.PhaseState(p.State), Attempt: p.Attempt, Message: p.Message,
	}
	if p.StartedAt != nil {
		record.StartedAt = p.StartedAt.Time
	}
	if p.FinishedAt != nil {
		record.FinishedAt = p.FinishedAt.Time
	}
	if p.OperationAt != nil {
		record.OperationAt = p.OperationAt.Time
	}
	return record
}

func activationFrom(a *v1alpha1.Activation) *release.Activation {
	if a == nil {
		return nil
	}
	return &release.Activation{
		IntendedAt: a.IntendedAt.Time, StageSince: a.StageSince.Time, FailingSince: timeFrom(a.FailingSince),
		Moves: each(a.Moves, func(m v1alpha1.Move) release.Move {
			return release.Move{
				Kind: release.MoveKind(m.Kind), Name: m.Name, Before: m.Before, After: m.After, Percent: m.Percent,
				State: release.MoveState(m.State),
			}
		}),
	}
}

// writeRecorded writes what is to be remembered into a Stage's status, and leaves the rest of it.
func writeRecorded(status *v1alpha1.StageStatus, recorded *release.Recorded) {
	status.Live, status.Target = liveOf(recorded.Live), runOf(recorded.Run)
	status.History, status.Image, status.Deletion, status.LastDurations = nil, nil, nil, nil
	for _, phase := range slices.Sorted(maps.Keys(recorded.Lasted)) {
		status.LastDurations = append(status.LastDurations, v1alpha1.PhaseDuration{
			Phase: string(phase), Milliseconds: recorded.Lasted[phase].Milliseconds(),
		})
	}
	for i := range recorded.History {
		status.History = append(status.History, *liveOf(&recorded.History[i]))
	}
	if i := recorded.Image; i != nil {
		status.Image = &v1alpha1.ResolvedImage{
			Repository: i.Repository, Tag: i.Tag, PinnedDigest: i.PinnedDigest, Architecture: i.Architecture, Digest: i.Digest,
		}
	}
	if d := recorded.Deletion; d != nil {
		status.Deletion = &v1alpha1.Deletion{
			Since: timeOf(d.Since), AppStackID: d.AppStackID, FoundationStackID: d.FoundationStackID,
		}
	}
	handled := recorded.Handled
	status.LastHandledRequestedAt, status.LastHandledReconcileAt = handled.RequestedAt, handled.FluxRequestedAt
	status.LastHandledRetry, status.LastHandledCommandResolution = handled.Retry, handled.CommandResolution
}

func liveOf(l *release.Live) *v1alpha1.Release {
	if l == nil {
		return nil
	}
	return &v1alpha1.Release{
		ID: l.ID, BuildID: l.BuildID, ImageDigest: l.ImageDigest, DeployedDigest: l.DeployedDigest,
		AssetsDigest: l.AssetsDigest, ConfigHash: l.ConfigHash, TemplateRevision: l.Revision,
		ActivatedAt: timeOf(l.ActivatedAt), SupersededAt: timeOf(l.SupersededAt),
		Functions: each(l.Functions, functionOf), Cleaned: l.Cleaned,
	}
}

func runOf(run *release.Run) *v1alpha1.Run {
	if run == nil {
		return nil
	}
	t := &v1alpha1.Run{
		ID: run.ID, ReleaseID: run.ReleaseID, State: v1alpha1.RunState(run.State), Attempt: run.Attempt,
		Generation: run.Generation, Cause: v1alpha1.Cause{Type: v1alpha1.CauseType(run.Cause.Type), Name: run.Cause.Name},
		BuildID: run.BuildID, ImageDigest: run.ImageDigest, TemplateRevision: run.Revision,
		StartedAt: secondsOf(run.StartedAt), FinishedAt: timeOf(run.FinishedAt), Recovering: run.Recovering,
		UploadTries: run.UploadTries, UploadTriedAt: timeOf(run.UploadTriedAt),
		DeployedDigest: run.DeployedDigest, AssetsDigest: run.AssetsDigest, ConfigHash: run.ConfigHash,
		Functions: each(run.Functions, functionOf), Commands: each(run.Commands, commandOf),
		Phases: each(run.Phases, phaseOf), Activation: activationOf(run.Activation),
	}
	if run.Warm != nil {
		t.Warm = &v1alpha1.Warm{Distinct: run.Warm.Distinct, Wanted: run.Warm.Wanted, At: secondsOf(run.Warm.At)}
	}
	if f := run.Failure; f != nil {
		t.Failure = &v1alpha1.Failure{
			Condition: f.Condition, Reason: f.Reason, Message: release.Bounded(f.Message, maxMessage),
		}
	}
	return t
}

func functionOf(f release.FunctionVersion) v1alpha1.FunctionVersion {
	return v1alpha1.FunctionVersion{Name: f.Name, Version: f.Version, Pending: f.Pending}
}

func commandOf(c release.CommandRun) v1alpha1.CommandRun {
	command := v1alpha1.CommandRun{
		Name: c.Name, State: v1alpha1.CommandState(c.State), AnnouncedAt: timeOf(c.AnnouncedAt), NotAfter: timeOf(c.NotAfter),
		Invoked: c.Invoked, StartedAt: timeOf(c.StartedAt), SeenAt: timeOf(c.SeenAt), FinishedAt: timeOf(c.FinishedAt),
		Output: release.Bounded(c.Output, maxMessage),
	}
	if c.State == release.CommandSucceeded || c.State == release.CommandFailed {
		command.ExitCode = &c.ExitCode
	}
	return command
}

func phaseOf(p release.PhaseRecord) v1alpha1.PhaseRun {
	return v1alpha1.PhaseRun{
		Name: string(p.Phase), State: v1alpha1.PhaseState(p.State), Attempt: p.Attempt,
		StartedAt: microTimeOf(p.StartedAt), FinishedAt: microTimeOf(p.FinishedAt), OperationAt: microTimeOf(p.OperationAt),
		Message: release.Bounded(p.Message, maxMessage),
	}
}

func activationOf(a *release.Activation) *v1alpha1.Activation {
	if a == nil {
		return nil
	}
	return &v1alpha1.Activation{
		IntendedAt: secondsOf(a.IntendedAt), StageSince: secondsOf(a.StageSince), FailingSince: timeOf(a.FailingSince),
		Moves: each(a.Moves, func(m release.Move) v1alpha1.Move {
			return v1alpha1.Move{
				Kind: v1alpha1.MoveKind(m.Kind), Name: m.Name, Before: m.Before, After: m.After, Percent: m.Percent,
				State: v1alpha1.MoveState(m.State),
			}
		}),
	}
}

// each converts the members of a list; an empty one stays nil, as the API server gives it back.
func each[From, To any](list []From, convert func(From) To) []To {
	if len(list) == 0 {
		return nil
	}
	converted := make([]To, 0, len(list))
	for _, member := range list {
		converted = append(converted, convert(member))
	}
	return converted
}

func timeFrom(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	at := secondsOf(t)
	return &at
}

// secondsOf is a time as the API server keeps it: what it rounds is nothing new to remember.
func secondsOf(t time.Time) metav1.Time { return metav1.NewTime(t.Truncate(time.Second)) }

func microTimeOf(t time.Time) *metav1.MicroTime {
	if t.IsZero() {
		return nil
	}
	at := metav1.NewMicroTime(t)
	return &at
}

// maxMessage is what a message in the status may hold.
const maxMessage = 2048
