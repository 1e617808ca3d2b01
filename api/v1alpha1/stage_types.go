package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// StageFinalizer keeps a Stage until what it owns on AWS is settled by its deletion policy.
const StageFinalizer = "aloft.dev/finalizer"

// Stage is one deployed environment of one web application: its image tag and the manifest of
// everything that it consists of on AWS.
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=stages,shortName=ast,categories=aloft
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Phase",type=string,JSONPath=`.status.phase`
// +kubebuilder:printcolumn:name="Target",type=string,JSONPath=`.spec.image.tag`
// +kubebuilder:printcolumn:name="Live",type=string,JSONPath=`.status.live.buildID`
// +kubebuilder:printcolumn:name="Message",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].message`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:selectablefield:JSONPath=`.spec.profileRef.name`
// +kubebuilder:validation:XValidation:rule="self.metadata.name.size() <= 40 && !self.metadata.name.contains('.')",message="metadata.name must be at most 40 characters without dots: it becomes part of AWS names"
type Stage struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// spec is what the user declares.
	// +required
	Spec StageSpec `json:"spec"`

	// status is what Aloft has observed and done.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status StageStatus `json:"status,omitempty"`
}

// StageList is a list of Stages.
// +kubebuilder:object:root=true
type StageList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []Stage `json:"items"`
}

// StageSpec declares a stage: where it lives, which build it runs and what it consists of.
type StageSpec struct {
	// profileRef names the StageProfile that grants the AWS account, region and roles.
	// +required
	// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="is immutable: a stage cannot move to another account; create a new Stage and delete this one"
	ProfileRef ProfileReference `json:"profileRef"`

	// image is the build: changing its tag makes a release.
	// +required
	Image Image `json:"image"`

	// assets tells where the build's static files are; they are served from /_aloft/assets/<image tag>/,
	// which the variable ASSET_URL of every function tells in full.
	// +optional
	Assets *Assets `json:"assets,omitempty"`

	// manifest is what the stage consists of.
	// +optional
	// +kubebuilder:default={}
	Manifest Manifest `json:"manifest,omitzero"`

	// retention bounds what is kept of earlier releases.
	// +optional
	// +kubebuilder:default={}
	Retention Retention `json:"retention,omitzero"`

	// deletionPolicy says what happens on AWS when the Stage is deleted: Retain leaves it serving, Delete
	// removes everything. Without it the profile decides.
	// +optional
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`

	// suspend stops a release before its next phase; what is live goes on serving.
	// +optional
	Suspend bool `json:"suspend,omitempty"`
}

// ProfileReference names a StageProfile.
type ProfileReference struct {
	// name of the StageProfile.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name"`
}

// LocalReference names an object in the Stage's own namespace.
type LocalReference struct {
	// name of the object.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name"`
}

// Image is a build: a container image and the tag that names it.
type Image struct {
	// repository without a tag, such as ghcr.io/acme/clouder.
	// +required
	// +kubebuilder:validation:MinLength=3
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="!self.contains('@') && !self.matches('/[^/]*:')",message="must not carry a tag or digest: use spec.image.tag and spec.image.digest"
	// +kubebuilder:validation:XValidation:rule="self.contains('@') || self.matches('/[^/]*:') || self.matches('^[a-z0-9]([a-z0-9.-]*[a-z0-9])?(:[0-9]{1,5})?(/[a-z0-9]+([._-]+[a-z0-9]+)*)+$')",message="must name registry and repository in lower case, such as ghcr.io/acme/clouder or docker.io/library/nginx"
	Repository string `json:"repository"`

	// tag is the build id: unique for each build and never moved to other content.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=100
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9_][A-Za-z0-9._-]*$')",message="must begin with a letter, digit or underscore and hold only these, dots and dashes"
	// +kubebuilder:validation:XValidation:rule="self != 'latest'",message="must name one build: 'latest' moves, use a commit id or a version"
	Tag string `json:"tag"`

	// digest pins the content of the tag: sha256:<64 hexadecimal digits>.
	// +optional
	// +kubebuilder:validation:MaxLength=71
	// +kubebuilder:validation:XValidation:rule="self.matches('^sha256:[a-f0-9]{64}$')",message="must be sha256: and 64 hexadecimal digits; leave it out to follow the tag"
	Digest string `json:"digest,omitempty"`

	// pullSecretRef names a kubernetes.io/dockerconfigjson Secret with access to the repository.
	// +optional
	PullSecretRef *LocalReference `json:"pullSecretRef,omitempty"`
}

// Assets tells where the build's static files are. Exactly one member.
// +kubebuilder:validation:XValidation:rule="has(self.fromImage)",message="assets needs fromImage: {path: <folder in the image>}; leave assets out when the build has none"
type Assets struct {
	// fromImage takes a folder out of the image itself.
	// +optional
	FromImage *AssetsFromImage `json:"fromImage,omitempty"`
}

// AssetsFromImage names a folder inside the image.
type AssetsFromImage struct {
	// path is the absolute path of the folder, such as /var/www/public.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.matches('^(/[A-Za-z0-9._@+-]+)+$') && !self.matches('/[.][.]?(/|$)')",message="must be the absolute path of a folder in the image, such as /var/www/public, without . and .. and without a slash at its end"
	Path string `json:"path"`

	// include names files that would not be published otherwise, since files of their kind must mostly stay private (dot
	// files, sources, keys, dumps): a path below the folder, a folder with a slash at its end, or *.<ending>.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=50
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=255
	// +kubebuilder:validation:XValidation:rule="self.all(x, x.matches('^([*][.][A-Za-z0-9.]+|[^/*][^*]*)$'))",message="each must be a path below the folder such as docs/api.yaml, a folder such as docs/, or an ending such as *.yaml"
	Include []string `json:"include,omitempty"`
}

// Retention bounds what is kept of earlier releases.
type Retention struct {
	// releases is the number of releases kept beside the live one.
	// +optional
	// +kubebuilder:default=5
	// +kubebuilder:validation:Minimum=2
	// +kubebuilder:validation:Maximum=20
	Releases int32 `json:"releases,omitempty"`
}

// DeletionPolicy says what happens on AWS when a Stage is deleted.
// +kubebuilder:validation:Enum=Retain;Delete
type DeletionPolicy string

const (
	// DeletionPolicyRetain leaves everything on AWS as it is, serving.
	DeletionPolicyRetain DeletionPolicy = "Retain"
	// DeletionPolicyDelete removes everything that the stage owns on AWS.
	DeletionPolicyDelete DeletionPolicy = "Delete"
)
