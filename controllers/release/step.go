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
	PhaseAssets     Phase = "Assets"
	PhaseWarm       Phase = "Warm"
	PhaseCommands   Phase = "Commands"
	PhaseActivate   Phase = "Activate"
	PhaseClean      Phase = "Clean"
)

// Action is what a step does.
type Action string

// The closed list of actions.
const (
	// ActionLook observes Step.Part.
	ActionLook Action = "Look"
	// ActionStop ends what goes on beside the reconciles for the stage.
	ActionStop Action = "Stop"
	// ActionBegin begins a run of what is asked for.
	ActionBegin Action = "Begin"
	// ActionResolve gives the digest that the tag stands for.
	ActionResolve Action = "Resolve"
	// ActionRecover records what AWS tells of earlier releases, where nothing was remembered.
	ActionRecover Action = "Recover"
	// ActionPass records that Step.Phase is done.
	ActionPass Action = "Pass"
	// ActionStack takes Step.Stack one operation further.
	ActionStack Action = "Stack"
	// ActionReturn gives up a run, because the live release is the desired one.
	ActionReturn Action = "Return"
	// ActionResume goes on with a failed run whose aliases are already where they should be.
	ActionResume Action = "Resume"
	// ActionTryAgain counts another try of the run, so that a stack operation that failed for a while only is made again.
	ActionTryAgain Action = "TryAgain"
	// ActionUpload sends image and bundle, and begins to send the assets.
	ActionUpload Action = "Upload"
	// ActionAssets sends the assets to the end.
	ActionAssets Action = "Assets"
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
	// ActionIntend records the moves before the first of them is made.
	ActionIntend Action = "Intend"
	// ActionMove makes Step.Move.
	ActionMove Action = "Move"
	// ActionRevert takes Step.Move back.
	ActionRevert Action = "Revert"
	// ActionSeal records that the release is live.
	ActionSeal Action = "Seal"
	// ActionTrim drops releases from the history, before the first of what they used is removed.
	ActionTrim Action = "Trim"
	// ActionSweep removes versions, images, assets, bundles and templates that no kept release needs.
	ActionSweep Action = "Sweep"
	// ActionRepair sends again what is missing of the live release.
	ActionRepair Action = "Repair"
	// ActionCleaned records that nothing is left of what no kept release needs, and that what is live is whole.
	ActionCleaned Action = "Cleaned"
	// ActionRecordStacks records the ids of the stacks that are about to be deleted.
	ActionRecordStacks Action = "RecordStacks"
	// ActionRemoveApp removes what the application stack retained, and all images and objects.
	ActionRemoveApp Action = "RemoveApp"
	// ActionRemoveFoundation removes what the foundation stack retained.
	ActionRemoveFoundation Action = "RemoveFoundation"
	// ActionLetGo lets the Stage go: its finalizer is removed.
	ActionLetGo Action = "LetGo"
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
	// Template says that the deployed template is needed, which is read of the foundation only then.
	Template bool
	// Contents says that what the versions behind aliases consist of is needed too.
	Contents bool
	// Stack operation, for ActionStack.
	Stack *StackStep
	// Move to make or to take back, for ActionMove and ActionRevert.
	Move *Move
	// Command by its name.
	Command string
	// Release by its id, for what is looked at of it.
	Release string
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

// Lasts says that the stack itself is operated on, which takes its time.
func (o StackOperation) Lasts() bool {
	return o != StackCreateChangeSet && o != StackDeleteChangeSet
}

// SecretUse is how an operation gives a stack its origin's secret.
type SecretUse string

// The ways to give it. A stack keeps the secret that it has, for that is the one which its functions know.
const (
	SecretNone SecretUse = ""
	SecretSent SecretUse = "Sent"
	SecretKept SecretUse = "Kept"
)

// StackStep is one operation on one stack.
type StackStep struct {
	Part Part
	// Condition of the phase that the operation belongs to.
	Condition  string
	Name       string
	Operation  StackOperation
	Template   []byte
	Parameters map[string]string
	// Secret is how the operation gives the stack its origin's secret.
	Secret SecretUse
	// Token makes the operation happen once; it is the name of the change set too.
	Token string
}

// Outcome is what a step has brought about, for the record. A step that is done in part says what is done so far.
type Outcome struct {
	Image     *ResolvedImage
	Uploaded  *Uploaded
	Assets    *Assets
	Functions []FunctionVersion
	Warm      *Warm
	// Repeated says that CloudFormation knew the operation of a stack already, by its token.
	Repeated bool
	// Alias as AWS has it after a move; nil where someone wrote in between.
	Alias *Alias
}

// Uploaded is where a release's image and variables are by content.
type Uploaded struct {
	DeployedDigest string
	ConfigHash     string
}

// Assets are a build's assets that are in their place.
type Assets struct {
	// Digest of their index.
	Digest string
	// LeftOut says which files below the assets path were not published and why; empty where all were, and where nothing
	// had to be sent.
	LeftOut string
}

// Pool is where a step that takes long is done beside the reconciles. Each has room of its own, so that none waits
// behind what takes longer.
type Pool string

// The pools.
const (
	// PoolResolve asks the registry of a user's image.
	PoolResolve Pool = "resolve"
	// PoolUpload copies images, assets and variables.
	PoolUpload Pool = "upload"
	// PoolWarm starts versions and holds environments.
	PoolWarm Pool = "warm"
	// PoolRemove lists and deletes.
	PoolRemove Pool = "remove"
)
