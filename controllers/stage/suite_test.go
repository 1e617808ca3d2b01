package stage

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/go-logr/logr/funcr"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/tools/events"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/work"
	"github.com/aloft-dev/aloft/test/controlplane"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	namespace = "clouder"
	account   = "123456789012"
	region    = "eu-central-1"
)

var (
	plane *controlplane.ControlPlane
	admin client.WithWatch
	local *localaws.Server
)

func TestTheEdgeToKubernetes(t *testing.T) {
	RegisterFailHandler(Fail)
	RunSpecs(t, "The edge to Kubernetes")
}

var _ = BeforeSuite(func(ctx context.Context) {
	log.SetLogger(logr.Discard())
	var err error
	plane, err = controlplane.Start(ctx, controlplane.Options{Progress: os.Stderr})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(plane.Stop)
	scheme := runtime.NewScheme()
	Expect(clientgoscheme.AddToScheme(scheme)).To(Succeed())
	Expect(v1alpha1.AddToScheme(scheme)).To(Succeed())
	Expect(apiextensionsv1.AddToScheme(scheme)).To(Succeed())
	admin, err = client.NewWithWatch(plane.Config, client.Options{Scheme: scheme})
	Expect(err).NotTo(HaveOccurred())
	Expect(admin.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})).To(Succeed())
	local, err = localaws.New(localaws.Options{AccountID: account, Region: region})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(local.Close)
	local.Identities().Register(operatorKey, wire.Principal{
		AccountID: account, UserID: "AIDAOPERATOR", Root: true, ARN: "arn:aws:iam::" + account + ":user/operator",
	})
	makeRole(ctx, "operator", `{"AWS":"arn:aws:iam::`+account+`:root"}`, "{}")
	makeRole(ctx, "stacks", `{"Service":"cloudformation.amazonaws.com"}`, "{}")
	local.Watch(noteCall)
})

// newReconciler makes one that is called directly, with the events that it tells.
func newReconciler(ctx context.Context) (*Reconciler, *events.FakeRecorder) {
	recorder := events.NewFakeRecorder(100)
	r := &Reconciler{
		Client: admin, Reader: admin, Events: recorder, Cloud: cloud.NewProvider(local.Config(), cloud.WithoutBudgets),
		ClusterID: "cluster", HashKey: []byte("key"), TemplateRevision: "1", Limits: plan.DefaultLimits(), Now: time.Now,
	}
	r.work = work.New(ctx, r.Now)
	return r, recorder
}

// apply makes a profile that grants itself to everyone, and a Stage that asks it for a release.
func apply(ctx context.Context, edits ...func(*v1alpha1.Stage)) *v1alpha1.Stage {
	GinkgoHelper()
	return applyStage(ctx, applyProfile(ctx), edits...)
}

func applyProfile(ctx context.Context, edits ...func(*v1alpha1.StageProfileSpec)) *v1alpha1.StageProfile {
	GinkgoHelper()
	profile := &v1alpha1.StageProfile{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "profile-"},
		Spec: v1alpha1.StageProfileSpec{
			AccountID: account, Region: region, RoleARN: roleARN("operator"), AllowedNamespaces: &metav1.LabelSelector{},
			AllowedRegistries: []string{"ghcr.io/acme"}, DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		},
	}
	for _, edit := range edits {
		edit(&profile.Spec)
	}
	Expect(admin.Create(ctx, profile)).To(Succeed())
	return profile
}

func applyStage(ctx context.Context, profile *v1alpha1.StageProfile, edits ...func(*v1alpha1.Stage)) *v1alpha1.Stage {
	GinkgoHelper()
	stage := &v1alpha1.Stage{
		ObjectMeta: metav1.ObjectMeta{GenerateName: "stage-", Namespace: namespace},
		Spec: v1alpha1.StageSpec{
			ProfileRef: v1alpha1.ProfileReference{Name: profile.Name},
			Image:      v1alpha1.Image{Repository: "ghcr.io/acme/clouder", Tag: "v1"},
			Manifest:   v1alpha1.Manifest{HTTP: v1alpha1.HTTPFunction{MemoryMiB: 512}},
		},
	}
	for _, edit := range edits {
		edit(stage)
	}
	Expect(admin.Create(ctx, stage)).To(Succeed())
	return stage
}

// fetched reads a Stage again.
func fetched(ctx context.Context, stage *v1alpha1.Stage) *v1alpha1.Stage {
	GinkgoHelper()
	again := &v1alpha1.Stage{}
	Expect(admin.Get(ctx, keyOf(stage), again)).To(Succeed())
	return again
}

func keyOf(stage *v1alpha1.Stage) types.NamespacedName { return client.ObjectKeyFromObject(stage) }

// told are the events that wait to be read.
func told(recorder *events.FakeRecorder) (notes []string) {
	for {
		select {
		case note := <-recorder.Events:
			notes = append(notes, note)
		default:
			return notes
		}
	}
}

// logged collects the lines of a log.
func logged(lines *[]string) logr.Logger {
	return funcr.New(func(_, line string) { *lines = append(*lines, line) }, funcr.Options{})
}
