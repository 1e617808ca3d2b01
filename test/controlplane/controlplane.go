// Package controlplane starts a real etcd and kube-apiserver with Aloft's definitions installed,
// and leaves nothing behind.
//
// There is no controller manager and no scheduler: nothing collects orphans, finishes the deletion of a namespace or
// makes service account tokens. Authorization is RBAC, as in a cluster.
package controlplane

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
)

// startTimeout is generous: two cores that compile at the same time need far more than the usual three seconds.
const startTimeout = 2 * time.Minute

// stopTimeout is how long each server may take to end by itself. kube-apiserver waits a minute for a watch that is open,
// and nothing of what it holds is kept.
const stopTimeout = 3 * time.Second

// Options of a control plane. The zero value is usable.
type Options struct {
	// Assets is the folder that holds kube-apiserver and etcd. Without it: KUBEBUILDER_ASSETS, else what
	// hack/controlplane/build.sh answers, which builds them once for the machine.
	Assets string
	// Kubeconfig is where the administrator's kubeconfig is written. Without it: in the control plane's own folder,
	// which is removed by Stop.
	Kubeconfig string
	// Progress receives what a build of the binaries says; without it nothing is shown.
	Progress io.Writer
	// Output receives the log of both servers; without it the log is dropped.
	Output io.Writer
}

// ControlPlane is a running etcd and kube-apiserver.
type ControlPlane struct {
	// Config has the administrator's credentials (system:masters).
	Config *rest.Config
	// Kubeconfig is the path of a file with the same credentials.
	Kubeconfig string

	folder      string
	environment *envtest.Environment
	reaper      *reaper
}

// Start brings a control plane up and installs the definitions. When it returns an error, nothing is left running.
// The caller ends it by Stop; should the calling process end in any other way, a reaper ends it.
func Start(ctx context.Context, options Options) (_ *ControlPlane, err error) {
	assets, err := findAssets(ctx, options)
	if err != nil {
		return nil, fmt.Errorf("finding kube-apiserver and etcd: %w", err)
	}
	definitions, err := Definitions()
	if err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("", "aloft-controlplane-")
	if err != nil {
		return nil, fmt.Errorf("making the control plane's folder: %w", err)
	}
	plane := &ControlPlane{folder: folder, Kubeconfig: options.Kubeconfig, environment: &envtest.Environment{
		CRDs:                     definitions,
		ControlPlaneStartTimeout: startTimeout,
		ControlPlaneStopTimeout:  stopTimeout,
	}}
	defer func() {
		if err != nil {
			err = errors.Join(err, plane.Stop())
		}
	}()
	last := &tail{next: options.Output}
	if err := plane.prepare(assets, last); err != nil {
		return nil, err
	}
	if plane.Config, err = plane.environment.Start(); err != nil {
		return nil, fmt.Errorf("starting the control plane: %w; the servers' last words:\n%s", err, last)
	}
	if err := plane.writeKubeconfig(); err != nil {
		return nil, err
	}
	if err := plane.awaitNamespaces(ctx); err != nil {
		return nil, fmt.Errorf("waiting for the namespace kube-system: %w", err)
	}
	return plane, nil
}

// prepare points envtest to this control plane's own folder and starts the reaper, before there is anything to reap.
func (c *ControlPlane) prepare(assets string, output io.Writer) error {
	var err error
	if c.reaper, err = startReaper(c.folder); err != nil {
		return fmt.Errorf("starting the reaper: %w", err)
	}
	servers := &c.environment.ControlPlane
	server := servers.GetAPIServer()
	servers.Etcd = &envtest.Etcd{DataDir: filepath.Join(c.folder, "etcd"), Out: output, Err: output}
	server.CertDir, server.Out, server.Err = filepath.Join(c.folder, "certificates"), output, output
	for _, dir := range []string{servers.Etcd.DataDir, server.CertDir} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			return fmt.Errorf("making the control plane's folders: %w", err)
		}
	}
	if servers.Etcd.Path, err = c.reaper.wrap(filepath.Join(assets, "etcd")); err != nil {
		return err
	}
	server.Path, err = c.reaper.wrap(filepath.Join(assets, "kube-apiserver"))
	return err
}

// AddUser returns the configuration of a new user, who may do what RBAC grants to the name and the groups. A service
// account's name is system:serviceaccount:<namespace>:<name>.
func (c *ControlPlane) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, rest.CopyConfig(c.Config))
	if err != nil {
		return nil, fmt.Errorf("adding user %s: %w", name, err)
	}
	return user.Config(), nil
}

// Stop ends both servers and removes what they wrote. It may be called more than once.
func (c *ControlPlane) Stop() error {
	// A server that does not end in time is killed, by the reaper at the latest: it is dismissed only when both are gone.
	gone := c.environment.Stop() == nil
	c.reaper.end(gone)
	return os.RemoveAll(c.folder)
}

func (c *ControlPlane) writeKubeconfig() error {
	if c.Kubeconfig == "" {
		c.Kubeconfig = filepath.Join(c.folder, "kubeconfig")
	}
	if err := os.MkdirAll(filepath.Dir(c.Kubeconfig), 0o700); err != nil {
		return fmt.Errorf("making the folder of the kubeconfig: %w", err)
	}
	if err := os.WriteFile(c.Kubeconfig, c.environment.KubeConfig, 0o600); err != nil {
		return fmt.Errorf("writing the kubeconfig: %w", err)
	}
	return nil
}
