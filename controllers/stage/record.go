package stage

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// recordedFrom reads what a Stage's status remembers.
func recordedFrom(status *v1alpha1.StageStatus) release.Recorded {
	recorded := release.Recorded{}
	if status.Live != nil {
		live := liveFrom(status.Live)
		recorded.Live = &live
	}
	for i := range status.History {
		recorded.History = append(recorded.History, liveFrom(&status.History[i]))
	}
	if status.Target != nil {
		recorded.Run = runFrom(status.Target)
	}
	return recorded
}

func liveFrom(r *v1alpha1.Release) release.Live {
	return release.Live{
		ID: r.ID, BuildID: r.BuildID, ImageDigest: r.ImageDigest, DeployedDigest: r.DeployedDigest, AssetsDigest: r.AssetsDigest,
		ConfigHash: r.ConfigHash, Revision: r.TemplateRevision, ActivatedAt: timeFrom(r.ActivatedAt), SupersededAt: timeFrom(r.SupersededAt),
		Functions: functionsFrom(r.Functions), Cleaned: r.Cleaned,
	}
}

func runFrom(t *v1alpha1.Run) *release.Run {
	run := &release.Run{
		ID: t.ID, Run: t.Run, State: release.RunState(t.State), Attempt: t.Attempt, BuildID: t.BuildID, ImageDigest: t.ImageDigest,
		Revision: t.TemplateRevision, StartedAt: t.StartedAt.Time, FinishedAt: timeFrom(t.FinishedAt), DeployedDigest: t.DeployedDigest, AssetsDigest: t.AssetsDigest,
		ConfigHash: t.ConfigHash, Functions: functionsFrom(t.Functions), FlipIntendedAt: timeFrom(t.FlipIntendedAt),
	}
	if t.Warm != nil {
		run.Warm = &release.Warm{Distinct: t.Warm.Distinct, Wanted: t.Warm.Wanted, At: t.Warm.At.Time}
	}
	if t.Failure != nil {
		run.Failure = &release.Rejected{Condition: t.Failure.Condition, Reason: t.Failure.Reason, Message: t.Failure.Message}
	}
	for i := range t.Commands {
		run.Commands = append(run.Commands, commandFrom(&t.Commands[i]))
	}
	return run
}

func commandFrom(c *v1alpha1.CommandRun) release.CommandRun {
	command := release.CommandRun{
		Name: c.Name, State: release.CommandState(c.State), AnnouncedAt: timeFrom(c.AnnouncedAt), NotAfter: timeFrom(c.NotAfter),
		Invoked: c.Invoked, StartedAt: timeFrom(c.StartedAt), FinishedAt: timeFrom(c.FinishedAt), Output: c.Output,
	}
	if c.ExitCode != nil {
		command.ExitCode = *c.ExitCode
	}
	return command
}

func functionsFrom(list []v1alpha1.FunctionVersion) []release.FunctionVersion {
	functions := make([]release.FunctionVersion, 0, len(list))
	for _, f := range list {
		functions = append(functions, release.FunctionVersion{Name: f.Name, Version: f.Version, Previous: f.Previous})
	}
	return functions
}

// writeRecorded writes what is to be remembered into a Stage's status, and keeps what only the status itself holds.
func writeRecorded(status *v1alpha1.StageStatus, recorded *release.Recorded) {
	status.Live, status.History = nil, nil
	if recorded.Live != nil {
		live := releaseOf(recorded.Live)
		status.Live = &live
	}
	for i := range recorded.History {
		status.History = append(status.History, releaseOf(&recorded.History[i]))
	}
	if recorded.Run == nil {
		status.Target = nil
		return
	}
	if status.Target == nil || status.Target.Run != recorded.Run.Run {
		status.Target = &v1alpha1.Run{}
	}
	writeRun(status.Target, recorded.Run)
}

func releaseOf(l *release.Live) v1alpha1.Release {
	return v1alpha1.Release{
		ID: l.ID, BuildID: l.BuildID, ImageDigest: l.ImageDigest, DeployedDigest: l.DeployedDigest, AssetsDigest: l.AssetsDigest,
		ConfigHash: l.ConfigHash, TemplateRevision: l.Revision, ActivatedAt: timeOf(l.ActivatedAt), SupersededAt: timeOf(l.SupersededAt),
		Functions: functionsOf(l.Functions), Cleaned: l.Cleaned,
	}
}

func writeRun(t *v1alpha1.Run, run *release.Run) {
	t.ID, t.Run, t.State, t.Attempt = run.ID, run.Run, v1alpha1.RunState(run.State), run.Attempt
	t.BuildID, t.ImageDigest, t.TemplateRevision = run.BuildID, run.ImageDigest, run.Revision
	t.StartedAt = metav1.NewTime(run.StartedAt)
	t.FinishedAt = timeOf(run.FinishedAt)
	t.DeployedDigest, t.AssetsDigest, t.ConfigHash = run.DeployedDigest, run.AssetsDigest, run.ConfigHash
	t.Functions, t.FlipIntendedAt = functionsOf(run.Functions), timeOf(run.FlipIntendedAt)
	t.Warm, t.Failure, t.Commands = nil, nil, nil
	if run.Warm != nil {
		t.Warm = &v1alpha1.Warm{Distinct: run.Warm.Distinct, Wanted: run.Warm.Wanted, At: metav1.NewTime(run.Warm.At)}
	}
	if run.Failure != nil {
		t.Failure = &v1alpha1.Failure{
			Condition: run.Failure.Condition, Reason: run.Failure.Reason, Message: bounded(run.Failure.Message, maxMessage),
		}
	}
	for i := range run.Commands {
		t.Commands = append(t.Commands, commandOf(&run.Commands[i]))
	}
}

func commandOf(c *release.CommandRun) v1alpha1.CommandRun {
	command := v1alpha1.CommandRun{
		Name: c.Name, State: v1alpha1.CommandState(c.State), AnnouncedAt: timeOf(c.AnnouncedAt), NotAfter: timeOf(c.NotAfter),
		Invoked: c.Invoked, StartedAt: timeOf(c.StartedAt), FinishedAt: timeOf(c.FinishedAt), Output: bounded(c.Output, maxMessage),
	}
	if c.State == release.CommandSucceeded || c.State == release.CommandFailed {
		command.ExitCode = &c.ExitCode
	}
	return command
}

func functionsOf(list []release.FunctionVersion) []v1alpha1.FunctionVersion {
	functions := make([]v1alpha1.FunctionVersion, 0, len(list))
	for _, f := range list {
		functions = append(functions, v1alpha1.FunctionVersion{Name: f.Name, Version: f.Version, Previous: f.Previous})
	}
	return functions
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
	at := metav1.NewTime(t)
	return &at
}

// maxMessage is what a message in the status may hold.
const maxMessage = 2048

// bounded cuts a text at a limit of bytes without leaving half a character.
func bounded(text string, limit int) string {
	const ellipsis = "…"
	if len(text) <= limit {
		return text
	}
	cut := limit - len(ellipsis)
	for cut > 0 && text[cut]&0xC0 == 0x80 {
		cut--
	}
	return text[:cut] + ellipsis
}
