// Package v1alpha1 is what a user may ask of Aloft and what Aloft reports back: the Stage and the StageProfile.
// +kubebuilder:object:generate=true
// +kubebuilder:ac:generate=true
// +groupName=aloft.dev
package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

var (
	// GroupVersion is the group and version of every type in this package.
	GroupVersion = schema.GroupVersion{Group: "aloft.dev", Version: "v1alpha1"}

	// SchemeGroupVersion is GroupVersion under the name that generated code asks for.
	SchemeGroupVersion = GroupVersion

	// SchemeBuilder registers the types of this package.
	SchemeBuilder = runtime.NewSchemeBuilder(addTypes)

	// AddToScheme adds the types of this package to a scheme.
	AddToScheme = SchemeBuilder.AddToScheme
)

func addTypes(scheme *runtime.Scheme) error {
	scheme.AddKnownTypes(GroupVersion, &Stage{}, &StageList{}, &StageProfile{}, &StageProfileList{})
	metav1.AddToGroupVersion(scheme, GroupVersion)
	return nil
}
