package stage

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
)

// clusterPoll is when something that another object has to bring is looked for again, besides being watched.
const clusterPoll = 30 * time.Second

// gather reads what a Stage refers to in the cluster.
func (r *Reconciler) gather(ctx context.Context, stage *v1alpha1.Stage) (desired.Inputs, error) {
	in, err := r.granted(ctx, stage)
	if err != nil {
		return in, err
	}
	in.Secrets = map[string]map[string][]byte{}
	for _, source := range stage.Spec.Manifest.Secrets {
		secret, err := r.secret(ctx, stage.Namespace, source.SecretRef.Name)
		if err != nil {
			return in, err
		}
		if ofTheCluster(secret.Type) {
			return in, release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonInvalidSecret,
				"Secret %q is of type %s, which opens the cluster and is not for an application: name another one",
				secret.Name, secret.Type)
		}
		in.Secrets[source.SecretRef.Name] = secret.Data
	}
	if ref := stage.Spec.Image.PullSecretRef; ref != nil {
		secret, err := r.secret(ctx, stage.Namespace, ref.Name)
		if err != nil {
			return in, err
		}
		if len(secret.Data[corev1.DockerConfigJsonKey]) == 0 {
			return in, release.Reject(v1alpha1.ConditionImageResolved, v1alpha1.ReasonInvalidSecret,
				"Secret %q, which spec.image.pullSecretRef names, has no key %s: "+
					"make it with kubectl create secret docker-registry",
				ref.Name, corev1.DockerConfigJsonKey)
		}
		in.PullSecret = secret.Data[corev1.DockerConfigJsonKey]
	}
	return in, desired.Check(in)
}

// granted reads all that a Stage refers to but its Secrets, and whether the profile allows it.
func (r *Reconciler) granted(ctx context.Context, stage *v1alpha1.Stage) (desired.Inputs, error) {
	in := desired.Inputs{Stage: stage, ClusterID: r.ClusterID, HashKey: r.HashKey}
	profile, err := r.profile(ctx, stage)
	if err != nil {
		return in, err
	}
	in.Profile = profile
	if err := ofNamespace(ctx, r.Client, &in); err != nil {
		return in, err
	}
	if err := r.countOlder(ctx, &in); err != nil {
		return in, err
	}
	return in, desired.Admit(in)
}

// countOlder counts the Stages of the namespace that come before this one, where the profile limits them.
func (r *Reconciler) countOlder(ctx context.Context, in *desired.Inputs) error {
	if limits := in.Profile.Spec.Limits; limits == nil || limits.StagesPerNamespace == 0 {
		return nil
	}
	list := &v1alpha1.StageList{}
	err := r.Client.List(ctx, list, client.InNamespace(in.Stage.Namespace), client.UnsafeDisableDeepCopy)
	if err != nil {
		return fmt.Errorf("listing the Stages of the namespace: %w", err)
	}
	for i := range list.Items {
		other := &list.Items[i]
		sameProfile := other.Spec.ProfileRef.Name == in.Profile.Name
		if sameProfile && other.UID != in.Stage.UID && isOlder(other, in.Stage) {
			in.OlderStages++
		}
	}
	return nil
}

// isOlder puts Stages in an order: by their age, which is known in whole seconds, then by their names.
func isOlder(one, other *v1alpha1.Stage) bool {
	if one.CreationTimestamp.Equal(&other.CreationTimestamp) {
		return one.Name < other.Name
	}
	return one.CreationTimestamp.Before(&other.CreationTimestamp)
}

func (r *Reconciler) profile(ctx context.Context, stage *v1alpha1.Stage) (*v1alpha1.StageProfile, error) {
	profile := &v1alpha1.StageProfile{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: stage.Spec.ProfileRef.Name}, profile)
	if apierrors.IsNotFound(err) {
		return nil, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonProfileNotFound, 0,
			"StageProfile %q does not exist; waiting for the platform team to make it, "+
				"or correct spec.profileRef in a new Stage",
			stage.Spec.ProfileRef.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading StageProfile %q: %w", stage.Spec.ProfileRef.Name, err)
	}
	return profile, nil
}

// ofTheCluster says that a Secret is Kubernetes' own: whoever may write a Stage must not send it to an application.
func ofTheCluster(kind corev1.SecretType) bool {
	return kind == corev1.SecretTypeServiceAccountToken || kind == corev1.SecretTypeBootstrapToken
}

func (r *Reconciler) secret(ctx context.Context, namespace, name string) (*corev1.Secret, error) {
	secret := &corev1.Secret{}
	err := r.Reader.Get(ctx, client.ObjectKey{Namespace: namespace, Name: name}, secret)
	if apierrors.IsNotFound(err) {
		return nil, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonSecretNotFound, clusterPoll,
			"Secret %q does not exist in namespace %q; waiting for it", name, namespace)
	}
	if err != nil {
		return nil, fmt.Errorf("reading Secret %q: %w", name, err)
	}
	return secret, nil
}

// asked is what the Stage asks for, as far as it can be gathered, and the profile that it asks it of.
func (r *Reconciler) asked(ctx context.Context, stage *v1alpha1.Stage) (plan.Asked, *v1alpha1.StageProfile) {
	in, err := r.gather(ctx, stage)
	rejected, isRejected := release.AsRejected(err)
	asked := r.askedOf(stage, in)
	asked.Unprepared = err
	asked.Barred = in.Profile == nil || isRejected && rejected.Reason == v1alpha1.ReasonProfileNotAllowed
	return asked, in.Profile
}

func (r *Reconciler) askedOf(stage *v1alpha1.Stage, in desired.Inputs) plan.Asked {
	spec, annotations := &stage.Spec, stage.Annotations
	_, originDigest := release.OriginSecret(r.HashKey, release.StageKey{Namespace: stage.Namespace, Name: stage.Name})
	return plan.Asked{
		Release: func(digest, revision string) *release.Desired {
			in.ImageDigest, in.Revision = digest, revision
			return desired.Build(in)
		},
		Same: func(digest, revision, config string) *release.Desired {
			known := in
			known.ImageDigest, known.Revision, known.RecordedConfig = digest, revision, config
			return desired.Build(known)
		},
		Declared: func(stored *release.Desired, id string) (*release.Desired, error) {
			return desired.Declared(in, stored, id)
		},
		Image: release.Image{
			Repository: spec.Image.Repository, Tag: spec.Image.Tag, Digest: spec.Image.Digest,
			Architecture: spec.Manifest.Architecture, PullSecret: release.Sensitive(in.PullSecret),
		},
		Revision: r.TemplateRevision, OriginDigest: originDigest, Generation: stage.Generation,
		Settled:    stage.Status.ObservedGeneration == stage.Generation,
		Suspended:  spec.Suspend,
		HideOutput: in.Profile != nil && in.Profile.Spec.CommandOutput == v1alpha1.CommandOutputStoreOnly,
		Requests: plan.Requests{
			RequestedAt:       valueOf(annotations, v1alpha1.AnnotationRequestedAt),
			FluxRequestedAt:   valueOf(annotations, v1alpha1.AnnotationFluxRequestedAt),
			Retry:             valueOf(annotations, v1alpha1.AnnotationRetry),
			CommandResolution: valueOf(annotations, v1alpha1.AnnotationCommandResolution),
		},
	}
}

// maxAnnotation is what the status keeps of an annotation's value.
const maxAnnotation = 253

func valueOf(annotations map[string]string, key string) string {
	return release.Bounded(annotations[key], maxAnnotation)
}

// removalOf is what becomes of a Stage that is being deleted. No Secret of its namespace is needed, and the profile
// need not allow the namespace any more.
func (r *Reconciler) removalOf(ctx context.Context, stage *v1alpha1.Stage) (plan.Asked, *v1alpha1.StageProfile) {
	removal := &plan.Removal{
		Retained:    stage.Spec.DeletionPolicy == v1alpha1.DeletionPolicyRetain,
		ProfileName: stage.Spec.ProfileRef.Name,
	}
	profile, err := r.profile(ctx, stage)
	_, removal.NoProfile = release.AsWaiting(err)
	if err != nil {
		return plan.Asked{Unprepared: err, Removal: removal}, nil
	}
	in := desired.Inputs{Stage: stage, Profile: profile, ClusterID: r.ClusterID, HashKey: r.HashKey}
	if err = ofNamespace(ctx, r.Client, &in); err != nil {
		return plan.Asked{Unprepared: err, Removal: removal}, profile
	}
	rejected, isRejected := release.AsRejected(desired.Admit(in))
	removal.NotAllowed = isRejected && rejected.Reason == v1alpha1.ReasonProfileNotAllowed
	removal.Delete = deletionPolicy(stage, profile) == v1alpha1.DeletionPolicyDelete
	asked := r.askedOf(stage, in)
	asked.Removal = removal
	return asked, profile
}

func deletionPolicy(stage *v1alpha1.Stage, profile *v1alpha1.StageProfile) v1alpha1.DeletionPolicy {
	return cmp.Or(stage.Spec.DeletionPolicy, profile.Spec.DeletionPolicy, v1alpha1.DeletionPolicyRetain)
}

// ofNamespace adds what the Stage's namespace tells.
func ofNamespace(ctx context.Context, c client.Reader, in *desired.Inputs) error {
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := c.Get(ctx, client.ObjectKey{Name: in.Stage.Namespace}, namespace); err != nil {
		return fmt.Errorf("reading the namespace: %w", err)
	}
	in.NamespaceLabels, in.NamespaceUID = namespace.Labels, string(namespace.UID)
	return nil
}

// access is what the Stage's profile lets it do on AWS.
func (r *Reconciler) access(stage *v1alpha1.Stage, profile *v1alpha1.StageProfile) cloud.Access {
	return cloud.Access{
		AccountID: profile.Spec.AccountID, Region: profile.Spec.Region, RoleARN: profile.Spec.RoleARN,
		ExternalID: cmp.Or(profile.Spec.ExternalID, r.ClusterID+"/"+profile.Name),
		UID:        string(stage.UID),
		Cluster:    r.ClusterID, Namespace: stage.Namespace, Stage: stage.Name,
	}
}

// clients gives what acts on AWS for the Stage, after the account behind the credentials was verified.
func (r *Reconciler) clients(
	ctx context.Context, stage *v1alpha1.Stage, profile *v1alpha1.StageProfile,
) (*cloud.Clients, error) {
	clients, err := r.Cloud.For(ctx, r.access(stage, profile))
	wrong, isWrong := errors.AsType[*cloud.WrongAccount](err)
	switch {
	case isWrong:
		return nil, release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileMismatch,
			"StageProfile %q says account %s, and its credentials belong to account %s: nothing was written; correct its "+
				"roleARN, or make a StageProfile for that account",
			profile.Name, wrong.Want, wrong.Got)
	case cloud.IsDenied(err):
		return nil, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonAccessDenied, deniedPoll,
			"AWS refuses the role of StageProfile %q: check its trust policy and external id (%s)", profile.Name,
			cloud.Message(err))
	default:
		return clients, err
	}
}
