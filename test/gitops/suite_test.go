// Package gitops_test applies Stages by Flux's own engine and waits for them as Flux does. The operator's part,
// finalizer and status, is written by the tests, in the way in which the operator writes it.
package gitops_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/fluxcd/cli-utils/pkg/kstatus/polling"
	"github.com/fluxcd/pkg/ssa"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/kubernetes/scheme"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/controlplane"
)

const namespace = "clouder"

var (
	// cluster acts as the operator does, under its field owner.
	cluster client.Client
	// flux is the engine of Flux's kustomize-controller, under its names.
	flux *ssa.ResourceManager
	// openAPI is the API server's document of its types, in protocol buffers.
	openAPI []byte
)

func TestGitOps(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "GitOps")
}

var _ = BeforeSuite(func(ctx context.Context) {
	SetDefaultEventuallyTimeout(time.Minute)
	plane, err := controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)

	Expect(v1alpha1.AddToScheme(scheme.Scheme)).To(Succeed())
	admin, err := client.New(plane.Config, client.Options{})
	Expect(err).NotTo(HaveOccurred())
	cluster = client.WithFieldOwner(admin, "aloft")
	poller := polling.NewStatusPoller(admin, admin.RESTMapper(), polling.Options{})
	flux = ssa.NewResourceManager(admin, poller, ssa.Owner{
		Field: "kustomize-controller", Group: "kustomize.toolkit.fluxcd.io",
	})
	discovered, err := discovery.NewDiscoveryClientForConfig(plane.Config)
	Expect(err).NotTo(HaveOccurred())
	Eventually(func() ([]byte, error) {
		openAPI, err = discovered.RESTClient().Get().AbsPath("/openapi/v2").
			SetHeader("Accept", "application/com.github.proto-openapi.spec.v2.v1.0+protobuf").Do(ctx).Raw()
		return openAPI, err
	}).Should(ContainSubstring("aloft.dev"), "the definitions are in it soon after they are installed")
	Expect(cluster.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
})
