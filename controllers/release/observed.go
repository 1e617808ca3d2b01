package release

import (
	"strings"
	"time"
)

// Part is one part of what can be observed. Each is looked at only when the plan needs it.
type Part string

// The parts.
const (
	// PartFoundation: the foundation stack, and who owns what carries the stage's names.
	PartFoundation Part = "Foundation"
	// PartApp: the application stack with its deployed template.
	PartApp Part = "App"
	// PartAliases: the live aliases.
	PartAliases Part = "Aliases"
	// PartCommand: claim and result of the command that Step.Command names.
	PartCommand Part = "Command"
	// PartReleases: the releases that AWS holds versions of.
	PartReleases Part = "Releases"
	// PartLeft: what runs left of their commands in the bucket, and which of them was the newest of Step.Release.
	PartLeft Part = "Left"
	// PartDeclaration: the declaration of Step.Release.
	PartDeclaration Part = "Declaration"
	// PartWhole: whether what is live is whole.
	PartWhole Part = "Whole"
	// PartLeftovers: which functions that the manifest has no more must stay for now.
	PartLeftovers Part = "Leftovers"
)

// Observed is what AWS holds. A nil part was not looked at, which is never the same as absent.
type Observed struct {
	Foundation *Stack
	App        *Stack
	// Aliases by the functions' names within the stage.
	Aliases map[string]Alias
	// Contents says that it is known of the aliases what their versions consist of.
	Contents bool
	// Releases that AWS holds versions of, newest first, with the newest version of each function.
	Releases []Live
	Left     *LeftRun
	// Declaration of the release whose run must end before what is asked for has its turn.
	Declaration *Declaration
	Command     *CommandEvidence
	// Leftovers are functions that the deployed stack has and the manifest has no more: true for those that must stay,
	// since a kept release uses them or their queues hold messages.
	Leftovers map[string]bool
	// Whole tells what is missing of the live release.
	Whole *Whole
	// Beside names the work that goes on beside the reconciles for the stage, or has ended and is not recorded yet; empty
	// where there is none.
	Beside string
	// Quiet says that nothing goes on beside the reconciles for the stage.
	Quiet bool
}

// Stack gives what was seen of one of the two stacks.
func (o *Observed) Stack(part Part) *Stack {
	if part == PartFoundation {
		return o.Foundation
	}
	return o.App
}

// Forget drops parts, because something was done that changes them.
func (o *Observed) Forget(parts ...Part) {
	for _, part := range parts {
		switch part {
		case PartFoundation:
			o.Foundation = nil
		case PartApp:
			o.App = nil
		case PartAliases:
			o.Aliases, o.Contents = nil, false
		case PartCommand:
			o.Command = nil
		case PartReleases:
			o.Releases = nil
		case PartLeftovers:
			o.Leftovers = nil
		case PartLeft:
			o.Left = nil
		case PartDeclaration:
			o.Declaration = nil
		case PartWhole:
			o.Whole = nil
		}
	}
}

// Stack is a CloudFormation stack.
type Stack struct {
	Name string
	// Exists is false for a stack that is not there or was deleted.
	Exists bool
	ID     string
	// Status in CloudFormation's words, such as UPDATE_COMPLETE.
	Status string
	// Owner and NamespaceUID are the values of the ownership tags.
	Owner        string
	NamespaceUID string
	// Adopted says that it is another owner's, and is to be taken over.
	Adopted bool
	// Foreign names something that carries one of the stage's names and belongs to someone else; empty when all is well.
	Foreign    string
	Outputs    map[string]string
	Parameters map[string]string
	// Template that is deployed, where it was asked for.
	Template []byte
	// Token of the last operation.
	Token string
	// Failure is the root cause of the last operation's failure, looked for only when the status tells of one.
	Failure string
	// ChangedAt is when the last operation began.
	ChangedAt time.Time
	// EndedAt is when the last operation ended that failed; zero for others.
	EndedAt time.Time
	// ChangeSet is the change set that is neither executed nor deleted, of the name that was asked for.
	ChangeSet *ChangeSet
}

// InProgress says that a stack's operation, or its rollback, has not ended; nothing more can be known of it then. What
// CloudFormation cleans up after an update has ended does not count.
func (s *Stack) InProgress() bool {
	return s != nil && strings.HasSuffix(s.Status, "_IN_PROGRESS") && s.Status != "REVIEW_IN_PROGRESS" &&
		s.Status != "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"
}

// ChangeSet is a pending change of a stack.
type ChangeSet struct {
	Name string
	// Status and Execution in CloudFormation's words.
	Status    string
	Execution string
	Reason    string
	Changes   []Change
}

// Change is one resource's change in a change set.
type Change struct {
	LogicalID   string
	Type        string
	Action      string
	Replacement string
}

// Alias is the live alias of a function.
type Alias struct {
	// Version that it points at; empty where there is no alias.
	Version string
	// Shares of the traffic that other versions get, by their number.
	Shares map[string]Share
	// RevisionID guards an update.
	RevisionID string
	// What the version consists of, where that was looked at: when it was made, its description, the digest of its image,
	// and the name of the bundle that it reads.
	PublishedAt time.Time
	Description Description
	ImageDigest string
	ConfigHash  string
}

// Share is the part of an alias's traffic that another version gets.
type Share struct {
	Percent int32
	// Description of the version, where that was looked at.
	Description Description
}

// LeftRun is a run by the claims that it left in the bucket.
type LeftRun struct {
	// Run is its id; empty where there is none.
	Run string
	// Commands that it claimed.
	Commands []string
	// Open are commands of other releases that have started and left no result.
	Open []OpenCommand
}

// OpenCommand is a command that may still be running.
type OpenCommand struct {
	Release   string
	Name      string
	StartedAt time.Time
}

// Declaration is what a release was declared to be, as its upload stored it.
type Declaration struct {
	Release string
	// Desired is nil where it is not stored, or not any more.
	Desired *Desired
}

// Whole tells what is missing of the live release.
type Whole struct {
	// Sendable names what can be sent again: assets, image, bundle, declaration.
	Sendable []string
	// Versions that are gone, which nothing brings back: a version published now has another number.
	Versions []string
}

// CommandEvidence is what the bucket tells of a command in a run.
type CommandEvidence struct {
	Name string
	// Claimed, Void, or neither: nothing is known of a start.
	Claimed bool
	Void    bool
	// Lost says that the bucket is gone: nothing can be claimed any more, and no result will come.
	Lost      bool
	StartedAt time.Time
	// Result is nil until the command ended.
	Result *CommandResult
}

// CommandResult is how a command ended.
type CommandResult struct {
	ExitCode   int32
	Output     []byte
	FinishedAt time.Time
}
