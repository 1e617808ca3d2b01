package stage

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	gomegatypes "github.com/onsi/gomega/types"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// operatorKey tells the operator's own calls from those that the local AWS makes for it.
const operatorKey = "AKIAOPERATOR00000000"

// scene is a Stage whose Reconciler is called directly. What the Reconciler changes, in the cluster and on AWS, is
// noted in one list, in the order in which it was changed.
type scene struct {
	*Reconciler
	ctx      context.Context
	stage    *v1alpha1.Stage
	recorder *events.FakeRecorder
	registry *userRegistry
	// before comes before each request to the API server, such as "patch Stage/status"; an error is its answer.
	before func(request string) error

	mu       sync.Mutex
	requests []string
	changes  []string
	calls    []string
}

// playing is the scene that calls to AWS are noted in: specs run one after another.
var playing atomic.Pointer[scene]

func noteCall(call wire.Record) {
	s := playing.Load()
	if s == nil || !operates(call.Principal) || call.Name() == "sts:AssumeRole" && call.Code == "" {
		return // how often a session is renewed is for the tests of package cloud
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call.Name())
	if call.Mutating {
		s.changes = append(s.changes, call.Name())
	}
}

// play has a Stage whose build v1 lies in a registry that its profile allows. Nothing was reconciled yet.
func play(ctx context.Context, edits ...func(*v1alpha1.Stage)) *scene {
	GinkgoHelper()
	return playWith(ctx, func(*v1alpha1.StageProfileSpec) {}, edits...)
}

// playWith is play with an edited profile.
func playWith(ctx context.Context, grant func(*v1alpha1.StageProfileSpec), edits ...func(*v1alpha1.Stage)) *scene {
	GinkgoHelper()
	s := &scene{ctx: ctx, registry: newRegistry()}
	s.registry.push("v1", built())
	own := func(p *v1alpha1.StageProfileSpec) {
		p.AllowedRegistries, p.StackRoleARN = []string{s.registry.host()}, roleARN("stacks")
	}
	profile := applyProfile(ctx, own, grant)
	fromRegistry := func(stage *v1alpha1.Stage) { stage.Spec.Image.Repository = s.registry.repository() }
	s.stage = applyStage(ctx, profile, append([]func(*v1alpha1.Stage){fromRegistry}, edits...)...)
	s.Reconciler, s.recorder = newReconciler(ctx)
	s.Client, s.Reader = s.api(""), s.api("uncached ")
	s.Cloud = cloud.NewProvider(local.ConfigFor(aws.Credentials{AccessKeyID: operatorKey, SecretAccessKey: "x"}),
		cloud.WithoutBudgets)
	s.Images = image.NewClient(image.Options{AllowInsecureLoopback: true, TempDir: GinkgoT().TempDir()})
	s.Runtimes = map[string]*image.Runtime{"amd64": image.RuntimeFromBytes("1.0", []byte("#!/bin/sh\n"))}
	playing.Store(s)
	DeferCleanup(func() {
		playing.Store(nil)
		local.Faults().Clear()
		s.Images.Close()
	})
	return s
}

// noted takes what was noted so far: requests to the API server, changes there and on AWS, and all calls to AWS.
func (s *scene) noted() (requests, changes, calls []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	requests, changes, calls = s.requests, s.changes, s.calls
	s.requests, s.changes, s.calls = nil, nil, nil
	return requests, changes, calls
}

// changed takes what was changed since anyone asked.
func (s *scene) changed() []string { _, changes, _ := s.noted(); return changes }

// asksAWS takes the calls to AWS since anyone asked.
func (s *scene) asksAWS() []string { _, _, calls := s.noted(); return calls }

// reconcile goes on when the registry has answered.
func (s *scene) reconcile() (ctrl.Result, error) {
	for {
		result, err := s.Reconcile(s.ctx, ctrl.Request{NamespacedName: keyOf(s.stage)})
		if err != nil || result.RequeueAfter != briefly || !strings.HasPrefix(s.beside(), string(release.ActionResolve)) {
			return result, err
		}
		s.awaitWake()
	}
}

// reconciles expects that nothing goes wrong.
func (s *scene) reconciles() ctrl.Result {
	GinkgoHelper()
	result, err := s.reconcile()
	Expect(err).NotTo(HaveOccurred())
	return result
}

// until reconciles again and again, as the results ask for it.
func (s *scene) until(what string, reached func() bool) {
	GinkgoHelper()
	for deadline := time.Now().Add(30 * time.Second); !reached(); {
		result := s.reconciles()
		if time.Now().After(deadline) {
			Fail(fmt.Sprintf("%s: it never comes to that, and the Stage says %q", what, s.says(v1alpha1.ConditionReady).Message))
		}
		time.Sleep(min(max(result.RequeueAfter, time.Millisecond), 10*time.Millisecond))
	}
}

func (s *scene) now() *v1alpha1.Stage { GinkgoHelper(); return fetched(s.ctx, s.stage) }

// namespaceNow is the namespace of the Stage.
func (s *scene) namespaceNow() *corev1.Namespace {
	GinkgoHelper()
	found := &corev1.Namespace{}
	Expect(admin.Get(s.ctx, client.ObjectKey{Name: s.stage.Namespace}, found)).To(Succeed())
	return found
}

// gone says that the API server has the Stage no more.
func (s *scene) gone() bool {
	return apierrors.IsNotFound(admin.Get(s.ctx, keyOf(s.stage), &v1alpha1.Stage{}))
}

// says is a condition of the Stage as the API server has it; its reason is empty where there is none.
func (s *scene) says(condition string) metav1.Condition {
	GinkgoHelper()
	if found := meta.FindStatusCondition(s.now().Status.Conditions, condition); found != nil {
		return *found
	}
	return metav1.Condition{}
}

// has says that a condition is true.
func (s *scene) has(condition string) bool { return s.says(condition).Status == metav1.ConditionTrue }

func (s *scene) untilFounded() {
	GinkgoHelper()
	s.until("the foundation stands", func() bool { return s.has(v1alpha1.ConditionFoundationReady) })
}

// because fits a condition with a reason, whose message says something.
func because(reason, says string) gomegatypes.GomegaMatcher {
	return And(HaveField("Reason", reason), HaveField("Message", ContainSubstring(says)))
}

// edit is someone else's edit of the Stage.
func (s *scene) edit(edit func(*v1alpha1.Stage)) {
	GinkgoHelper()
	stage := s.now()
	edit(stage)
	Expect(admin.Update(s.ctx, stage)).To(Succeed())
}

// remember writes a status, as an earlier reconcile left it.
func (s *scene) remember(edit func(*v1alpha1.StageStatus)) {
	GinkgoHelper()
	stage := s.now()
	edit(&stage.Status)
	Expect(admin.Status().Update(s.ctx, stage)).To(Succeed())
}

// regrant edits the profile.
func (s *scene) regrant(edit func(*v1alpha1.StageProfileSpec)) {
	GinkgoHelper()
	profile := &v1alpha1.StageProfile{}
	Expect(admin.Get(s.ctx, client.ObjectKey{Name: s.stage.Spec.ProfileRef.Name}, profile)).To(Succeed())
	edit(&profile.Spec)
	Expect(admin.Update(s.ctx, profile)).To(Succeed())
}
