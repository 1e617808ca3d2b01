package plan

import (
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

func commands(s *Situation) (release.Step, error) {
	if s.isLive() {
		return next()
	}
	for _, command := range s.Desired.Commands {
		record := s.Recorded.Run.Command(command.Name)
		if record != nil && record.State == release.CommandSucceeded {
			continue
		}
		return s.command(command, record)
	}
	return next()
}

// command decides about the first command that has not succeeded yet.
func (s *Situation) command(command release.Command, record *release.CommandRun) (release.Step, error) {
	named := func(action release.Action) (release.Step, error) {
		return release.Step{Action: action, Phase: release.PhaseCommands, Command: command.Name, Part: release.PartCommand}, nil
	}
	if record == nil {
		return named(release.ActionAnnounce)
	}
	switch record.State {
	case release.CommandFailed:
		return release.Step{}, s.commandFailed(command.Name, record)
	case release.CommandVoid:
		return release.Step{}, release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandNotStarted,
			"deploy command %q was not started in time and never will be in this run; no alias moved: annotate the Stage with %s=<any new value> for another run",
			command.Name, v1alpha1.AnnotationRetry)
	case release.CommandAnnounced, release.CommandStarted:
		return s.awaited(command, record, named)
	default:
		return s.unknown(command.Name, named)
	}
}

// awaited decides about a command that was announced or has started, by the evidence in the bucket.
func (s *Situation) awaited(
	command release.Command, record *release.CommandRun, named func(release.Action) (release.Step, error),
) (release.Step, error) {
	evidence := s.Observed.Command
	switch {
	case evidence == nil || evidence.Name != command.Name:
		return named(release.ActionLook)
	case evidence.Result != nil, evidence.Void:
		return named(release.ActionRecordCommand)
	case evidence.Claimed && record.State == release.CommandAnnounced:
		return named(release.ActionRecordCommand)
	case evidence.Claimed && s.Now.After(evidence.StartedAt.Add(s.longest(command))):
		return named(release.ActionRecordCommand)
	case evidence.Claimed:
		return release.Step{}, release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing,
			PollAfter(s.Now.Sub(evidence.StartedAt)), "deploy command %q runs", command.Name)
	case s.Now.After(record.NotAfter):
		return named(release.ActionVoid)
	case !record.Invoked:
		return named(release.ActionInvoke)
	default:
		return release.Step{}, release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing,
			PollAfter(s.Now.Sub(record.AnnouncedAt)), "deploy command %q is about to start", command.Name)
	}
}

// longest is how long after its start a command's result may come.
func (s *Situation) longest(command release.Command) time.Duration {
	return time.Duration(command.TimeoutSeconds)*time.Second + s.Limits.ResultGrace
}

// unknown decides about a command that started and whose result never came.
func (s *Situation) unknown(name string, named func(release.Action) (release.Step, error)) (release.Step, error) {
	switch s.Resolution {
	case "succeeded", "abort", "retry":
		return named(release.ActionRecordCommand)
	default:
		return release.Step{}, release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandOutcomeUnknown,
			"deploy command %q started and left no result; no alias moved: find out whether it succeeded, then annotate the Stage with %s=succeeded, retry or abort",
			name, v1alpha1.AnnotationCommandResolution)
	}
}

func (s *Situation) commandFailed(name string, record *release.CommandRun) error {
	output := ": " + record.Output
	if record.Output == "" {
		run := s.Recorded.Run
		output = "; its output is s3://" + s.Desired.Names.Bucket + "/" + release.CommandKey(run.ID, run.Run, name) + release.ResultSuffix
	}
	return release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandFailed,
		"deploy command %q failed with exit code %d; no alias moved%s", name, record.ExitCode, output)
}

// PollAfter spaces out looks at something that has gone on for a while: soon at first, then at a quarter of the time that has passed.
func PollAfter(elapsed time.Duration) time.Duration {
	const soonest, latest = 10 * time.Millisecond, 5 * time.Second
	return min(max(elapsed/4, soonest), latest)
}
