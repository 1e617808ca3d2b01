// Package operator puts the operator together: manager, clients, function runtimes and reconcilers.
package operator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/smithy-go/logging"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"
	clientgoscheme "k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/config"
	"sigs.k8s.io/controller-runtime/pkg/healthz"
	"sigs.k8s.io/controller-runtime/pkg/metrics"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"
	metricsserver "sigs.k8s.io/controller-runtime/pkg/metrics/server"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/controllers/release"
	"github.com/aloft-dev/aloft/controllers/stage"
	"github.com/aloft-dev/aloft/controllers/template"
)

// Once for all operators of a process.
func init() { metrics.Registry.MustRegister(cloud.Metrics()...) }

// Options are what an operator is made with.
type Options struct {
	// Kubernetes is how the API server is reached.
	Kubernetes *rest.Config
	// AWS holds the operator's own credentials and, for another AWS, its endpoint.
	AWS aws.Config
	// Namespace is the operator's own: of its lease and of the key that it keeps in a Secret.
	Namespace string
	// ClusterID is the first part of every ownership tag, of letters, digits, dots, dashes and underscores; empty takes
	// the UID of the namespace kube-system.
	ClusterID string
	// RuntimeDir holds the function runtimes: runtime-linux-amd64 and runtime-linux-arm64.
	RuntimeDir string
	Images     image.Options
	Limits     plan.Limits
	// Resources of the pod bound what images may take of it.
	Resources Resources
	// Concurrency is how many Stages are reconciled at the same time.
	Concurrency int
	// MetricsAddress and HealthAddress are listened on; "0" leaves them out.
	MetricsAddress string
	SecureMetrics  bool
	HealthAddress  string
	// ProfileAddress serves Go's profiles to whoever reaches it; "" and "0" leave them out.
	ProfileAddress string
	LeaderElection bool
	// LeaseDuration is how long a leader counts as one after it was last heard of: at least 6 seconds; zero is 10. What
	// the operator does beyond it is refused by its fences.
	LeaseDuration time.Duration
	// Unbudgeted makes AWS calls as fast as they are asked for: for an AWS that has no quotas.
	Unbudgeted bool
	// QuotaShare is the part of AWS's quotas that the operator keeps within, where others act in the same accounts; zero
	// is all.
	QuotaShare float64
	// TemplateRevision of the releases that it begins; empty takes that of this program's templates.
	TemplateRevision string
	// SkipNameValidation allows several operators in one process.
	SkipNameValidation bool
}

// Scheme knows every type that the operator reads or writes.
func Scheme() (*runtime.Scheme, error) {
	scheme := runtime.NewScheme()
	if err := errors.Join(clientgoscheme.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		return nil, fmt.Errorf("building the scheme: %w", err)
	}
	return scheme, nil
}

// clusterIDForm is what AWS takes in an external id and in the value of a tag (STS API reference, AssumeRole), without
// what separates the parts of an ownership tag.
var clusterIDForm = regexp.MustCompile(`^[A-Za-z0-9._-]{1,63}$`)

// checkClusterID refuses what AWS would refuse of the ids and tags that it becomes a part of.
func (o Options) checkClusterID() error {
	if o.ClusterID == "" || clusterIDForm.MatchString(o.ClusterID) {
		return nil
	}
	return fmt.Errorf("--cluster-id %q must have 1 to 63 letters, digits, dots, dashes and underscores, for it becomes a "+
		"part of external ids and tags on AWS", o.ClusterID)
}

// Run runs an operator until the context ends.
func Run(ctx context.Context, o Options) error {
	if err := o.checkClusterID(); err != nil {
		return err
	}
	mgr, err := newManager(o)
	if err != nil {
		return err
	}
	direct, err := client.New(o.Kubernetes, client.Options{Scheme: mgr.GetScheme()})
	if err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	if o.ClusterID == "" {
		if o.ClusterID, err = clusterID(ctx, direct); err != nil {
			return err
		}
	}
	key, err := hashKey(ctx, direct, o.Namespace)
	if err != nil {
		return err
	}
	runtimes, err := openRuntimes(o.RuntimeDir)
	if err != nil {
		return err
	}
	// The SDK would write its warnings past the operator's log.
	o.AWS.Logger = logging.LoggerFunc(func(_ logging.Classification, format string, arguments ...any) {
		ctrl.Log.WithName("aws").V(1).Info(fmt.Sprintf(format, arguments...))
	})
	budgets, err := o.budgets()
	if err != nil {
		return err
	}
	o.Resources.apply()
	o.Images.MemoryBytes, o.Images.DiskBytes = o.Resources.budget()
	images := image.NewClient(o.Images)
	defer images.Close()
	reconciler := &stage.Reconciler{
		Client: mgr.GetClient(), Reader: mgr.GetAPIReader(), Events: mgr.GetEventRecorder("aloft"),
		Cloud: cloud.NewProvider(o.AWS, budgets), Images: images, Runtimes: runtimes,
		ClusterID: o.ClusterID, HashKey: key, TemplateRevision: cmp.Or(o.TemplateRevision, template.Revision),
		Limits: o.Limits, Now: time.Now,
	}
	if err := reconciler.SetupWithManager(ctx, mgr, o.Concurrency); err != nil {
		return err
	}
	if err := mgr.Start(ctx); err != nil {
		return fmt.Errorf("running the manager: %w", err)
	}
	return nil
}

func (o Options) budgets() (cloud.Option, error) {
	share := cmp.Or(o.QuotaShare, 1)
	switch {
	case share < leastShare || share > 1:
		return nil, fmt.Errorf("--aws-quota-share is %g, and must be from %g to 1", share, leastShare)
	case o.Unbudgeted:
		return cloud.WithoutBudgets, nil
	default:
		return cloud.WithShare(share), nil
	}
}

// leastShare leaves a call to Lambda's control plane every seven seconds.
const leastShare = 0.01

const (
	// defaultLease has another replica act within 15 seconds after a leader has died.
	defaultLease = 10 * time.Second
	// leastLease outlasts the proof that an operator acts for a Stage, so that none counts when another one has taken
	// over.
	leastLease = release.FenceHolds + time.Second
)

// retryPeriod is how often a replica asks for the lease.
func retryPeriod(lease time.Duration) time.Duration { return lease / 12 }

func (o Options) lease() (time.Duration, error) {
	lease := cmp.Or(o.LeaseDuration, defaultLease)
	if lease < leastLease {
		return 0, fmt.Errorf("--lease-duration is %s, and must be at least %s: an operator that was replaced must have "+
			"noticed it by then", lease, leastLease)
	}
	return lease, nil
}

func newManager(o Options) (ctrl.Manager, error) {
	scheme, err := Scheme()
	if err != nil {
		return nil, err
	}
	metrics := metricsserver.Options{BindAddress: o.MetricsAddress, SecureServing: o.SecureMetrics}
	if o.SecureMetrics {
		metrics.FilterProvider = filters.WithAuthenticationAndAuthorization
	}
	lease, err := o.lease()
	if err != nil {
		return nil, err
	}
	mgr, err := ctrl.NewManager(o.Kubernetes, ctrl.Options{
		Scheme:                        scheme,
		Metrics:                       metrics,
		HealthProbeBindAddress:        o.HealthAddress,
		PprofBindAddress:              o.ProfileAddress,
		LeaderElection:                o.LeaderElection,
		LeaderElectionID:              "aloft.dev",
		LeaderElectionNamespace:       o.Namespace,
		LeaderElectionReleaseOnCancel: true,
		LeaseDuration:                 &lease,
		RenewDeadline:                 new(lease * 2 / 3),
		RetryPeriod:                   new(retryPeriod(lease)),
		Cache: cache.Options{
			DefaultTransform: cache.TransformStripManagedFields(),
			ByObject:         map[client.Object]cache.ByObject{&v1alpha1.Stage{}: {Transform: stage.Cached}},
		},
		// A reconcile that follows closely on a write must see it: a Stage from before would only be refused by its
		// optimistic lock.
		Client: client.Options{Cache: &client.CacheOptions{
			DisableFor: []client.Object{&corev1.Secret{}}, EnableReadYourWritesConsistency: new(true),
		}},
		Controller: config.Controller{SkipNameValidation: &o.SkipNameValidation},
	})
	if err != nil {
		return nil, fmt.Errorf("making the manager: %w", err)
	}
	if err := errors.Join(mgr.AddHealthzCheck("healthz", healthz.Ping),
		mgr.AddReadyzCheck("readyz", healthz.Ping)); err != nil {
		return nil, fmt.Errorf("adding health checks: %w", err)
	}
	return mgr, nil
}
