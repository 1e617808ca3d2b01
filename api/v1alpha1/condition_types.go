package v1alpha1

// Condition types. Each phase of a release has one; Ready, Available, Reconciling and Stalled sum them up.
const (
	// ConditionReady: the release that this generation asks for is live, and was read back.
	ConditionReady = "Ready"
	// ConditionAvailable: the recorded live release serves, whatever happens to the target.
	ConditionAvailable = "Available"
	// ConditionReconciling: a release or a retry is under way. Removed when it is not true.
	ConditionReconciling = "Reconciling"
	// ConditionStalled: nothing will happen until the user acts. Removed when it is not true.
	ConditionStalled = "Stalled"

	// ConditionImageResolved: the tag is resolved to the digest of an image for the stage's architecture.
	ConditionImageResolved = "ImageResolved"
	// ConditionFoundationReady: bucket, repository, key and role exist and belong to this stage.
	ConditionFoundationReady = "FoundationReady"
	// ConditionAssetsUploaded: every asset of the build is in the bucket.
	ConditionAssetsUploaded = "AssetsUploaded"
	// ConditionImagePushed: the image is in the stage's repository, and the bundle of variables in its bucket.
	ConditionImagePushed = "ImagePushed"
	// ConditionStackUpdated: the application stack holds what the release needs.
	ConditionStackUpdated = "StackUpdated"
	// ConditionVersionsPublished: each function has an active version of the release.
	ConditionVersionsPublished = "VersionsPublished"
	// ConditionWarmed: each version answered, and environments are warm.
	ConditionWarmed = "Warmed"
	// ConditionCommandsSucceeded: the deploy commands of the release ended with exit code 0.
	ConditionCommandsSucceeded = "CommandsSucceeded"
	// ConditionActivated: the live aliases point at the release.
	ConditionActivated = "Activated"
	// ConditionCleaned: what earlier releases left behind is removed. It never blocks Ready.
	ConditionCleaned = "Cleaned"
)

// Reasons of conditions.
const (
	// ReasonSucceeded: the phase is done.
	ReasonSucceeded = "Succeeded"
	// ReasonPending: its turn in this run has not come.
	ReasonPending = "Pending"
	// ReasonProgressing: it goes on.
	ReasonProgressing = "Progressing"
	// ReasonProgressingWithRetry: it met an error that may pass and tries again.
	ReasonProgressingWithRetry = "ProgressingWithRetry"
	// ReasonSuspended: spec.suspend holds the release before its next phase.
	ReasonSuspended = "Suspended"
	// ReasonLive: the release is live.
	ReasonLive = "Live"
	// ReasonNotLive: nothing is live yet.
	ReasonNotLive = "NotLive"
	// ReasonDeleting: the Stage is being deleted.
	ReasonDeleting = "Deleting"

	// ReasonProfileNotFound: the StageProfile does not exist (yet).
	ReasonProfileNotFound = "ProfileNotFound"
	// ReasonProfileNotAllowed: the StageProfile does not allow the Stage's namespace.
	ReasonProfileNotAllowed = "ProfileNotAllowed"
	// ReasonProfileMismatch: the credentials belong to another account than the profile says.
	ReasonProfileMismatch = "ProfileMismatch"
	// ReasonRegistryNotAllowed: the StageProfile does not allow the image's registry.
	ReasonRegistryNotAllowed = "RegistryNotAllowed"
	// ReasonQuotaExceeded: the Stage asks for more than the limits of the StageProfile allow.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonRoleNotAllowed: the StageProfile does not offer the function role to the namespace.
	ReasonRoleNotAllowed = "RoleNotAllowed"
	// ReasonSecretNotFound: a referenced Secret does not exist (yet).
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonInvalidSecret: a Secret's key cannot be the name of a variable, or it is too large.
	ReasonInvalidSecret = "InvalidSecret"
	// ReasonInvalidManifest: the manifest cannot be deployed as it is.
	ReasonInvalidManifest = "InvalidManifest"
	// ReasonAccessDenied: AWS or the registry refuses the credentials.
	ReasonAccessDenied = "AccessDenied"
	// ReasonNotOwned: something of the stage's name on AWS belongs to someone else.
	ReasonNotOwned = "NotOwned"

	// ReasonImageNotFound: the tag is not in the registry (yet).
	ReasonImageNotFound = "ImageNotFound"
	// ReasonImageUnsupported: Lambda cannot run the image as it is.
	ReasonImageUnsupported = "ImageUnsupported"
	// ReasonTagMoved: the tag names other content than it did before.
	ReasonTagMoved = "TagMoved"
	// ReasonAssetsMoved: the assets of an activated build differ from those in the image.
	ReasonAssetsMoved = "AssetsMoved"
	// ReasonAssetsInvalid: the assets folder cannot be served as it is.
	ReasonAssetsInvalid = "AssetsInvalid"

	// ReasonUploadInterrupted: the operator ended in the midst of the upload, again and again.
	ReasonUploadInterrupted = "UploadInterrupted"
	// ReasonStackBusy: another operation runs on the stack.
	ReasonStackBusy = "StackBusy"
	// ReasonStackRolledBack: the stack could not be updated and was rolled back.
	ReasonStackRolledBack = "StackRolledBack"
	// ReasonStackRefused: the change would replace or remove something that must stay.
	ReasonStackRefused = "StackRefused"
	// ReasonStackNeedsHelp: the stack is in a state that only a person can resolve.
	ReasonStackNeedsHelp = "StackNeedsHelp"

	// ReasonVersionFailed: a published version cannot become active.
	ReasonVersionFailed = "VersionFailed"
	// ReasonWarmFailed: a new version does not start.
	ReasonWarmFailed = "WarmFailed"
	// ReasonCommandFailed: a deploy command failed.
	ReasonCommandFailed = "CommandFailed"
	// ReasonCommandNotStarted: a deploy command could not be started, and never will in this run.
	ReasonCommandNotStarted = "CommandNotStarted"
	// ReasonCommandOutcomeUnknown: a deploy command started, and whether it succeeded cannot be known.
	ReasonCommandOutcomeUnknown = "CommandOutcomeUnknown"
	// ReasonDeclarationGone: the declaration of a release is gone whose run had to end first.
	ReasonDeclarationGone = "DeclarationGone"
	// ReasonAliasConflict: someone else moved a live alias.
	ReasonAliasConflict = "AliasConflict"
	// ReasonEntryFailed: the release is live, but what lets traffic reach it could not be updated.
	ReasonEntryFailed = "EntryFailed"
	// ReasonRolledBack: activation failed and the aliases were moved back.
	ReasonRolledBack = "RolledBack"
	// ReasonRevertFailed: activation failed, and the aliases could not be moved back either.
	ReasonRevertFailed = "RevertFailed"
	// ReasonCleanupDegraded: something could not be removed; it is tried again.
	ReasonCleanupDegraded = "CleanupDegraded"
	// ReasonLiveIncomplete: something of what is live is gone and cannot be restored.
	ReasonLiveIncomplete = "LiveIncomplete"
)
