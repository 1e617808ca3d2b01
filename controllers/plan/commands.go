package plan

import (
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/release"
)

func commands(m *Machine) (release.Step, error) {
	for _, command := range m.Desired.Commands {
		record := m.Recorded.Run.Command(command.Name)
		if record != nil && record.State == release.CommandSucceeded {
			continue
		}
		return m.command(command, record)
	}
	return next()
}

func about(command string, action release.Action) (release.Step, error) {
	return release.Step{
		Action: action, Phase: release.PhaseCommands, Command: command, Part: release.PartCommand,
	}, nil
}

// command decides about the first command that has not succeeded yet.
func (m *Machine) command(command release.Command, record *release.CommandRun) (release.Step, error) {
	if record == nil {
		return about(command.Name, release.ActionAnnounce)
	}
	switch record.State {
	case release.CommandFailed:
		return release.Step{}, m.commandFailed(command.Name, record)
	case release.CommandVoid:
		return release.Step{}, release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandNotStarted,
			"deploy command %q was not started in time and never will be in this run; no alias moved: annotate the Stage "+
				"with %s=<any new value> for another run",
			command.Name, v1alpha1.AnnotationRetry)
	case release.CommandAnnounced, release.CommandStarted:
		return m.awaited(command, record)
	default:
		return m.unknown(command.Name)
	}
}

// awaited decides about a command that was announced or has started, by the evidence in the bucket.
func (m *Machine) awaited(command release.Command, record *release.CommandRun) (release.Step, error) {
	learn, err := m.learn(record)
	switch {
	case err != nil || learn.Action != "":
		return learn, err
	case record.State == release.CommandStarted:
		running := m.Now.Sub(record.SeenAt)
		return release.Step{}, release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing,
			m.Limits.Pace.after(running), "deploy command %q runs %s", command.Name, lasting(running))
	case m.Now.After(record.NotAfter):
		return about(command.Name, release.ActionVoid)
	case !record.Invoked:
		return about(command.Name, release.ActionInvoke)
	default:
		return release.Step{}, release.Wait(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonProgressing,
			m.Limits.Pace.after(m.Now.Sub(record.AnnouncedAt)), "deploy command %q is about to start", command.Name)
	}
}

// endOpenCommands sees to it that nothing of the run starts any more, and waits for what has started.
func (m *Machine) endOpenCommands(condition, reason string) (release.Step, error) {
	run := m.Recorded.Run
	for i := range run.Commands {
		record := &run.Commands[i]
		if !record.State.Open() {
			continue
		}
		if learn, err := m.learn(record); err != nil || learn.Action != "" {
			return learn, err
		}
		if record.State == release.CommandAnnounced {
			return about(record.Name, release.ActionVoid)
		}
		running := m.Now.Sub(record.SeenAt)
		return release.Step{}, release.Wait(condition, reason, m.Limits.Pace.after(running),
			"deploy command %q still runs", record.Name)
	}
	return next()
}

// learn looks for the evidence of an open command, or records what there is to learn of it; no step means nothing new.
func (m *Machine) learn(record *release.CommandRun) (release.Step, error) {
	evidence := m.Observed.Command
	switch {
	case evidence == nil || evidence.Name != record.Name:
		return about(record.Name, release.ActionLook)
	case evidence.Result != nil, evidence.Void,
		record.State == release.CommandAnnounced && (evidence.Claimed || evidence.Lost),
		record.State == release.CommandStarted && m.Now.After(record.SeenAt.Add(m.commandLimit(record.Name))):
		return about(record.Name, release.ActionRecordCommand)
	default:
		return next()
	}
}

// commandLimit is how long after its start a command may still run; Lambda ends any function after 15 minutes.
func (m *Machine) commandLimit(name string) time.Duration {
	if m.Desired != nil {
		if command, err := m.Desired.Command(name); err == nil {
			return time.Duration(command.TimeoutSeconds)*time.Second + m.Limits.ResultGrace
		}
	}
	return longestFunction + m.Limits.ResultGrace
}

// longestFunction is how long Lambda lets any function run.
const longestFunction = 15 * time.Minute

// unknown decides about a command that started and whose result did not come in time. It may still come: the runtime
// tries to store it for as long as Lambda lets it.
func (m *Machine) unknown(name string) (release.Step, error) {
	evidence := m.Observed.Command
	switch word := m.resolution(); {
	case word != nil && word.command == name:
		return about(name, release.ActionRecordCommand)
	case evidence == nil || evidence.Name != name:
		return about(name, release.ActionLook)
	case evidence.Result != nil:
		return about(name, release.ActionRecordCommand)
	default:
		return release.Step{}, release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandOutcomeUnknown,
			"deploy command %q started and left no result; no alias moved: find out whether it succeeded, then annotate the "+
				"Stage with %s=%s/%s=succeeded, or =retry or =abort in its place",
			name, v1alpha1.AnnotationCommandResolution, m.Recorded.Run.ID, name)
	}
}

func (m *Machine) commandFailed(name string, record *release.CommandRun) error {
	output := ": " + record.Output
	if record.Output == "" {
		run := m.Recorded.Run
		output = "; its output is s3://" + m.Desired.Names.Bucket + "/" +
			release.CommandKey(run.ReleaseID, run.ID, name) + release.ResultSuffix
	}
	return release.Reject(v1alpha1.ConditionCommandsSucceeded, v1alpha1.ReasonCommandFailed,
		"deploy command %q failed with exit code %d; no alias moved%s", name, record.ExitCode, output)
}

// didCommand records what was done about a command, or what is known of it.
func (m *Machine) didCommand(step release.Step) {
	run := m.Recorded.Run
	switch step.Action {
	case release.ActionAnnounce:
		// Claims are told apart by runs: nobody can have claimed it in this one.
		m.Observed.Command = &release.CommandEvidence{Name: step.Command}
		run.Commands = append(run.Commands, release.CommandRun{
			Name: step.Command, State: release.CommandAnnounced, AnnouncedAt: m.Now, NotAfter: m.Now.Add(m.Limits.StartWithin),
		})
	case release.ActionInvoke:
		run.Command(step.Command).Invoked = true // what has become of it is looked at after a while
	case release.ActionVoid:
		m.Observed.Forget(release.PartCommand)
	default:
		m.recordCommand(run.Command(step.Command))
	}
}

// recordCommand records what a person or the evidence tells of a command.
func (m *Machine) recordCommand(record *release.CommandRun) {
	if word := m.resolution(); word != nil && word.command == record.Name {
		m.resolve(record, word.word)
		return
	}
	evidence := m.Observed.Command
	switch {
	case evidence.Result != nil:
		record.StartedAt, record.FinishedAt = evidence.StartedAt, evidence.Result.FinishedAt
		record.ExitCode = evidence.Result.ExitCode
		if !m.Asked.HideOutput && m.Desired != nil { // its secrets, which must not be shown, are the release's
			record.Output = m.Desired.Config.Shown(evidence.Result.Output)
		}
		record.State = release.CommandSucceeded
		if record.ExitCode != 0 {
			record.State = release.CommandFailed
		}
	case evidence.Void, evidence.Lost && record.State == release.CommandAnnounced:
		record.State = release.CommandVoid
	case record.State == release.CommandAnnounced:
		record.State, record.StartedAt, record.SeenAt = release.CommandStarted, evidence.StartedAt, m.Now
	default:
		record.State = release.CommandUnknown
	}
}

// resolve takes a person's word for a command whose outcome is unknown: it is the last word of this run.
func (m *Machine) resolve(record *release.CommandRun, word string) {
	switch word {
	case resolveSucceeded:
		record.State = release.CommandSucceeded
	case resolveRetry: // the claim of this run stands, so it takes a run of its own to start the command again
		m.Recorded.Run.State, m.Recorded.Run.Failure, m.Recorded.Run.FinishedAt = release.RunFailed, nil, m.Now
	case resolveAbort:
		record.State, record.ExitCode = release.CommandFailed, -1
		record.Output = "aborted by annotation " + v1alpha1.AnnotationCommandResolution
	}
	m.markResolved()
}
