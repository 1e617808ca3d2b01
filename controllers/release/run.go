package release

import "time"

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "Running"
	RunSucceeded RunState = "Succeeded"
	RunFailed    RunState = "Failed"
)

// CauseType is what kind of change made a release necessary.
type CauseType string

// The causes of releases.
const (
	CauseCreated  CauseType = "Created"
	CauseImage    CauseType = "Image"
	CauseManifest CauseType = "Manifest"
	CauseSecret   CauseType = "Secret"
	CauseRetry    CauseType = "Retry"
	CauseRequest  CauseType = "Request"
)

// Cause tells what made a release necessary.
type Cause struct {
	Type CauseType
	// Name of what changed, such as a tag.
	Name string
}

// Run is one attempt to bring a release live.
type Run struct {
	// ID is unique for each attempt and begins with its time.
	ID string
	// ReleaseID is empty until the image is resolved.
	ReleaseID string
	State     RunState
	// Attempt counts the tries of this run; it goes into the tokens of its stack operations.
	Attempt int32
	// Generation of the Stage that asked for it.
	Generation int64
	Cause      Cause
	// BuildID, ImageDigest and Revision of the release.
	BuildID     string
	ImageDigest string
	Revision    string
	StartedAt   time.Time
	FinishedAt  time.Time
	// Recovering says that nothing was remembered when the run began, and that AWS was not asked yet.
	Recovering bool
	// UploadTries counts how often an upload was begun since one was seen to end, and UploadTriedAt is when the last was.
	UploadTries    int32
	UploadTriedAt  time.Time
	DeployedDigest string
	AssetsDigest   string
	ConfigHash     string
	Functions      []FunctionVersion
	Warm           *Warm
	Commands       []CommandRun
	// Activation is nil until the moves are recorded, which is before the first of them is made.
	Activation *Activation
	Phases     []PhaseRecord
	// Failure is why the run failed, or why its moves are being taken back while it is still running.
	Failure *Rejected
}

// PhaseState is where a phase of a run stands.
type PhaseState string

// The states of a phase.
const (
	PhasePending   PhaseState = "Pending"
	PhaseRunning   PhaseState = "Running"
	PhaseSucceeded PhaseState = "Succeeded"
	PhaseFailed    PhaseState = "Failed"
)

// PhaseRecord is how far a phase of a run has come. It changes only by what is done in that phase.
type PhaseRecord struct {
	Phase      Phase
	State      PhaseState
	StartedAt  time.Time
	FinishedAt time.Time
	// OperationAt is when the phase last began an operation of a stack; zero where it began none.
	OperationAt time.Time
	// Attempt counts how often the phase was begun again in this run.
	Attempt int32
	Message string
}

// Phase gives the record of a phase; one that was never begun is pending.
func (r *Run) Phase(phase Phase) PhaseRecord {
	if r != nil {
		for _, record := range r.Phases {
			if record.Phase == phase {
				return record
			}
		}
	}
	return PhaseRecord{Phase: phase, State: PhasePending}
}

// Command gives the record of a command, or nil.
func (r *Run) Command(name string) *CommandRun {
	for i := range r.Commands {
		if r.Commands[i].Name == name {
			return &r.Commands[i]
		}
	}
	return nil
}

// Function gives the version of a function in this run; empty where it is not published.
func (r *Run) Function(name string) string { return versionOf(r.Functions, name) }

// Active counts the versions that can be invoked.
func (r *Run) Active() (active int) {
	for _, function := range r.Functions {
		if !function.Pending {
			active++
		}
	}
	return active
}

// Published records a version, or that it is active by now.
func (r *Run) Published(version FunctionVersion) {
	for i := range r.Functions {
		if r.Functions[i].Name == version.Name {
			r.Functions[i] = version
			return
		}
	}
	r.Functions = append(r.Functions, version)
}

// Function gives the version of a function in this release; empty where it is not known.
func (l *Live) Function(name string) string { return versionOf(l.Functions, name) }

func versionOf(list []FunctionVersion, name string) string {
	for _, function := range list {
		if function.Name == name {
			return function.Version
		}
	}
	return ""
}

// Committed says that a deploy command was announced or a move is about to be made: from then on the run finishes
// before a newer spec starts. A command whose outcome is unknown has long been ended by its timeout, so it holds
// nothing up.
func (r *Run) Committed() bool {
	for i := range r.Commands {
		if r.Commands[i].State == CommandUnknown {
			return false
		}
	}
	return len(r.Commands) > 0 || r.Activation != nil
}

// MustFinish says that the run goes on whatever is asked for: its commands have begun, or its moves are being made.
func (r *Run) MustFinish() bool { return r != nil && r.State == RunRunning && r.Committed() }

// Reverting says that the run is given up, and that the moves which it has made are being taken back.
func (r *Run) Reverting() bool { return r != nil && r.State == RunRunning && r.Failure != nil }

// Warm tells how many environments were warmed, and when.
type Warm struct {
	Distinct int32
	Wanted   int32
	At       time.Time
}

// CommandState is where a deploy command stands.
type CommandState string

// The states of a deploy command.
const (
	CommandAnnounced CommandState = "Announced"
	CommandStarted   CommandState = "Started"
	CommandSucceeded CommandState = "Succeeded"
	CommandFailed    CommandState = "Failed"
	CommandVoid      CommandState = "Void"
	CommandUnknown   CommandState = "Unknown"
)

// Open says that the command may be running or about to start.
func (s CommandState) Open() bool { return s == CommandAnnounced || s == CommandStarted }

// CommandRun is a deploy command in a run.
type CommandRun struct {
	Name        string
	State       CommandState
	AnnouncedAt time.Time
	NotAfter    time.Time
	Invoked     bool
	// StartedAt is when it started by its claim, which Lambda's clock tells; SeenAt is when its claim was first seen, by
	// the operator's clock, which all waiting is measured by.
	StartedAt  time.Time
	SeenAt     time.Time
	FinishedAt time.Time
	ExitCode   int32
	// Output is the tail of what it printed, without known secret values.
	Output string
}
