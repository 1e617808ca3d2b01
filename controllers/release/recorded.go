package release

import "time"

// Recorded is what the Stage's status remembers: a cache of AWS, and what AWS cannot tell.
type Recorded struct {
	Live    *Live
	History []Live
	Run     *Run
}

// Live is a release that is or was live.
type Live struct {
	ID             string
	BuildID        string
	ImageDigest    string
	DeployedDigest string
	AssetsDigest   string
	ConfigHash     string
	Revision       string
	ActivatedAt    time.Time
	SupersededAt   time.Time
	Functions      []FunctionVersion
	Cleaned        bool
}

// RunState is where a run stands.
type RunState string

// The states of a run.
const (
	RunRunning   RunState = "Running"
	RunSucceeded RunState = "Succeeded"
	RunFailed    RunState = "Failed"
)

// Run is one attempt to bring a release live.
type Run struct {
	ID    string
	Run   string
	State RunState
	// Attempt counts the tries of this run; it goes into the tokens of its stack operations.
	Attempt int32
	// BuildID, ImageDigest and Revision of the release.
	BuildID        string
	ImageDigest    string
	Revision       string
	StartedAt      time.Time
	FinishedAt     time.Time
	DeployedDigest string
	AssetsDigest   string
	ConfigHash     string
	Functions      []FunctionVersion
	// FlipIntendedAt is when the versions before the run were recorded in Functions; zero before.
	FlipIntendedAt time.Time
	Warm           *Warm
	Commands       []CommandRun
	// Failure is why the run failed, or why its aliases are being moved back while it is still running.
	Failure *Rejected
}

// FunctionVersion is a function by its name within the stage, its version in a release, and the one before.
type FunctionVersion struct {
	Name     string
	Version  string
	Previous string
}

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
	StartedAt   time.Time
	FinishedAt  time.Time
	ExitCode    int32
	// Output is the tail of what it printed, without known secret values.
	Output string
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

// Function gives the record of a function, or nil.
func (r *Run) Function(name string) *FunctionVersion {
	for i := range r.Functions {
		if r.Functions[i].Name == name {
			return &r.Functions[i]
		}
	}
	return nil
}

// Committed says that a deploy command was announced or an alias is about to move: from then on the run finishes before a
// newer spec starts. A command whose outcome is unknown has long been ended by its timeout, so it holds nothing up.
func (r *Run) Committed() bool {
	for i := range r.Commands {
		if r.Commands[i].State == CommandUnknown {
			return false
		}
	}
	return len(r.Commands) > 0 || !r.FlipIntendedAt.IsZero()
}

// Deletion remembers the stacks of a Stage that is being deleted, so that what they retained is found after they are gone.
type Deletion struct {
	AppStackID        string
	FoundationStackID string
}
