package main

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/desired"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// copies makes Stages at rest: each is what a Stage that was released for real looks like an hour later, under another
// name. Nothing of them is on AWS, and nothing need be: at rest AWS is not asked.
type copies struct {
	box *sandbox.Sandbox
	// of is the Stage that was released, in its namespace with one Secret.
	of      *v1alpha1.Stage
	profile *v1alpha1.StageProfile
	inputs  desired.Inputs
	// beside are the Stages that were released, and made those that are copies by now.
	beside, made int
}

const (
	// copySpaces are the namespaces of the copies.
	copySpaces = 20
	// copyRests is for how long they have rested.
	copyRests = time.Hour
	// parallelCopies are made at the same time.
	parallelCopies = 16
)

func copySpace(i int) string { return fmt.Sprintf("scale-%02d", i%copySpaces) }

// newCopies makes the namespaces, each with the Secret that the Stage refers to.
func newCopies(ctx context.Context, box *sandbox.Sandbox, of *v1alpha1.Stage) (*copies, error) {
	c := &copies{box: box, of: of, profile: &v1alpha1.StageProfile{}}
	if err := box.Client.Get(ctx, client.ObjectKey{Name: of.Spec.ProfileRef.Name}, c.profile); err != nil {
		return nil, fmt.Errorf("reading the profile: %w", err)
	}
	secret, key, labels := &corev1.Secret{}, &corev1.Secret{}, c.profile.Spec.AllowedNamespaces.MatchLabels
	sample := client.ObjectKey{Namespace: of.Namespace, Name: sandbox.SampleSecret}
	if err := box.Client.Get(ctx, sample, secret); err != nil {
		return nil, fmt.Errorf("reading the Secret: %w", err)
	}
	own := client.ObjectKey{Namespace: sandbox.Namespace, Name: "aloft-hash-key"}
	if err := box.Client.Get(ctx, own, key); err != nil {
		return nil, fmt.Errorf("reading the operator's key: %w", err)
	}
	c.inputs = desired.Inputs{
		Profile: c.profile, NamespaceLabels: labels, ClusterID: sandbox.ClusterID, HashKey: key.Data["key"],
		Secrets:     map[string]map[string][]byte{secret.Name: secret.Data},
		ImageDigest: of.Status.Live.ImageDigest, Revision: of.Status.Live.TemplateRevision,
	}
	released := &v1alpha1.StageList{}
	if err := box.Client.List(ctx, released); err != nil {
		return nil, fmt.Errorf("listing the Stages: %w", err)
	}
	c.beside = len(released.Items)
	for i := range copySpaces {
		for _, object := range []client.Object{
			&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: copySpace(i), Labels: labels}},
			&corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: secret.Name, Namespace: copySpace(i)}, Data: secret.Data},
		} {
			if err := box.Client.Create(ctx, object); err != nil {
				return nil, fmt.Errorf("making a namespace of copies: %w", err)
			}
		}
	}
	return c, nil
}

// upTo makes copies until there are so many Stages with those that were released.
func (c *copies) upTo(ctx context.Context, stages int) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallelCopies)
	for ; c.made < stages-c.beside; c.made++ {
		number := c.made
		group.Go(func() error { return c.add(ctx, number) })
	}
	return group.Wait()
}

func (c *copies) add(ctx context.Context, number int) error {
	stage := &v1alpha1.Stage{ObjectMeta: metav1.ObjectMeta{
		Namespace: copySpace(number), Name: fmt.Sprintf("stage-%05d", number), Finalizers: c.of.Finalizers,
	}, Spec: *c.of.Spec.DeepCopy()}
	status, err := c.statusOf(stage)
	if err != nil {
		return err
	}
	if err := c.box.Client.Create(ctx, stage); err != nil {
		return fmt.Errorf("making a copy: %w", err)
	}
	stage.Status = *status
	if err := c.box.Client.Status().Update(ctx, stage); err != nil {
		return fmt.Errorf("making a copy: %w", err)
	}
	return nil
}

// statusOf is the status as it would be under the copy's name: the names of functions, and the key that the bundle of
// variables is named by, make another release.
func (c *copies) statusOf(stage *v1alpha1.Stage) (*v1alpha1.StageStatus, error) {
	inputs := c.inputs
	inputs.Stage = stage
	content, err := json.Marshal(c.of.Status)
	if err != nil {
		return nil, fmt.Errorf("copying a status: %w", err)
	}
	live, own := c.of.Status.Live, desired.Build(inputs)
	renamed := strings.NewReplacer(live.ID, own.ID, live.ConfigHash, own.ConfigHash).Replace(string(content))
	status := &v1alpha1.StageStatus{}
	if err := json.Unmarshal([]byte(renamed), status); err != nil {
		return nil, fmt.Errorf("copying a status: %w", err)
	}
	const first = 1
	status.ObservedGeneration = first
	for i := range status.Conditions {
		condition := &status.Conditions[i]
		condition.ObservedGeneration = first
		condition.LastTransitionTime = metav1.NewTime(condition.LastTransitionTime.Add(-copyRests))
	}
	return status, nil
}

// look has every copy looked at once: their namespaces get another label.
func (c *copies) look(ctx context.Context, value string) error {
	for i := range copySpaces {
		namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: copySpace(i)}}
		patch := fmt.Appendf(nil, `{"metadata":{"labels":{"bench.aloft.dev/look":%q}}}`, value)
		if err := c.box.Client.Patch(ctx, namespace, client.RawPatch("application/merge-patch+json", patch)); err != nil {
			return fmt.Errorf("labelling a namespace: %w", err)
		}
	}
	return nil
}
