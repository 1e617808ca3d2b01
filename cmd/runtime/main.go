// Command runtime is the entry point of function images: it starts the image's own application and speaks the Lambda
// Runtime API for it.
//
// It encodes the function protocol of Aloft: HTTP requests, commands, queues and warm pings, for any image and without
// changes to its code.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// startFile can be set at link time by images that keep the file elsewhere.
var startFile = contract.StartPath

func main() { os.Exit(run()) }

func run() int {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	sink := logging.NewSink(os.Stderr)
	log := logging.New(sink)
	api := os.Getenv("AWS_LAMBDA_RUNTIME_API")
	if api == "" {
		log.Error("AWS_LAMBDA_RUNTIME_API is not set: this program is the entry point of an AWS Lambda function")
		return 2
	}
	if err := process.Conceal(); err != nil {
		log.Warn("what the application starts may read what the runtime was told", "error", err.Error())
	}
	client := lambdaapi.New(api)
	// Before the first question for an invocation, which ends the init phase.
	if err := client.Extend(ctx); err != nil {
		log.Warn("the application will be killed without being asked to end", "error", err.Error())
	}
	start := &starter{environment: os.Environ(), arguments: os.Args[1:], sink: sink, log: log}
	function, err := start.start(ctx)
	if err != nil {
		log.Error("the function cannot start", "error", err.Error())
		failure := lambdaapi.Failure{Message: err.Error(), Type: lambdaapi.TypeOf(err)}
		if err := client.FailInit(context.WithoutCancel(ctx), failure); err != nil {
			log.Error("the failure could not be reported", "error", err.Error())
		}
		return 1
	}
	defer function.stop(process.Grace)
	if err := lambdaapi.Serve(ctx, client, function.handle, log); err != nil {
		log.Error("the Runtime API is gone", "error", err.Error())
		return 1
	}
	return 0
}
