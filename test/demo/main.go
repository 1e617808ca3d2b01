// Command demo is the whole of Aloft on one machine: a real etcd and kube-apiserver, the local AWS and the operator. It
// releases the sample application and shows how, or runs the local AWS alone. cmd/sandbox compiles it and becomes it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/log/zap"
)

const usage = `Usage:
  sandbox [flags]        control plane, local AWS and operator; releases the sample application
  sandbox aws [flags]    the local AWS alone, for the aws command line

`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:])
	stop()
	if err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "\n✗", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, arguments []string) error {
	if len(arguments) > 0 && arguments[0] == "aws" {
		return runAWS(ctx, arguments[1:])
	}
	flags := flag.NewFlagSet("sandbox", flag.ContinueOnError)
	var d demo
	flags.BoolVar(&d.once, "once", false, "End after the proof: exit 0 only when all of it held.")
	flags.BoolVar(&d.noSample, "no-sample", false, "Release nothing: start everything and say how to release an application of your own.")
	flags.StringVar(&d.endpoint, "aws-endpoint-url", "", "Use this AWS endpoint instead of the local AWS.")
	flags.StringVar(&d.kubeconfig, "kubeconfig", "bin/sandbox.kubeconfig", "Where the kubeconfig is written.")
	flags.StringVar(&d.logFile, "log", "bin/sandbox.log", "Where the operator and the control plane write their logs.")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("there is no command %q: see sandbox --help", flags.Arg(0))
	}
	return d.run(ctx)
}

// logTo sends the logs of the operator's libraries to a file, so that the terminal shows the release alone.
func logTo(file *os.File) {
	var logger = zap.New(zap.WriteTo(file))
	ctrl.SetLogger(logger)
}
