package stage

import (
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
	"github.com/aloft-dev/aloft/controllers/phase"
	"github.com/aloft-dev/aloft/controllers/release"
)

// clusterPoll is when something that another object has to bring is looked for again, besides being watched.
const clusterPoll = 30 * time.Second

// gather reads what a Stage refers to in the cluster. Secrets are read one by one and never watched or listed.
func (r *Reconciler) gather(ctx context.Context, stage *v1alpha1.Stage) (desired.Inputs, error) {
	in := desired.Inputs{Stage: stage, ClusterID: r.ClusterID, HashKey: r.HashKey, Secrets: map[string]map[string][]byte{}}
	profile, err := r.profile(ctx, stage)
	if err != nil {
		return in, err
	}
	in.Profile = profile
	namespace := &metav1.PartialObjectMetadata{}
	namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
	if err := r.Client.Get(ctx, client.ObjectKey{Name: stage.Namespace}, namespace); err != nil {
		return in, fmt.Errorf("reading the namespace: %w", err)
	}
	in.NamespaceLabels = namespace.Labels
	if err := desired.Admit(in); err != nil {
		return in, err
	}
	for _, source := range stage.Spec.Manifest.Secrets {
		secret, err := r.secret(ctx, stage.Namespace, source.SecretRef.Name)
		if err != nil {
			return in, err
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
				"Secret %q, which spec.image.pullSecretRef names, has no key %s: make it with kubectl create secret docker-registry",
				ref.Name, corev1.DockerConfigJsonKey)
		}
		in.PullSecret = secret.Data[corev1.DockerConfigJsonKey]
	}
	return in, desired.Check(in)
}

func (r *Reconciler) profile(ctx context.Context, stage *v1alpha1.Stage) (*v1alpha1.StageProfile, error) {
	profile := &v1alpha1.StageProfile{}
	err := r.Client.Get(ctx, client.ObjectKey{Name: stage.Spec.ProfileRef.Name}, profile)
	if apierrors.IsNotFound(err) {
		return nil, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonProfileNotFound, 0,
			"StageProfile %q does not exist; waiting for the platform team to make it, or correct spec.profileRef in a new Stage", stage.Spec.ProfileRef.Name)
	}
	if err != nil {
		return nil, fmt.Errorf("reading StageProfile %q: %w", stage.Spec.ProfileRef.Name, err)
	}
	return profile, nil
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

// resolve gives the digest that the Stage's tag stands for: once for each distinct spec.image, recorded before it is used.
func (r *Reconciler) resolve(ctx context.Context, stage *v1alpha1.Stage, pullSecret []byte) (string, error) {
	spec, architecture := &stage.Spec.Image, stage.Spec.Manifest.Architecture
	if known := stage.Status.Image; known != nil && known.Repository == spec.Repository && known.Tag == spec.Tag &&
		known.PinnedDigest == spec.Digest && known.Architecture == architecture {
		return known.Digest, nil
	}
	wanted := release.Image{Repository: spec.Repository, Tag: spec.Tag, Digest: spec.Digest, PullSecret: release.Sensitive(pullSecret)}
	resolved, err := r.Images.Resolve(ctx, phase.SourceOf(wanted), architecture)
	if err != nil {
		return "", phase.ImageError(v1alpha1.ConditionImageResolved, wanted, err)
	}
	wanted.Digest = resolved.Digest
	if err := notMoved(&stage.Status, wanted); err != nil {
		return "", err
	}
	stage.Status.Image = &v1alpha1.ResolvedImage{
		Repository: spec.Repository, Tag: spec.Tag, PinnedDigest: spec.Digest, Architecture: architecture, Digest: resolved.Digest,
	}
	return resolved.Digest, nil
}

// notMoved refuses a tag that names other content than a release that was live under it.
func notMoved(status *v1alpha1.StageStatus, wanted release.Image) error {
	known := status.History
	if status.Live != nil {
		known = append([]v1alpha1.Release{*status.Live}, known...)
	}
	for i := range known {
		if known[i].BuildID == wanted.Tag && known[i].ImageDigest != "" && known[i].ImageDigest != wanted.Digest {
			return phase.TagMoved(wanted, known[i].ImageDigest)
		}
	}
	return nil
}

// build makes the desired release. The revision of its templates is that of what is live, so that a new operator version releases
// nothing by itself; that of the run that is under way; or the newest, for a first release and on request.
func (r *Reconciler) build(in desired.Inputs, status *v1alpha1.StageStatus, requested bool) *release.Desired {
	if target := status.Target; target != nil && target.State != v1alpha1.RunSucceeded {
		in.Revision = target.TemplateRevision
		if d := desired.Build(in); d.ID == target.ID {
			return d
		}
	}
	in.Revision = r.TemplateRevision
	if status.Live != nil && !requested {
		in.Revision = status.Live.TemplateRevision
	}
	return desired.Build(in)
}

// access is what the Stage's profile lets it do on AWS.
func (r *Reconciler) access(stage *v1alpha1.Stage, profile *v1alpha1.StageProfile) cloud.Access {
	access := cloud.Access{
		AccountID: profile.Spec.AccountID, Region: profile.Spec.Region, RoleARN: profile.Spec.RoleARN, ExternalID: profile.Spec.ExternalID,
		Cluster: r.ClusterID, Namespace: stage.Namespace, Stage: stage.Name,
	}
	if access.ExternalID == "" {
		access.ExternalID = r.ClusterID + "/" + profile.Name
	}
	return access
}

// clients gives what acts on AWS for the Stage, after the account behind the credentials was verified.
func (r *Reconciler) clients(ctx context.Context, stage *v1alpha1.Stage, profile *v1alpha1.StageProfile) (*cloud.Clients, error) {
	clients, err := r.Cloud.For(ctx, r.access(stage, profile))
	var wrong *cloud.WrongAccount
	switch {
	case errors.As(err, &wrong):
		return nil, release.Reject(v1alpha1.ConditionReady, v1alpha1.ReasonProfileMismatch,
			"StageProfile %q says account %s, and its credentials belong to account %s: nothing was written; correct its roleARN, or make a StageProfile for that account",
			profile.Name, wrong.Want, wrong.Got)
	case cloud.IsDenied(err):
		return nil, release.Wait(v1alpha1.ConditionReady, v1alpha1.ReasonAccessDenied, deniedPoll,
			"AWS refuses the role of StageProfile %q: check its trust policy and external id (%s)", profile.Name, cloud.Message(err))
	default:
		return clients, err
	}
}

// deniedPoll is when something that AWS refused is tried again: a new policy takes a while to be known everywhere.
const deniedPoll = time.Minute
