package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// StageStatus is what Aloft has observed and done. AWS is the truth for all of it but for what AWS cannot tell.
type StageStatus struct {
	// observedGeneration is the generation whose outcome the conditions tell: live, or refused.
	// +optional
	ObservedGeneration int64 `json:"observedGeneration,omitempty"`

	// phase is one word for people that tells where the Stage stands: Pending, Resolving, Preparing, Uploading, Updating,
	// Publishing, Warming, Commanding, Activating, Reverting, Cleaning, Live, Stalled, Suspended or Deleting. Automation
	// reads the conditions.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	Phase string `json:"phase,omitempty"`

	// conditions: Ready, Available, Reconciling, Stalled and one for each phase of a release.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=32
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// image is what spec.image was resolved to, once for each distinct value.
	// +optional
	Image *ResolvedImage `json:"image,omitempty"`

	// target is the newest run: one attempt to bring a release live.
	// +optional
	Target *Run `json:"target,omitempty"`

	// live is the release that the live aliases point at.
	// +optional
	Live *Release `json:"live,omitempty"`

	// history holds the releases that were live before, newest first.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=20
	History []Release `json:"history,omitempty"`

	// lastDurations are how long stack operations took, by the phase that waits for them: by them the next one is looked
	// at when it is about to end.
	// +optional
	// +listType=map
	// +listMapKey=phase
	// +kubebuilder:validation:MaxItems=9
	LastDurations []PhaseDuration `json:"lastDurations,omitempty"`

	// endpoints tell where the stage is reached.
	// +optional
	Endpoints *Endpoints `json:"endpoints,omitempty"`

	// deletion is the progress of a deletion.
	// +optional
	Deletion *Deletion `json:"deletion,omitempty"`

	// lastHandledReconcileAt is the last value of the annotation reconcile.fluxcd.io/requestedAt that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	LastHandledReconcileAt string `json:"lastHandledReconcileAt,omitempty"`

	// lastHandledRequestedAt is the last value of the annotation aloft.dev/requestedAt that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	LastHandledRequestedAt string `json:"lastHandledRequestedAt,omitempty"`

	// lastHandledRetry is the last value of the annotation aloft.dev/retry that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	LastHandledRetry string `json:"lastHandledRetry,omitempty"`

	// lastHandledCommandResolution is the last value of the annotation aloft.dev/command-resolution that was acted on.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	LastHandledCommandResolution string `json:"lastHandledCommandResolution,omitempty"`
}

// PhaseDuration is how long a phase took.
type PhaseDuration struct {
	// phase of a run.
	// +required
	// +kubebuilder:validation:MaxLength=32
	Phase string `json:"phase"`
	// milliseconds from its beginning to its end.
	// +required
	// +kubebuilder:validation:Minimum=0
	Milliseconds int64 `json:"milliseconds"`
}

// ResolvedImage is a build's image by content.
type ResolvedImage struct {
	// repository, tag and pinnedDigest are the spec.image that was resolved.
	// +required
	// +kubebuilder:validation:MaxLength=255
	Repository string `json:"repository"`
	// tag is the build id.
	// +required
	// +kubebuilder:validation:MaxLength=128
	Tag string `json:"tag"`
	// pinnedDigest is the digest that spec.image asked for, if any.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	PinnedDigest string `json:"pinnedDigest,omitempty"`
	// architecture that was chosen from an image index.
	// +required
	// +kubebuilder:validation:MaxLength=16
	Architecture string `json:"architecture"`
	// digest of the image for that architecture.
	// +required
	// +kubebuilder:validation:MaxLength=71
	Digest string `json:"digest"`
}

// RunState is where a run stands.
// +kubebuilder:validation:Enum=Running;Succeeded;Failed
type RunState string

// The states of a run.
const (
	// RunRunning: its phases go on.
	RunRunning RunState = "Running"
	// RunSucceeded: the release went live.
	RunSucceeded RunState = "Succeeded"
	// RunFailed: it stopped for good; a changed release or the retry annotation begins a new run.
	RunFailed RunState = "Failed"
)

// Run is one attempt to bring a release live.
type Run struct {
	// id of the run: unique for each attempt, and beginning with its time.
	// +required
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// releaseID is the id of the release, known as soon as its image is resolved.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ReleaseID string `json:"releaseID,omitempty"`
	// state of the run.
	// +required
	State RunState `json:"state"`
	// attempt counts the tries of this run.
	// +optional
	Attempt int32 `json:"attempt,omitempty"`
	// recovering says that nothing was remembered when the run began, and that AWS was not asked yet what is live.
	// +optional
	Recovering bool `json:"recovering,omitempty"`
	// buildID is the image tag.
	// +required
	// +kubebuilder:validation:MaxLength=128
	BuildID string `json:"buildID"`
	// imageDigest of the source image.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	ImageDigest string `json:"imageDigest,omitempty"`
	// uploadTries counts how often an upload was begun since one was last seen to end, and uploadTriedAt is when: where it
	// ends the operator again and again, it is left alone for a while.
	// +optional
	UploadTries int32 `json:"uploadTries,omitempty"`
	// uploadTriedAt is when an upload was last begun.
	// +optional
	UploadTriedAt *metav1.Time `json:"uploadTriedAt,omitempty"`

	// deployedDigest of the copy in ECR, with the runtime appended where the image lacked it.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	DeployedDigest string `json:"deployedDigest,omitempty"`
	// assetsDigest of the index of the build's assets.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	AssetsDigest string `json:"assetsDigest,omitempty"`
	// configHash names the bundle of environment and secrets.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ConfigHash string `json:"configHash,omitempty"`
	// templateRevision of the operator's templates that the release was made with.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	TemplateRevision string `json:"templateRevision,omitempty"`
	// generation of the Stage that asked for it.
	// +required
	Generation int64 `json:"generation"`
	// cause tells what made this release necessary.
	// +required
	Cause Cause `json:"cause"`
	// startedAt is when the run began.
	// +required
	StartedAt metav1.Time `json:"startedAt"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// failure tells why a failed run failed.
	// +optional
	Failure *Failure `json:"failure,omitempty"`
	// functions and the versions published for this release.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=30
	Functions []FunctionVersion `json:"functions,omitempty"`
	// warm tells how many environments were warmed.
	// +optional
	Warm *Warm `json:"warm,omitempty"`
	// activation is how the run takes over the traffic, recorded before the first move.
	// +optional
	Activation *Activation `json:"activation,omitempty"`
	// commands of the run.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=20
	Commands []CommandRun `json:"commands,omitempty"`
	// phases of the run, in order.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=16
	Phases []PhaseRun `json:"phases,omitempty"`
}

// CauseType is what kind of change made a release necessary.
// +kubebuilder:validation:Enum=Created;Image;Manifest;Secret;Retry;Request
type CauseType string

// The causes of releases.
const (
	// CauseCreated: nothing was live before.
	CauseCreated CauseType = "Created"
	// CauseImage: another tag was asked for.
	CauseImage CauseType = "Image"
	// CauseManifest: something else in the spec changed.
	CauseManifest CauseType = "Manifest"
	// CauseSecret: a Secret has other data.
	CauseSecret CauseType = "Secret"
	// CauseRetry: a person asked to try a failed release again.
	CauseRetry CauseType = "Retry"
	// CauseRequest: a person asked to release with the operator's newest templates.
	CauseRequest CauseType = "Request"
)

// Cause tells what made a release necessary.
type Cause struct {
	// type of the change.
	// +required
	Type CauseType `json:"type"`
	// name of what changed, such as a tag.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`
}

// Failure tells why a run failed.
type Failure struct {
	// condition is the phase's condition type.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Condition string `json:"condition"`
	// reason is one CamelCase word.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Reason string `json:"reason"`
	// message for people, with the remedy.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
}

// FunctionVersion is a function and one of its published versions.
type FunctionVersion struct {
	// name of the function within the stage: http, cli or <worker>-queue.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`
	// version is the number that Lambda gave.
	// +required
	// +kubebuilder:validation:MaxLength=20
	Version string `json:"version"`
	// pending is true while Lambda still prepares the version.
	// +optional
	Pending bool `json:"pending,omitempty"`
}

// Activation is how a run takes over the traffic: a list of moves, and a clock for each question that is asked of it.
type Activation struct {
	// intendedAt is when the moves were recorded, just before the first of them.
	// +required
	IntendedAt metav1.Time `json:"intendedAt"`
	// stageSince is when the present stage of the strategy began.
	// +required
	StageSince metav1.Time `json:"stageSince"`
	// failingSince is when the errors began that no success has followed yet.
	// +optional
	FailingSince *metav1.Time `json:"failingSince,omitempty"`
	// moves in the order in which they are made; they are taken back in reverse.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=60
	Moves []Move `json:"moves,omitempty"`
}

// MoveKind is the kind of pointer that is moved.
// +kubebuilder:validation:Enum=Alias
type MoveKind string

// MoveAlias moves the live alias of a function from one version to another.
const MoveAlias MoveKind = "Alias"

// MoveState is where a move stands.
// +kubebuilder:validation:Enum=Pending;Done;Reverted
type MoveState string

// The states of a move.
const (
	// MovePending: it was not made yet.
	MovePending MoveState = "Pending"
	// MoveDone: it was made.
	MoveDone MoveState = "Done"
	// MoveReverted: it was taken back.
	MoveReverted MoveState = "Reverted"
)

// Move is one pointer that carries traffic, with where it was and where it is to be.
type Move struct {
	// kind of the pointer.
	// +required
	Kind MoveKind `json:"kind"`
	// name of the function within the stage.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`
	// before is the version before; absent where there was no alias.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	Before string `json:"before,omitempty"`
	// after is the version of the release.
	// +required
	// +kubebuilder:validation:MaxLength=20
	After string `json:"after"`
	// percent of the traffic that goes to the version of the release, as far as this run has moved it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	Percent int32 `json:"percent,omitempty"`
	// state of the move.
	// +required
	State MoveState `json:"state"`
}

// Warm tells how many environments were warmed.
type Warm struct {
	// distinct environments that answered.
	// +required
	Distinct int32 `json:"distinct"`
	// wanted environments.
	// +required
	Wanted int32 `json:"wanted"`
	// at is when.
	// +required
	At metav1.Time `json:"at"`
}

// CommandState is where a deploy command stands.
// +kubebuilder:validation:Enum=Announced;Started;Succeeded;Failed;Void;Unknown
type CommandState string

// The states of a deploy command.
const (
	// CommandAnnounced: the intent is written; the function may have been invoked.
	CommandAnnounced CommandState = "Announced"
	// CommandStarted: its claim was seen.
	CommandStarted CommandState = "Started"
	// CommandSucceeded: it ended with exit code 0.
	CommandSucceeded CommandState = "Succeeded"
	// CommandFailed: it ended with another exit code or was cut off.
	CommandFailed CommandState = "Failed"
	// CommandVoid: it is proven that it never started and never will.
	CommandVoid CommandState = "Void"
	// CommandUnknown: it started, and no result came.
	CommandUnknown CommandState = "Unknown"
)

// CommandRun is a deploy command in a run.
type CommandRun struct {
	// name of the command.
	// +required
	// +kubebuilder:validation:MaxLength=64
	Name string `json:"name"`
	// state of the command.
	// +required
	State CommandState `json:"state"`
	// announcedAt is when the intent was written.
	// +optional
	AnnouncedAt *metav1.Time `json:"announcedAt,omitempty"`
	// notAfter is the time after which the command must not start any more.
	// +optional
	NotAfter *metav1.Time `json:"notAfter,omitempty"`
	// invoked says that Lambda has accepted the invocation.
	// +optional
	Invoked bool `json:"invoked,omitempty"`
	// startedAt is when it started, by its claim, which Lambda's clock tells.
	// +optional
	StartedAt *metav1.Time `json:"startedAt,omitempty"`
	// seenAt is when its claim was first seen, by the operator's clock.
	// +optional
	SeenAt *metav1.Time `json:"seenAt,omitempty"`
	// finishedAt is when it ended, by its result.
	// +optional
	FinishedAt *metav1.Time `json:"finishedAt,omitempty"`
	// exitCode of the command.
	// +optional
	ExitCode *int32 `json:"exitCode,omitempty"`
	// output is the tail of what it printed, without known secret values.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Output string `json:"output,omitempty"`
}

// PhaseState is where a phase of a run stands.
// +kubebuilder:validation:Enum=Pending;Running;Succeeded;Failed
type PhaseState string

// The states of a phase.
const (
	// PhasePending: its turn has not come.
	PhasePending PhaseState = "Pending"
	// PhaseRunning: it goes on.
	PhaseRunning PhaseState = "Running"
	// PhaseSucceeded: it is done.
	PhaseSucceeded PhaseState = "Succeeded"
	// PhaseFailed: it ended the run.
	PhaseFailed PhaseState = "Failed"
)

// PhaseRun is a phase of a run.
type PhaseRun struct {
	// name of the phase.
	// +required
	// +kubebuilder:validation:MaxLength=32
	Name string `json:"name"`
	// state of the phase.
	// +required
	State PhaseState `json:"state"`
	// startedAt is when it began.
	// +optional
	StartedAt *metav1.MicroTime `json:"startedAt,omitempty"`
	// finishedAt is when it ended.
	// +optional
	FinishedAt *metav1.MicroTime `json:"finishedAt,omitempty"`
	// operationAt is when it last began an operation of a stack.
	// +optional
	OperationAt *metav1.MicroTime `json:"operationAt,omitempty"`
	// attempt counts how often it was begun again in this run.
	// +optional
	Attempt int32 `json:"attempt,omitempty"`
	// message for people.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	Message string `json:"message,omitempty"`
}

// Release is a build with a manifest, environment and secrets, as it is or was live.
type Release struct {
	// id of the release: a hash over what the user declared.
	// +required
	// +kubebuilder:validation:MaxLength=64
	ID string `json:"id"`
	// buildID is the image tag.
	// +required
	// +kubebuilder:validation:MaxLength=128
	BuildID string `json:"buildID"`
	// imageDigest of the source image.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	ImageDigest string `json:"imageDigest,omitempty"`
	// deployedDigest of the copy in ECR.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	DeployedDigest string `json:"deployedDigest,omitempty"`
	// assetsDigest of the index of the build's assets.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	AssetsDigest string `json:"assetsDigest,omitempty"`
	// configHash names the bundle of environment and secrets.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	ConfigHash string `json:"configHash,omitempty"`
	// templateRevision of the operator's templates that the release was made with.
	// +required
	// +kubebuilder:validation:MaxLength=16
	TemplateRevision string `json:"templateRevision"`
	// activatedAt is when its aliases were switched.
	// +optional
	ActivatedAt *metav1.Time `json:"activatedAt,omitempty"`
	// supersededAt is when another release took its place.
	// +optional
	SupersededAt *metav1.Time `json:"supersededAt,omitempty"`
	// functions and their versions.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=30
	Functions []FunctionVersion `json:"functions,omitempty"`
	// cleaned says that what earlier releases left behind has been removed.
	// +optional
	Cleaned bool `json:"cleaned,omitempty"`
}

// Endpoints tell where the stage is reached.
type Endpoints struct {
	// url of the stage.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	URL string `json:"url,omitempty"`
	// cdnDomain of the distribution.
	// +optional
	// +kubebuilder:validation:MaxLength=253
	CDNDomain string `json:"cdnDomain,omitempty"`
	// apiEndpoint of the API behind the distribution.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	APIEndpoint string `json:"apiEndpoint,omitempty"`
}

// Deletion is the progress of a deletion.
type Deletion struct {
	// since is when the stacks were recorded.
	// +optional
	Since *metav1.Time `json:"since,omitempty"`
	// appStackID of the application stack, kept so that what it retained is found after it is gone.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	AppStackID string `json:"appStackID,omitempty"`
	// foundationStackID of the foundation stack.
	// +optional
	// +kubebuilder:validation:MaxLength=2048
	FoundationStackID string `json:"foundationStackID,omitempty"`
}
