// Package api_test asks a real kube-apiserver what it makes of the definitions: what it refuses and in which words,
// what it fills in, what it prints. Nothing else runs.
package api_test

import (
	"context"
	"os"
	"testing"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/controlplane"
)

const namespace = "clouder"

var (
	plane *controlplane.ControlPlane
	// admin validates strictly: an unknown field is an error, not something to drop.
	admin client.Client
)

func TestAPI(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "API")
}

var _ = BeforeSuite(func(ctx context.Context) {
	var err error
	plane, err = controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)

	Expect(v1alpha1.AddToScheme(scheme.Scheme)).To(Succeed())
	unchecked, err := client.New(plane.Config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	admin = client.WithFieldValidation(unchecked, metav1.FieldValidationStrict)
	Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
})
