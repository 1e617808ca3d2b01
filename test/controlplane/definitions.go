package controlplane

import (
	"context"
	"fmt"
	"io/fs"
	"time"

	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/util/wait"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/config/crd"
)

// Definitions returns Aloft's custom resource definitions, read strictly.
func Definitions() ([]*apiextensionsv1.CustomResourceDefinition, error) {
	names, err := fs.Glob(crd.Bases, "bases/*.yaml")
	if err != nil {
		return nil, fmt.Errorf("listing the definitions: %w", err)
	}
	definitions := make([]*apiextensionsv1.CustomResourceDefinition, 0, len(names))
	for _, name := range names {
		text, err := crd.Bases.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("reading definition %s: %w", name, err)
		}
		definition := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, definition); err != nil {
			return nil, fmt.Errorf("reading definition %s: %w", name, err)
		}
		definitions = append(definitions, definition)
	}
	return definitions, nil
}

// awaitNamespaces waits for what kube-apiserver makes by itself a moment after it answers: the UID of kube-system is
// the default identity of the cluster.
func (c *ControlPlane) awaitNamespaces(ctx context.Context) error {
	reader, err := client.New(c.Config, client.Options{})
	if err != nil {
		return err
	}
	return wait.PollUntilContextTimeout(ctx, 20*time.Millisecond, startTimeout, true,
		func(ctx context.Context) (bool, error) {
			for _, name := range []string{"kube-system", "default"} {
				err := reader.Get(ctx, client.ObjectKey{Name: name}, &corev1.Namespace{})
				if apierrors.IsNotFound(err) {
					return false, nil
				}
				if err != nil {
					return false, err
				}
			}
			return true, nil
		})
}
