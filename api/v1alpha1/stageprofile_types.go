package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// StageProfileFinalizer keeps a profile while a Stage refers to it.
const StageProfileFinalizer = "aloft.dev/in-use"

// StageProfile is written by the platform team: the AWS account, region, roles and limits that it grants to namespaces.
// +kubebuilder:object:root=true
// +kubebuilder:resource:path=stageprofiles,scope=Cluster,shortName=astp,categories=aloft
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.spec.accountID`
// +kubebuilder:printcolumn:name="Region",type=string,JSONPath=`.spec.region`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
type StageProfile struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the platform team grants.
	// +required
	Spec StageProfileSpec `json:"spec"`
}

// StageProfileList is a list of StageProfiles.
// +kubebuilder:object:root=true
type StageProfileList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []StageProfile `json:"items"`
}

// StageProfileSpec grants an AWS account, region, roles and limits to namespaces.
type StageProfileSpec struct {
	// accountID of the AWS account; it is verified before anything is written.
	// +required
	// +kubebuilder:validation:MaxLength=12
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{12}$')",message="must be the 12 digits of an AWS account, in quotes"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is immutable, for stages live there: make another StageProfile"
	AccountID string `json:"accountID"`

	// region of everything that the stages own.
	// +required
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2,3}(-[a-z]+)+-[0-9]$')",message="must be the name of an AWS region, such as eu-central-1"
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is immutable, for stages live there: make another StageProfile"
	Region string `json:"region"`

	// roleARN is the role that the operator assumes for stages of this profile. It never acts by its own identity.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')",message="must be the ARN of a role, such as arn:aws:iam::123456789012:role/aloft"
	// +kubebuilder:validation:MaxLength=2048
	RoleARN string `json:"roleARN"`

	// externalID is given when the role is assumed. Without it: <cluster id>/<profile>.
	// +optional
	// +kubebuilder:validation:MaxLength=1224
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_+=,.@:/-]{2,}$')",message="must have 2 to 1224 letters, digits and characters of _+=,.@:/-, as AWS takes them"
	ExternalID string `json:"externalID,omitempty"`

	// stackRoleARN is the role that CloudFormation uses.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')",message="must be the ARN of a role, such as arn:aws:iam::123456789012:role/aloft"
	// +kubebuilder:validation:MaxLength=2048
	StackRoleARN string `json:"stackRoleARN,omitempty"`

	// functionRoles that a manifest may choose by name.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	FunctionRoles []FunctionRole `json:"functionRoles,omitempty"`

	// permissionsBoundaryARN limits the roles that are made for stages.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::([0-9]{12}|aws):policy/.+$')",message="must be the ARN of a policy, such as arn:aws:iam::123456789012:policy/aloft-stages"
	// +kubebuilder:validation:MaxLength=2048
	PermissionsBoundaryARN string `json:"permissionsBoundaryARN,omitempty"`

	// allowedNamespaces selects the namespaces whose stages may use the profile. Empty selects all; absent selects none.
	// +optional
	AllowedNamespaces *metav1.LabelSelector `json:"allowedNamespaces,omitempty"`

	// allowedRegistries are the registries or repository prefixes that images may come from, such as ghcr.io/acme. Empty
	// allows all.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	AllowedRegistries []string `json:"allowedRegistries,omitempty"`

	// adopt are the marks of owners whose stages are taken over by Stages of this profile that have the same namespace
	// and name: <cluster id>/<namespace>/<name>/<UID of the namespace>, as the message of a Stage tells it, or what a
	// mark begins with, such as the id of a cluster that is gone. Whoever takes a stage over has all that it holds: its
	// secrets, its jobs, its domain. An entry may go when the Stages have been released once more.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.all(mark, mark.matches('^[A-Za-z0-9._-]+(/[a-z0-9.-]+){0,3}$'))",message="adopt: each must be <cluster id>/<namespace>/<name>/<UID of the namespace>, or what that begins with"
	Adopt []string `json:"adopt,omitempty"`

	// deletionPolicy of stages that name none.
	// +optional
	// +kubebuilder:default=Retain
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// commandOutput says where the output of deploy commands is kept: Status shows its tail in the Stage's status,
	// StoreOnly leaves it in the stage's bucket alone.
	// +optional
	// +kubebuilder:default=Status
	CommandOutput CommandOutput `json:"commandOutput,omitempty"`

	// limits of what stages of this profile may ask for.
	// +optional
	Limits *ProfileLimits `json:"limits,omitempty"`
}

// ProfileLimits are what stages may ask for. What is left out is left to the operator's own bounds.
type ProfileLimits struct {
	// stagesPerNamespace is how many Stages of one namespace may use the profile: the oldest of them.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 10000",message="limits.stagesPerNamespace must be between 1 and 10000"
	StagesPerNamespace int32 `json:"stagesPerNamespace,omitempty"`

	// memoryMiB of one environment of any function.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 128 && self <= 10240",message="limits.memoryMiB must be between 128 and 10240, which is what Lambda takes"
	MemoryMiB int32 `json:"memoryMiB,omitempty"`

	// reservedConcurrency is how much of the account's concurrency the functions of a Stage may reserve together.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100000",message="limits.reservedConcurrency must be between 1 and 100000"
	ReservedConcurrency int32 `json:"reservedConcurrency,omitempty"`

	// imageMiB is the size of an image's layers together, as they are compressed.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 10240",message="limits.imageMiB must be between 1 and 10240, which is what Lambda takes"
	ImageMiB int32 `json:"imageMiB,omitempty"`

	// assetFiles is the number of files that an image may publish.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 100000",message="limits.assetFiles must be between 1 and 100000"
	AssetFiles int32 `json:"assetFiles,omitempty"`

	// assetMiB is the size of these files together.
	// +optional
	// +kubebuilder:validation:XValidation:rule="self >= 1 && self <= 4096",message="limits.assetMiB must be between 1 and 4096"
	AssetMiB int32 `json:"assetMiB,omitempty"`
}

// CommandOutput says where the output of deploy commands is kept.
// +kubebuilder:validation:Enum=Status;StoreOnly
type CommandOutput string

const (
	// CommandOutputStatus shows the tail of the output in the Stage's status, without known secret values.
	CommandOutputStatus CommandOutput = "Status"
	// CommandOutputStoreOnly leaves the output in the stage's bucket alone.
	CommandOutputStoreOnly CommandOutput = "StoreOnly"
)

// FunctionRole is a role that functions may have.
type FunctionRole struct {
	// name that a manifest chooses it by.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`

	// arn of the role.
	// +required
	// +kubebuilder:validation:XValidation:rule="self.matches('^arn:aws[a-z-]*:iam::[0-9]{12}:role/.+$')",message="must be the ARN of a role, such as arn:aws:iam::123456789012:role/aloft"
	// +kubebuilder:validation:MaxLength=2048
	ARN string `json:"arn"`

	// namespaces that may use it.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=100
	// +kubebuilder:validation:items:MaxLength=63
	Namespaces []string `json:"namespaces"`
}
