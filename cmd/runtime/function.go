package main

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"strconv"
	"time"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/application"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/boot"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/cli"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/environ"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/warm"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/web"
)

// startLimit is how long the init phase waits for the application's port: Lambda ends that phase after ten seconds and would begin again from nothing,
// while an invocation can go on waiting.
const startLimit = 9 * time.Second

// function is one environment of a function in its role.
type function struct {
	role lambdaapi.Handler
	// dummy is the first request to the application; nil where there is none.
	dummy  func(context.Context, lambdaapi.Invocation) error
	app    *application.Application
	stream string
	warmed bool
}

func newFunction(ctx context.Context, environment []string, sink *logging.Sink, log *slog.Logger) (*function, error) {
	role, err := boot.RoleOf(os.Getenv("ALOFT_ROLE"), os.Getenv("AWS_LAMBDA_FUNCTION_NAME"))
	if err != nil {
		return nil, err
	}
	start, err := boot.ReadStart(startFile, os.Args[1:])
	if err != nil {
		return nil, err
	}
	bundle := environ.Bundle{}
	port := os.Getenv("ALOFT_HTTP_PORT")
	spec := process.Spec{Args: start.Command(), Dir: start.WorkingDir, User: start.User, Env: environ.Merge(environment, bundle, port)}
	hide := environ.NewRedactor(bundle).Hide
	f := &function{stream: os.Getenv("AWS_LAMBDA_LOG_STREAM_NAME")}
	switch role {
	case boot.CLI:
		f.role = cli.NewHandler(cli.Config{Spec: spec, Log: log, Output: sink, Hide: hide, Environment: f.stream}).Handle
		return f, nil
	default:
		number, err := strconv.ParseUint(port, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("reading ALOFT_HTTP_PORT: %w", err)
		}
		f.app = application.New(application.Config{Spec: spec, Port: int(number), Log: log, Output: sink, Hide: hide})
		handler := web.NewHandler(f.app, log)
		f.role, f.dummy = handler.Handle, handler.Dummy
	}
	starting, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	return f, f.app.Start(starting)
}

func (f *function) handle(ctx context.Context, in lambdaapi.Invocation) ([]byte, error) {
	cold := !f.warmed
	f.warmed = true
	event, ok := warm.Parse(in.Payload)
	if !ok {
		return f.role(ctx, in)
	}
	if cold && f.dummy != nil {
		if err := f.dummy(ctx, in); err != nil {
			return nil, err
		}
	}
	event.Rest(ctx)
	return json.Marshal(warm.Answer{Output: "Warmed!", Environment: f.stream, ColdStart: cold})
}

func (f *function) stop(grace time.Duration) {
	if f.app != nil {
		f.app.Stop(grace)
	}
}
