package release

// Phase is one leg of a run.
type Phase string

// The phases in order.
const (
	PhaseResolve    Phase = "Resolve"
	PhaseFoundation Phase = "Foundation"
	PhaseUpload     Phase = "Upload"
	PhaseStack      Phase = "Stack"
	PhasePublish    Phase = "Publish"
	PhaseWarm       Phase = "Warm"
	PhaseCommands   Phase = "Commands"
	PhaseActivate   Phase = "Activate"
	PhaseClean      Phase = "Clean"
)

// Phases in the order in which a run goes through them.
var Phases = []Phase{
	PhaseResolve, PhaseFoundation, PhaseUpload, PhaseStack, PhasePublish, PhaseWarm, PhaseCommands, PhaseActivate, PhaseClean,
}

// Action is what a step does.
type Action string

// The closed list of actions.
const (
	// ActionLook observes Step.Part.
	ActionLook Action = "Look"
	// ActionRecoverLive records the live release that the aliases tell of.
	ActionRecoverLive Action = "RecoverLive"
	// ActionBegin begins a run of the desired release.
	ActionBegin Action = "Begin"
	// ActionStack takes Step.Stack one operation further towards Step.Rendering.
	ActionStack Action = "Stack"
	// ActionReturn gives up a run, because the live release is the desired one.
	ActionReturn Action = "Return"
	// ActionResume goes on with a failed run whose aliases are already where they should be.
	ActionResume Action = "Resume"
	// ActionTryAgain counts another try of the run, so that a stack operation that failed for a while only is made again.
	ActionTryAgain Action = "TryAgain"
	// ActionUpload sends assets, bundle and image.
	ActionUpload Action = "Upload"
	// ActionPublish publishes a version of each function.
	ActionPublish Action = "Publish"
	// ActionWarm invokes each version and warms environments.
	ActionWarm Action = "Warm"
	// ActionAnnounce records the intent to start Step.Command.
	ActionAnnounce Action = "Announce"
	// ActionInvoke starts Step.Command.
	ActionInvoke Action = "Invoke"
	// ActionVoid puts the claim of Step.Command so that it never starts.
	ActionVoid Action = "Void"
	// ActionRecordCommand records what the evidence tells of Step.Command.
	ActionRecordCommand Action = "RecordCommand"
	// ActionIntendFlip records where the aliases point before they are moved.
	ActionIntendFlip Action = "IntendFlip"
	// ActionFlip points the live alias of Step.Function at the run's version.
	ActionFlip Action = "Flip"
	// ActionFlipBack points the live alias of Step.Function at the version before the run.
	ActionFlipBack Action = "FlipBack"
	// ActionSeal records that the release is live.
	ActionSeal Action = "Seal"
	// ActionTrim drops releases from the history, before the first of what they used is removed.
	ActionTrim Action = "Trim"
	// ActionSweep removes versions, images, assets, bundles and templates that no kept release needs.
	ActionSweep Action = "Sweep"
	// ActionRecordStacks records the ids of the stacks that are about to be deleted.
	ActionRecordStacks Action = "RecordStacks"
	// ActionRemoveApp removes what the application stack retained, and all images and objects.
	ActionRemoveApp Action = "RemoveApp"
	// ActionRemoveFoundation removes what the foundation stack retained.
	ActionRemoveFoundation Action = "RemoveFoundation"
	// ActionRelease lets the Stage go.
	ActionRelease Action = "Release"
	// ActionDone: there is nothing to do.
	ActionDone Action = "Done"
)

// Step is the single next thing that the planner names.
type Step struct {
	Action Action
	Phase  Phase
	Part   Part
	// ChangeSet is the name of the change set to look at with the part.
	ChangeSet string
	// Stack operation, for ActionStack.
	Stack *StackStep
	// Function by its name within the stage, for ActionFlip and ActionFlipBack.
	Function string
	// Command by its name.
	Command string
}

// StackOperation is a call to CloudFormation.
type StackOperation string

// The operations on a stack.
const (
	StackCreate           StackOperation = "Create"
	StackUpdate           StackOperation = "Update"
	StackCreateChangeSet  StackOperation = "CreateChangeSet"
	StackExecuteChangeSet StackOperation = "ExecuteChangeSet"
	StackDeleteChangeSet  StackOperation = "DeleteChangeSet"
	StackContinueRollback StackOperation = "ContinueRollback"
	StackDelete           StackOperation = "Delete"
)

// StackStep is one operation on one stack.
type StackStep struct {
	Part       Part
	Name       string
	Operation  StackOperation
	Template   []byte
	Parameters map[string]string
	// Token makes the operation happen once; it is the name of the change set too.
	Token string
}
