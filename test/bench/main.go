// Command bench measures Aloft on the local AWS, prints each figure with its target, and writes them as JSON.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"

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

func run(ctx context.Context) error {
	output := flag.String("o", "bin/bench.json", "Where the figures are written.")
	runs := flag.Int("runs", 30, "How many releases are measured.")
	reconciles := flag.Int("reconciles", 10_000, "How many reconciles of a stage at rest are counted.")
	logFile := flag.String("log", "bin/bench.log", "Where the operator and the control plane write their logs.")
	flag.Parse()
	logs, err := os.Create(*logFile)
	if err != nil {
		return fmt.Errorf("opening the log: %w", err)
	}
	defer func() { _ = logs.Close() }()
	ctrl.SetLogger(zap.New(zap.WriteTo(logs)))

	// The clean-up begins at once, so that a release never meets the one before.
	limits := sandbox.ShortLimits()
	limits.Settle, limits.KeepSuperseded = time.Millisecond, 0
	box, err := sandbox.Start(ctx, sandbox.Options{Limits: limits, Progress: os.Stderr, ControlPlaneOutput: logs})
	if err != nil {
		return err
	}
	defer func() { _ = box.Close() }()
	api := &apiCalls{}
	if err := box.StartOperator(ctx, api.watchOperator); err != nil {
		return err
	}
	figures, err := measure(ctx, box, api, *runs, *reconciles)
	if err != nil {
		return err
	}
	show(os.Stdout, figures)
	return write(*output, figures)
}

// paced is how many releases are measured at the pace of production, each of which takes half a minute.
const paced = 5

func measure(ctx context.Context, box *sandbox.Sandbox, api *apiCalls, runs, reconciles int) ([]figure, error) {
	s, err := begin(ctx, box)
	if err != nil {
		return nil, err
	}
	s.api = api
	var figures []figure
	for _, part := range []struct {
		what    string
		measure func(context.Context) ([]figure, error)
	}{
		{fmt.Sprintf("%d releases at zero latency", runs),
			func(ctx context.Context) ([]figure, error) { return s.overhead(ctx, runs) }},
		{"a release of unchanged content", s.unchanged},
		{fmt.Sprintf("%d releases at the pace of production", paced),
			func(ctx context.Context) ([]figure, error) { return s.paced(ctx, paced) }},
		{fmt.Sprintf("%d reconciles at rest", reconciles),
			func(ctx context.Context) ([]figure, error) { return s.atRest(ctx, reconciles) }},
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
