package plan

import (
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

// Record does the steps that only change what is recorded. It is written to the Stage's status before the next step that rests on it.
func Record(step release.Step, s *Situation) {
	r := &s.Recorded
	switch step.Action {
	case release.ActionRecoverLive:
		r.Live = recovered(s.Observed.Aliases, s.Now)
		r.History = Remembered(s.Observed.Releases, r.Live.ID, s.Now)
	case release.ActionReturn:
		r.Run = nil
		r.Live.Cleaned = false
	case release.ActionResume:
		r.Run.State, r.Run.Failure, r.Run.FinishedAt = release.RunRunning, nil, time.Time{}
		r.Run.Attempt++
		s.Retry = false
	case release.ActionTryAgain:
		r.Run.Attempt++
	case release.ActionAnnounce:
		s.Observed.Forget(release.PartCommand) // what is known of the command is of an earlier run
		r.Run.Commands = append(r.Run.Commands, release.CommandRun{
			Name: step.Command, State: release.CommandAnnounced, AnnouncedAt: s.Now, NotAfter: s.Now.Add(s.Limits.StartWithin),
		})
	case release.ActionRecordCommand:
		s.recordCommand(r.Run.Command(step.Command))
	case release.ActionIntendFlip:
		for i := range r.Run.Functions {
			function := &r.Run.Functions[i]
			if before := s.Observed.Aliases[function.Name].Version; before != function.Version {
				function.Previous = before
			}
		}
		r.Run.FlipIntendedAt = s.Now
	case release.ActionSeal:
		s.seal()
	case release.ActionTrim:
		r.History = Trimmed(r.History, s.Desired.KeepReleases, s.Limits, s.Now)
	default:
	}
}

// recovered is the live release as its aliases tell of it.
func recovered(aliases map[string]release.Alias, now time.Time) *release.Live {
	live := &release.Live{ActivatedAt: now}
	for _, name := range slices.Sorted(maps.Keys(aliases)) {
		alias := aliases[name]
		if alias.Version == "" {
			continue
		}
		live.ID, live.BuildID, live.Revision = alias.Description.ReleaseID, alias.Description.BuildID, alias.Description.Revision
		live.DeployedDigest, live.ConfigHash = alias.ImageDigest, alias.ConfigHash
		live.Functions = append(live.Functions, release.FunctionVersion{Name: name, Version: alias.Version})
	}
	return live
}

// Remembered are releases that AWS holds versions of, as history. When they were superseded is not known, and none must be swept away
// for that.
func Remembered(releases []release.Live, current string, now time.Time) []release.Live {
	history := slices.DeleteFunc(slices.Clone(releases), func(l release.Live) bool { return l.ID == current })
	for i := range history {
		history[i].SupersededAt = now
	}
	return history
}

// runTime is how a run's id begins.
const runTime = "20060102t150405"

// StartOf tells when a run started, by its id; the zero time for what is no run's id.
func StartOf(run string) time.Time {
	text, _, _ := strings.Cut(run, "-")
	start, err := time.Parse(runTime, text)
	if err != nil {
		return time.Time{}
	}
	return start
}

// Begin makes the record of a new run. The id begins with its time, so that runs sort by age.
func Begin(d *release.Desired, now time.Time, nonce string) *release.Run {
	return &release.Run{
		ID: d.ID, Run: now.UTC().Format(runTime) + "-" + nonce, State: release.RunRunning, StartedAt: now,
		BuildID: d.BuildID, ImageDigest: d.Image.Digest, Revision: d.Revision, ConfigHash: d.ConfigHash,
	}
}

// Continue makes the record of a run that is only known by the claims that it left: they tell which commands must not run again.
func Continue(d *release.Desired, now time.Time, run string, claimed []string, limits Limits) *release.Run {
	continued := Begin(d, now, "")
	continued.Run = run
	continued.Attempt = int32(now.Unix() & math.MaxInt32) //nolint:gosec // the tokens of its tries before, of which nothing is known, must not be given again
	for _, command := range d.Commands {
		if slices.Contains(claimed, command.Name) {
			continued.Commands = append(continued.Commands, release.CommandRun{
				Name: command.Name, State: release.CommandAnnounced, Invoked: true, AnnouncedAt: now, NotAfter: now.Add(limits.StartWithin),
			})
		}
	}
	return continued
}

func (s *Situation) recordCommand(record *release.CommandRun) {
	evidence := s.Observed.Command
	switch {
	case !record.State.Open():
		s.resolve(record)
	case evidence.Result != nil:
		record.StartedAt, record.FinishedAt, record.ExitCode = evidence.StartedAt, evidence.Result.FinishedAt, evidence.Result.ExitCode
		if !s.HideOutput {
			record.Output = s.Desired.Config.Shown(evidence.Result.Output)
		}
		record.State = release.CommandSucceeded
		if record.ExitCode != 0 {
			record.State = release.CommandFailed
		}
	case evidence.Void:
		record.State = release.CommandVoid
	case record.State == release.CommandAnnounced:
		record.State, record.StartedAt = release.CommandStarted, evidence.StartedAt
	default:
		record.State = release.CommandUnknown
	}
}

// resolve takes a person's word for a command whose outcome is unknown.
func (s *Situation) resolve(record *release.CommandRun) {
	switch s.Resolution {
	case "succeeded":
		record.State = release.CommandSucceeded
	case "retry": // the claim of this run stands, so it takes a run of its own to start the command again
		s.Recorded.Run.State = release.RunFailed
		s.Recorded.Run.Failure = nil
	case "abort":
		record.State, record.ExitCode = release.CommandFailed, -1
		record.Output = "aborted by annotation " + v1alpha1.AnnotationCommandResolution
	}
	s.Resolution = ""
}

// seal makes the run's release the live one and the one before it history.
func (s *Situation) seal() {
	r := &s.Recorded
	if old := r.Live; old != nil && old.ID != r.Run.ID {
		superseded := *old
		superseded.SupersededAt, superseded.Functions = s.Now, nil
		r.History = slices.DeleteFunc(r.History, func(h release.Live) bool { return h.ID == old.ID || h.ID == r.Run.ID })
		r.History = append([]release.Live{superseded}, r.History...)
		r.History = r.History[:min(len(r.History), maxHistory)]
	}
	r.Live = &release.Live{
		ID: r.Run.ID, BuildID: s.Desired.BuildID, ImageDigest: s.Desired.Image.Digest, DeployedDigest: r.Run.DeployedDigest,
		AssetsDigest: r.Run.AssetsDigest, ConfigHash: r.Run.ConfigHash, Revision: s.Desired.Revision, ActivatedAt: s.Now,
		Functions: slices.Clone(r.Run.Functions),
	}
	r.Run.State, r.Run.FinishedAt = release.RunSucceeded, s.Now
}
