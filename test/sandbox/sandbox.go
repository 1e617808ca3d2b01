// Package sandbox is Aloft on one machine: a real control plane, the local AWS, a registry and a database for the
// sample application, and the operator. The demo, the end-to-end tests and the benchmarks run in it.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/test/controlplane"
	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/sampleapp/database"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// Namespace is the operator's own.
const Namespace = "aloft-system"

// Account is the first account of the sandbox's local AWS, and the one of the operator's own credentials.
const Account = "123456789012"

// ClusterID of the sandbox: the first part of every ownership tag in it.
const ClusterID = "sandbox"

// Options of a sandbox. The zero value is a complete one.
type Options struct {
	// AWS of another kind: its configuration replaces the local AWS.
	AWS *aws.Config
	// DatabaseAddress is where the sample application's database listens on loopback; empty takes a free port.
	DatabaseAddress string
	// LocalAWS are the options of the local AWS.
	LocalAWS localaws.Options
	// Accounts are those that the local AWS has beside its first.
	Accounts []string
	// Limits of the operator's plans; the zero value takes short ones, so that a demo shows the clean-up too.
	Limits plan.Limits
	// Kubeconfig is where the administrator's kubeconfig is written.
	Kubeconfig string
	// Progress receives what is being built or started.
	Progress io.Writer
	// ControlPlaneOutput receives the log of etcd and kube-apiserver.
	ControlPlaneOutput io.Writer
}

// Sandbox is Aloft on one machine, running.
type Sandbox struct {
	ControlPlane *controlplane.ControlPlane
	// Client is the administrator's.
	Client client.Client
	// AWS is the local AWS, or its first account; nil with another one.
	AWS *localaws.Server
	// Accounts are all accounts of the local AWS, behind its endpoint.
	Accounts *localaws.Accounts
	// AWSConfig reaches AWS as the administrator of its account.
	AWSConfig aws.Config
	Registry  *sample.Registry
	Database  *database.Server
	Images    *sample.Builder
	// RuntimeDir holds the function runtime.
	RuntimeDir string

	limits   plan.Limits
	operator *running
	// program is the operator's own, once it was built.
	program string
	closers []func() error
}

// Start brings everything up but the operator.
func Start(ctx context.Context, o Options) (_ *Sandbox, err error) {
	if o.Progress == nil {
		o.Progress = io.Discard
	}
	s := &Sandbox{limits: o.Limits}
	if s.limits == (plan.Limits{}) {
		s.limits = ShortLimits()
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, part := range []struct {
		name  string
		start func(context.Context, Options) error
	}{
		{"control plane (etcd, kube-apiserver)", s.startControlPlane},
		{"registry and database of the sample application", s.startSample},
		{"local AWS", s.startAWS},
		{"roles of the operator and of its stacks", s.makeRoles},
		{"function runtime", s.buildRuntime},
	} {
		began := time.Now()
		if err := part.start(ctx, o); err != nil {
			return nil, fmt.Errorf("starting the %s: %w", part.name, err)
		}
		fmt.Fprintf(o.Progress, "  %-50s %6.1fs\n", part.name, time.Since(began).Seconds())
	}
	return s, nil
}

// ShortLimits let a demo or a test see in seconds what takes a day in production.
func ShortLimits() plan.Limits {
	limits := plan.DefaultLimits()
	limits.Settle = 2 * time.Second
	limits.Pace.Soonest = 10 * time.Millisecond
	return limits
}

func (s *Sandbox) startControlPlane(ctx context.Context, o Options) error {
	plane, err := controlplane.Start(ctx, controlplane.Options{
		Kubeconfig: o.Kubeconfig, Progress: o.Progress, Output: o.ControlPlaneOutput,
	})
	if err != nil {
		return err
	}
	s.ControlPlane = plane
	s.closers = append(s.closers, plane.Stop)
	plane.Config.QPS = -1
	scheme, err := operator.Scheme()
	if err != nil {
		return err
	}
	if s.Client, err = client.New(plane.Config, client.Options{Scheme: scheme}); err != nil {
		return fmt.Errorf("making a client: %w", err)
	}
	return s.Client.Create(ctx, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: Namespace}})
}

func (s *Sandbox) startAWS(_ context.Context, o Options) error {
	if o.AWS != nil {
		s.AWSConfig = *o.AWS
		return nil
	}
	settings := maps.Clone(o.LocalAWS.Settings)
	if settings == nil {
		settings = map[string]string{}
	}
	address, err := url.Parse(s.Database.URL())
	if err != nil {
		return fmt.Errorf("reading the database's address: %w", err)
	}
	settings["lambda.reach"] = strings.Trim(settings["lambda.reach"]+","+address.Port(), ",")
	o.LocalAWS.Settings = settings
	accounts, err := localaws.NewAccounts(o.LocalAWS, append([]string{Account}, o.Accounts...)...)
	if err != nil {
		return err
	}
	s.Accounts, s.AWS, s.AWSConfig = accounts, accounts.Home, accounts.Config()
	s.closers = append(s.closers, accounts.Close)
	return nil
}

func (s *Sandbox) startSample(ctx context.Context, o Options) (err error) {
	if s.Registry, err = sample.NewRegistry("", "127.0.0.1:0"); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Registry.Close)
	if s.Database, err = database.Serve("", cmp.Or(o.DatabaseAddress, "127.0.0.1:0"), ""); err != nil {
		return err
	}
	s.closers = append(s.closers, s.Database.Close)
	bin, err := binDir()
	if err != nil {
		return err
	}
	s.Images, err = sample.NewBuilder(ctx, bin, "amd64")
	return err
}

func (s *Sandbox) buildRuntime(ctx context.Context, _ Options) (err error) {
	if s.RuntimeDir, err = binDir(); err != nil {
		return err
	}
	return build(ctx, filepath.Join(s.RuntimeDir, "runtime-linux-amd64"), "./cmd/runtime")
}

// Push builds a variant of the sample application and pushes it under its version as the tag.
func (s *Sandbox) Push(ctx context.Context, v sample.Variant) error {
	return s.PushAs(ctx, v, v.Version)
}

// PushAs pushes a variant under any tag.
func (s *Sandbox) PushAs(ctx context.Context, v sample.Variant, tag string) error {
	built, err := s.Images.Image(v)
	if err != nil {
		return fmt.Errorf("building the sample application: %w", err)
	}
	if _, err := sample.Push(ctx, built, s.Repository(), tag); err != nil {
		return fmt.Errorf("pushing the sample application: %w", err)
	}
	return nil
}

// Repository of the sample application's images.
func (s *Sandbox) Repository() string { return s.Registry.Repository("acme/counter") }

// Close stops everything, the newest first.
func (s *Sandbox) Close() error {
	problems := []error{s.StopOperator()}
	for _, v := range slices.Backward(s.closers) {
		problems = append(problems, v())
	}
	s.closers = nil
	return errors.Join(problems...)
}

func (s *Sandbox) options() operator.Options {
	return operator.Options{
		Kubernetes: s.ControlPlane.Config, AWS: s.AWSConfig, Namespace: Namespace, ClusterID: ClusterID,
		RuntimeDir: s.RuntimeDir, Images: image.Options{AllowInsecureLoopback: true}, Limits: s.limits, Concurrency: 8,
		MetricsAddress: "0", HealthAddress: "0", SkipNameValidation: true, Unbudgeted: true,
	}
}
