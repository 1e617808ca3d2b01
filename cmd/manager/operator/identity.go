package operator

import (
	"context"
	"crypto/rand"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// +kubebuilder:rbac:groups="",namespace=aloft-system,resources=secrets,verbs=get;create
// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=aloft-system,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=aloft-system,resources=events,verbs=create;patch

// clusterID is the UID of the namespace kube-system: there is no other name of a cluster that is unique and stays.
func clusterID(ctx context.Context, c client.Client) (string, error) {
	namespace := &corev1.Namespace{}
	if err := c.Get(ctx, client.ObjectKey{Name: metav1.NamespaceSystem}, namespace); err != nil {
		return "", fmt.Errorf("reading the namespace kube-system, whose UID names the cluster (or give --cluster-id): %w",
			err)
	}
	return string(namespace.UID), nil
}

const (
	// hashKeySecret is the Secret that holds the key of the hash over secrets.
	hashKeySecret = "aloft-hash-key"
	hashKeyField  = "key"
	hashKeyBytes  = 32
)

// hashKey gives the key of the hash over secrets, and makes it the first time. It should stay the same for good: with
// another key it cannot be told whether secrets have changed, and what proves how commands ended counts no more.
func hashKey(ctx context.Context, c client.Client, namespace string) ([]byte, error) {
	secret := &corev1.Secret{}
	err := c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: hashKeySecret}, secret)
	if apierrors.IsNotFound(err) {
		key := make([]byte, hashKeyBytes)
		if _, err := rand.Read(key); err != nil {
			return nil, fmt.Errorf("making the hash key: %w", err)
		}
		secret = &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: hashKeySecret},
			Data:       map[string][]byte{hashKeyField: key},
		}
		err = c.Create(ctx, secret)
		if apierrors.IsAlreadyExists(err) { // another replica was first
			err = c.Get(ctx, client.ObjectKey{Namespace: namespace, Name: hashKeySecret}, secret)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("keeping the hash key in Secret %s/%s: %w", namespace, hashKeySecret, err)
	}
	if len(secret.Data[hashKeyField]) < hashKeyBytes {
		return nil, fmt.Errorf("secret %s/%s has no key %q of at least %d bytes: restore it, or delete it to "+
			"make a new one, with which a Secret that has changed meanwhile is noticed with a Stage's next release only",
			namespace, hashKeySecret, hashKeyField, hashKeyBytes)
	}
	return secret.Data[hashKeyField], nil
}
