// Package e2e tests whole releases: the operator on a real control plane, against the local AWS, with the sample
// application as real processes.
package e2e

import (
	"context"
	"os"
	"testing"
	"time"

	. "github.com/onsi/ginkgo/v2"
	. "github.com/onsi/gomega"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/aloft-dev/aloft/test/localaws"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

var (
	ctx context.Context
	box *sandbox.Sandbox
)

func TestReleases(t *testing.T) {
	RegisterFailHandler(Fail)
	SetDefaultEventuallyTimeout(60 * time.Second)
	SetDefaultEventuallyPollingInterval(50 * time.Millisecond)
	SetDefaultConsistentlyDuration(time.Second)
	RunSpecs(t, "Releases")
}

var _ = BeforeSuite(func() {
	var cancel context.CancelFunc
	ctx, cancel = context.WithCancel(context.Background())
	DeferCleanup(cancel)
	ctrl.SetLogger(zap.New(zap.WriteTo(GinkgoWriter), zap.UseDevMode(true)))
	var err error
	box, err = sandbox.Start(ctx, sandbox.Options{
		Progress: os.Stderr, Limits: limits(),
		LocalAWS: localaws.Options{Settings: map[string]string{"events.rateMinute": "3s", "lambda.reach": openDatabases()}},
	})
	Expect(err).NotTo(HaveOccurred())
	DeferCleanup(box.Close)
	for _, variant := range []sample.Variant{sample.V1, sample.V2, sample.FailingMigration, sample.CrashingAtStart} {
		Expect(box.Push(ctx, variant)).To(Succeed())
	}
	Expect(box.StartOperator(ctx)).To(Succeed())
	watchInvariants()
	watchSigners()
})
