// Command manager is the operator.
package main

import (
	"context"
	"crypto/x509"
	"flag"
	"fmt"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	_ "golang.org/x/crypto/x509roots/fallback" // the image holds no certificate authorities
	"golang.org/x/net/http/httpproxy"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/plan"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "manager:", err)
		os.Exit(1)
	}
}

func run() error {
	o := operator.Options{Limits: plan.DefaultLimits()}
	var endpoint, authorities string
	flag.StringVar(&o.Namespace, "namespace", "aloft-system",
		"The operator's own namespace: of its lease and of the Secret with its hash key.")
	flag.StringVar(&o.ClusterID, "cluster-id", "",
		"The first part of every ownership tag on AWS, of 1 to 63 letters, digits, dots, dashes and underscores. Default: "+
			"the UID of the namespace kube-system.")
	flag.StringVar(&o.RuntimeDir, "runtime-dir", beside(),
		"The folder of the function runtimes, runtime-linux-amd64 and runtime-linux-arm64.")
	flag.IntVar(&o.Concurrency, "concurrent", 32, "How many Stages are reconciled at the same time.")
	flag.StringVar(&o.MetricsAddress, "metrics-bind-address", ":8443", "Where metrics are served; 0 leaves them out.")
	flag.BoolVar(&o.SecureMetrics, "metrics-secure", true,
		"Serve metrics by https, to those whom the API server authorizes.")
	flag.StringVar(&o.HealthAddress, "health-probe-bind-address", ":8081",
		"Where health checks are answered; 0 leaves them out.")
	flag.StringVar(&o.ProfileAddress, "pprof-bind-address", "0",
		"Where Go's profiles are served to whoever reaches it, such as 127.0.0.1:6060; 0 leaves them out.")
	flag.BoolVar(&o.LeaderElection, "leader-elect", false, "Elect one of several replicas to act.")
	flag.DurationVar(&o.LeaseDuration, "lease-duration", 0,
		"How long a leader counts as one after it was last heard of, at least 6s. Default: 10s.")
	flag.DurationVar(&o.Limits.Settle, "settle", o.Limits.Settle,
		"How long the clean-up waits after the aliases were switched.")
	flag.DurationVar(&o.Limits.KeepSuperseded, "keep-superseded", o.Limits.KeepSuperseded,
		"The least age at which a superseded release is removed.")
	flag.DurationVar(&o.Limits.Pace.Soonest, "soonest-look", o.Limits.Pace.Soonest,
		"The least time between two looks at what goes on in AWS.")
	flag.Int64Var(&o.Resources.Memory, "memory-limit", 0,
		"The bytes of memory that the pod may take. Sets the soft limit of Go, and bounds what images take for their assets.")
	flag.Int64Var(&o.Resources.Disk, "disk-limit", 0,
		"The bytes of ephemeral storage that the pod may take. Bounds the assets that are kept on disk while they are sent.")
	flag.Float64Var(&o.QuotaShare, "aws-quota-share", 1,
		"The part of an account's AWS quotas to keep within, from 0.01 to 1: less where others act in the same accounts.")
	flag.BoolVar(&o.Unbudgeted, "unbudgeted", false,
		"Make AWS calls as fast as they are asked for, as an AWS without quotas allows.")
	flag.StringVar(&endpoint, "aws-endpoint-url", "", "Another AWS endpoint: by https, or on loopback.")
	flag.BoolVar(&o.Images.AllowInsecureLoopback, "insecure-loopback-registries", false,
		"Allow image registries on loopback, by http.")
	flag.Func("private-registries",
		"A private network that images may be read from, such as 10.20.0.0/16; may be given several times. Without it none "+
			"may. The registry of a profile's own account is reached wherever it is.",
		func(text string) error {
			network, err := netip.ParsePrefix(text)
			o.Images.PrivateNetworks = append(o.Images.PrivateNetworks, network)
			return err //nolint:wrapcheck // package flag names the flag and its value
		})
	flag.StringVar(&authorities, "registry-ca-file", "",
		"A file of certificate authorities, in PEM, that registries are believed by beside the usual ones.")
	logging := zap.Options{}
	logging.BindFlags(flag.CommandLine)
	flag.Parse()
	ctrl.SetLogger(zap.New(zap.UseFlagOptions(&logging)))

	ctx := ctrl.SetupSignalHandler()
	var err error
	if o.Images.RootCAs, err = rootCAs(authorities); err != nil {
		return err
	}
	if httpproxy.FromEnvironment().HTTPSProxy != "" {
		ctrl.Log.Info("AWS is reached through the proxy of HTTPS_PROXY. Registries are not, whose addresses have to be " +
			"known to be judged: let the operator reach them directly")
	}
	if o.Kubernetes, err = ctrl.GetConfig(); err != nil {
		return fmt.Errorf("finding the API server: %w", err)
	}
	// Without a default limit: the API server's own priority and fairness decides.
	o.Kubernetes.QPS = -1
	if o.AWS, err = awsConfig(ctx, endpoint); err != nil {
		return err
	}
	return operator.Run(ctx, o)
}

func awsConfig(ctx context.Context, endpoint string) (aws.Config, error) {
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithDefaultRegion("us-east-1"))
	if err != nil {
		return aws.Config{}, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if endpoint != "" {
		parsed, err := url.Parse(endpoint)
		if err != nil {
			return aws.Config{}, fmt.Errorf("reading --aws-endpoint-url: %w", err)
		}
		if err := cloud.PlainText(parsed); err != nil {
			return aws.Config{}, fmt.Errorf("--aws-endpoint-url: %w", err)
		}
		config.BaseEndpoint = aws.String(endpoint)
	}
	return config, nil
}

// rootCAs adds the authorities of a file to the usual ones; nil leaves it at those.
func rootCAs(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil //nolint:nilnil // what crypto/tls takes for the usual ones
	}
	text, err := os.ReadFile(file) //nolint:gosec // the file is the operator's own option
	if err != nil {
		return nil, fmt.Errorf("reading --registry-ca-file: %w", err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		return nil, fmt.Errorf("reading the usual certificate authorities: %w", err)
	}
	if !pool.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("--registry-ca-file %s holds no certificate in PEM", file)
	}
	return pool, nil
}

// beside is the folder of this program, where an image has the runtimes too.
func beside() string {
	program, err := os.Executable()
	if err != nil {
		return "."
	}
	return filepath.Dir(program)
}
