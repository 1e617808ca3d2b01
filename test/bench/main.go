// Command bench measures Aloft on the local AWS, prints each figure with its target, and writes them as JSON.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// options say what is measured, and how often.
type options struct {
	output, log string
	// atScale measures what many Stages cost, in place of what one does.
	atScale bool
	// runs are the releases at zero latency, paced those at each pace, reconciles those of a Stage at rest.
	runs, paced, reconciles int
	many                    scaleOptions
}

func parsed() (o options) {
	flag.StringVar(&o.output, "o", "bin/bench.json", "Where the figures are written.")
	flag.StringVar(&o.log, "log", "bin/bench.log", "Where the operator and the control plane write their logs.")
	flag.BoolVar(&o.atScale, "scale", false, "Measure what many Stages cost, within a quarter of an hour.")
	flag.IntVar(&o.runs, "runs", 30, "How many releases are measured at zero latency.")
	flag.IntVar(&o.paced, "paced", 5, "How many releases are measured at each pace, of half a minute and of two seconds.")
	flag.IntVar(&o.reconciles, "reconciles", 10_000, "How many reconciles of a stage at rest are counted.")
	flag.IntVar(&o.many.stages, "stages", 10_000, "How many Stages are at rest, with -scale; 0 leaves that out.")
	flag.IntVar(&o.many.kills, "kills", 6, "How often the leader is killed, with -scale.")
	flag.IntVar(&o.many.releases, "releases", 50, "How many releases go on at once in each account; 0 leaves that out.")
	flag.IntVar(&o.many.accounts, "accounts", 0, "In how many accounts these are. Default: 4, and 1 with -scale.")
	flag.Float64Var(&o.many.share, "share", 1, "The part of AWS's quotas that there is for them.")
	flag.Parse()
	if o.many.accounts == 0 {
		o.many.accounts = 4
		if o.atScale {
			o.many.accounts = 1
		}
	}
	return o
}

// scaleWithin bounds the measuring of many Stages.
const scaleWithin = 15 * time.Minute

func run(ctx context.Context) error {
	o := parsed()
	logs, err := os.Create(o.log)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = logs.Close() }()
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))
	if o.atScale {
		within, cancel := context.WithTimeout(ctx, scaleWithin)
		defer cancel()
		ctx = within
	}

	// The clean-up begins at once, so that a release never meets the one before.
	limits := sandbox.ShortLimits()
	limits.Settle, limits.KeepSuperseded = time.Millisecond, 0
	box, err := sandbox.Start(ctx, sandbox.Options{
		Limits: limits, Accounts: accountsBeside(o.many.accounts), Progress: os.Stderr, ControlPlaneOutput: logs,
	})
	if err != nil {
		return err
	}
	defer func() { _ = box.Close() }()
	measured := measure
	if o.atScale {
		measured = measureScale
	}
	figures, err := measured(ctx, box, logs, o)
	if err != nil {
		return err
	}
	show(os.Stdout, figures)
	return write(o.output, figures)
}

// accountsBeside are so many accounts beside the first.
func accountsBeside(count int) (accounts []string) {
	for i := range count {
		accounts = append(accounts, fmt.Sprintf("%012d", i+1))
	}
	return accounts
}

func measure(ctx context.Context, box *sandbox.Sandbox, logs io.Writer, o options) ([]figure, error) {
	api := &apiCalls{}
	if err := box.StartOperator(ctx, api.watchOperator); err != nil {
		return nil, err
	}
	s, _, err := begin(ctx, box, "bench", sample.V1)
	if err != nil {
		return nil, err
	}
	s.api = api
	var figures []figure
	for _, part := range []struct {
		what    string
		measure func(context.Context) ([]figure, error)
	}{
		{fmt.Sprintf("%d releases at zero latency", o.runs),
			func(ctx context.Context) ([]figure, error) { return s.overhead(ctx, o.runs) }},
		{"a release of unchanged content", s.unchanged},
		{"a first release", s.first},
		{fmt.Sprintf("%d releases at each pace", o.paced),
			func(ctx context.Context) ([]figure, error) { return s.paces(ctx, o.paced) }},
		{fmt.Sprintf("%d reconciles at rest", o.reconciles),
			func(ctx context.Context) ([]figure, error) { return s.atRest(ctx, o.reconciles) }},
		{fmt.Sprintf("%d releases at once in each of %d accounts", o.many.releases, o.many.accounts),
			func(ctx context.Context) ([]figure, error) { return atOnce(ctx, box, logs, o.many) }},
	} {
		fmt.Fprintf(os.Stderr, "measuring %s ...\n", part.what)
		more, err := part.measure(ctx)
		if err != nil {
			return nil, fmt.Errorf("measuring %s: %w", part.what, err)
		}
		figures = append(figures, more...)
	}
	return figures, nil
}
