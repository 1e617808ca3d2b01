package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
	"github.com/aloft-dev/aloft/test/sandbox/patience"
)

const (
	demoNamespace = "counter"
	demoStage     = "production"
	demoProfile   = "sandbox"
	// databasePort is where functions of another AWS reach the database of the sample application.
	databasePort = "4567"
	// releaseWithin is how long the first release may take.
	releaseWithin = 5 * time.Minute
)

// demo is one run of the sandbox.
type demo struct {
	once, noSample      bool
	endpoint            string
	kubeconfig, logFile string

	// out is the terminal, which is never silent until everything is up.
	out     *patience.Writer
	sandbox *sandbox.Sandbox
	// url of the sample application, once it is live.
	url string
}

func (d *demo) run(ctx context.Context) error {
	began := time.Now()
	d.out = patience.New(os.Stdout, patience.Silence)
	defer d.out.Stop()
	if err := os.MkdirAll(filepath.Dir(d.logFile), 0o755); err != nil { //nolint:gosec // logs of a sandbox
		return fmt.Errorf("making the folder for logs: %w", err)
	}
	logs, err := os.Create(d.logFile)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = logs.Close() }()
	logTo(logs)

	fmt.Fprintln(d.out, "Starting Aloft on this machine")
	options := sandbox.Options{Kubeconfig: d.kubeconfig, Progress: d.out, ControlPlaneOutput: logs}
	if options.AWS, err = d.awsConfig(ctx); err != nil {
		return err
	}
	if options.AWS != nil {
		options.DatabaseAddress = "127.0.0.1:" + databasePort
	}
	if d.sandbox, err = sandbox.Start(ctx, options); err != nil {
		return err
	}
	defer func() { _ = d.sandbox.Close() }()
	if err := d.sandbox.StartOperator(ctx); err != nil {
		return err
	}
	if !d.noSample {
		if err := d.release(ctx); err != nil {
			return fmt.Errorf("%w\n  logs: %s", err, d.logFile)
		}
	}
	fmt.Fprintf(d.out, "\n✓ done in %.1fs\n", time.Since(began).Seconds())
	if d.once {
		return nil
	}
	if err := d.suggest(); err != nil {
		return err
	}
	defer func() { _ = errors.Join(os.Remove(d.kubeconfig), os.RemoveAll(d.authority())) }()
	d.out.Stop()
	<-ctx.Done()
	fmt.Fprintln(d.out, "\nStopping")
	return nil
}

// awsConfig reaches another AWS, or gives nil for the local one.
func (d *demo) awsConfig(ctx context.Context) (*aws.Config, error) {
	if d.endpoint == "" {
		return nil, nil //nolint:nilnil // no other AWS is an ordinary answer
	}
	config, err := awsconfig.LoadDefaultConfig(ctx, awsconfig.WithDefaultRegion("eu-central-1"))
	if err != nil {
		return nil, fmt.Errorf("reading the AWS configuration: %w", err)
	}
	if _, err := config.Credentials.Retrieve(ctx); err != nil {
		return nil, fmt.Errorf(
			"--aws-endpoint-url needs AWS credentials, such as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY: %w", err,
		)
	}
	config.BaseEndpoint = aws.String(d.endpoint)
	return &config, nil
}

// release brings the sample application live and proves that it serves.
func (d *demo) release(ctx context.Context) error {
	fmt.Fprintln(d.out, "\nBuilding the sample application: v1, v2, and a version whose migration fails")
	for _, variant := range []sample.Variant{sample.V1, sample.V2, sample.FailingMigration} {
		if err := d.sandbox.Push(ctx, variant); err != nil {
			return err
		}
	}
	if err := d.sandbox.Prepare(ctx, demoNamespace, demoProfile, d.sandbox.Database.URL()); err != nil {
		return err
	}
	stage := d.sandbox.SampleStage(demoNamespace, demoStage, demoProfile, sample.V1.Version)
	shown, err := yaml.Marshal(map[string]any{"apiVersion": stage.APIVersion, "kind": stage.Kind, "spec": stage.Spec})
	if err != nil {
		return fmt.Errorf("showing the Stage: %w", err)
	}
	fmt.Fprintf(d.out, "\nApplying the Stage %s/%s\n\n%s\n", demoNamespace, demoStage, indent(string(shown)))
	if err := d.sandbox.Client.Create(ctx, stage); err != nil {
		return fmt.Errorf("applying the Stage: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, releaseWithin)
	defer cancel()
	live, err := d.watch(ctx, client.ObjectKeyFromObject(stage))
	if err != nil {
		return err
	}
	return d.prove(ctx, live)
}

// authority is where the certificate authority of the local AWS is written, beside the kubeconfig.
func (d *demo) authority() string { return filepath.Join(filepath.Dir(d.kubeconfig), "sandbox-ca.pem") }

func (d *demo) suggest() error {
	if d.noSample {
		text, err := d.ownApplication()
		if err != nil {
			return err
		}
		fmt.Fprint(d.out, text)
		return d.suggestAWS()
	}
	fmt.Fprintf(d.out, `
What to try next, in another terminal:

  export KUBECONFIG=%[1]s
  kubectl get stages.aloft.dev -A -w
  kubectl -n %[2]s describe stages.aloft.dev %[3]s

  # release the next version: no request fails while it goes live
  kubectl -n %[2]s patch stages.aloft.dev %[3]s --type merge -p '{"spec":{"image":{"tag":"%[4]s"}}}'

  # a version whose migration fails never reaches anybody
  kubectl -n %[2]s patch stages.aloft.dev %[3]s --type merge -p '{"spec":{"image":{"tag":"%[5]s"}}}'
`, absolute(d.kubeconfig), demoNamespace, demoStage, sample.V2.Version, sample.FailingMigration.Version)
	return d.suggestAWS()
}

// suggestAWS says how to look at what was made on AWS.
func (d *demo) suggestAWS() error {
	if d.sandbox.AWS == nil {
		fmt.Fprintf(d.out, "\nCtrl-C stops everything here; what it made stays on %s.\n", d.endpoint)
		return nil
	}
	if err := os.WriteFile(d.authority(), d.sandbox.AWS.CAPEM(), 0o644); err !=
		nil { //nolint:gosec // a certificate is public
		return fmt.Errorf("writing the certificate authority: %w", err)
	}
	if d.url != "" {
		fmt.Fprintf(d.out, "\n  # the application itself; a browser warns of the local certificate\n  curl --cacert %s %s/\n",
			absolute(d.authority()), d.url)
	}
	fmt.Fprintf(d.out, `
  # what it made on AWS
  export AWS_ENDPOINT_URL=%s AWS_DEFAULT_REGION=eu-central-1 AWS_ACCESS_KEY_ID=%s AWS_SECRET_ACCESS_KEY=%s
  aws cloudformation describe-stacks --query 'Stacks[].[StackName,StackStatus]' --output text
`, d.sandbox.AWS.URL(), adminKey, adminSecret)
	fmt.Fprintf(d.out, "\nLogs: %s. Ctrl-C stops everything and leaves nothing behind.\n", d.logFile)
	return nil
}

// watch shows the release phase by phase until it is live; a release that stalls is an error with its root cause.
func (d *demo) watch(ctx context.Context, key client.ObjectKey) (*v1alpha1.Stage, error) {
	began := time.Now()
	shown := map[string]v1alpha1.PhaseState{}
	stage := &v1alpha1.Stage{}
	for {
		if err := d.sandbox.Client.Get(ctx, key, stage); err != nil {
			return nil, fmt.Errorf("reading the Stage: %w", err)
		}
		show(d.out, stage, shown, began)
		switch stalled, ready := conditionOf(stage, v1alpha1.ConditionStalled), conditionOf(stage, v1alpha1.ConditionReady); {
		case stalled != nil:
			return nil, fmt.Errorf("the release failed in phase %s: %s: %s", failedPhase(stage), stalled.Reason, stalled.Message)
		case ready != nil && ready.Status == "True":
			fmt.Fprintf(d.out, "  %6.2fs  %-12s %s\n", time.Since(began).Seconds(), "Ready", ready.Message)
			return stage, nil
		}
		select {
		case <-ctx.Done():
			if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return nil, fmt.Errorf("interrupted in phase %s: %s", stage.Status.Phase, message(stage))
			}
			return nil, fmt.Errorf("the release did not end within %s: phase %s: %s", releaseWithin, stage.Status.Phase,
				message(stage))
		case <-time.After(50 * time.Millisecond):
		}
	}
}
