package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/redact"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/application"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/boot"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/bundle"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/cli"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/environ"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/queue"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/warm"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/web"
)

// startLimit is how long the start may take until the runtime asks for work nevertheless: Lambda ends the init phase
// after ten seconds and would begin again from nothing, while an invocation can go on waiting for a slow application.
const startLimit = 9 * time.Second

// starter holds what a function is made from.
type starter struct {
	// environment is the function's own, "NAME=value"; arguments are the runtime's.
	environment, arguments []string
	sink                   *logging.Sink
	log                    *slog.Logger

	config aws.Config
	bundle contract.Bundle
	spec   process.Spec
	hide   redact.Redactor
}

func (s *starter) getenv(name string) string { return environ.Lookup(s.environment, name) }

// start makes the function of this environment. Its error is for the person who released it.
func (s *starter) start(ctx context.Context) (*function, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	role, err := boot.RoleOf(s.getenv(contract.VariableRole), s.getenv("AWS_LAMBDA_FUNCTION_NAME"))
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		return nil, err
	}
	f := &function{stream: s.getenv("AWS_LAMBDA_LOG_STREAM_NAME"), log: s.log, sender: warm.Sender{
		Lambda: awsapi.Lambda(s.config), Function: s.getenv("AWS_LAMBDA_FUNCTION_NAME"),
		Version: s.getenv("AWS_LAMBDA_FUNCTION_VERSION"), Log: s.log,
	}}
	switch role {
	case contract.RoleCLI:
		f.role = cli.NewHandler(cli.Config{
			Spec: s.spec, Log: s.log, Output: s.sink, Hide: s.hide, Environment: f.stream, Objects: awsapi.S3(s.config),
		}).Handle
		return f, nil
	case contract.RoleQueue:
		return f, s.startQueue(ctx, f)
	default:
		handler, err := s.startApplication(ctx, f)
		if err != nil {
			return nil, err
		}
		f.role = handler.Handle
		return f, nil
	}
}

// prepare reads everything that all roles need.
func (s *starter) prepare(ctx context.Context) error {
	start, err := boot.ReadStart(startFile, s.arguments)
	if err != nil {
		return err
	}
	stop, err := process.ParseSignal(start.StopSignal)
	if err != nil {
		return err
	}
	s.config = awsapi.Config(s.getenv)
	if location := s.getenv(contract.VariableConfig); location != "" {
		source := bundle.Source{
			Location: location, Stage: s.getenv(contract.VariableStage), Objects: awsapi.S3(s.config),
			Keys: awsapi.KMS(s.config),
		}
		if s.bundle, err = source.Load(ctx); err != nil {
			return err
		}
	}
	s.hide = redact.New(slices.Collect(maps.Values(s.bundle.Secrets))...)
	s.spec = process.Spec{
		Args: slices.Concat(start.Entrypoint, start.Cmd), Dir: start.WorkingDir, User: start.User,
		StopSignal: stop, Env: environ.Merge(s.environment, s.bundle, s.getenv(contract.VariableHTTPPort)),
	}
	return nil
}

func (s *starter) startApplication(ctx context.Context, f *function) (*web.Handler, error) {
	port, err := strconv.ParseUint(s.getenv(contract.VariableHTTPPort), 10, 16)
	if err != nil || port == 0 {
		return nil, fmt.Errorf("reading %s: %.20q is no port",
			contract.VariableHTTPPort, s.getenv(contract.VariableHTTPPort))
	}
	f.app = application.New(application.Config{
		Spec: s.spec, Port: int(port), Log: s.log, Output: s.sink, Hide: s.hide,
		HealthPath: s.getenv(contract.VariableHTTPHealthPath), Host: s.host(),
	})
	if err := f.app.Start(ctx); err != nil {
		return nil, err
	}
	edge := web.Edge{Digest: s.getenv(contract.VariableOriginDigest), Host: s.host()}
	handler := web.NewHandler(f.app, edge, s.log)
	f.dummy = handler.Dummy
	return handler, nil
}

// host is the stage's own name. What Aloft itself asks of the application is asked under it, as visitors do:
// applications turn away names that they do not know.
func (s *starter) host() string {
	if assets, err := url.Parse(s.getenv(contract.VariableAssetURL)); err == nil && assets.Host != "" {
		return assets.Host
	}
	return "localhost"
}

func (s *starter) startQueue(ctx context.Context, f *function) error {
	backoff, err := queue.ParseBackoff(s.getenv(contract.VariableQueueBackoff))
	if err != nil {
		return err
	}
	suffix := s.getenv(contract.VariableQueueSuffix)
	config := queue.Config{
		Prefix: s.getenv(contract.VariableQueuePrefix), Suffix: suffix, Backoff: backoff, Delayer: awsapi.SQS(s.config),
		Log: s.log,
	}
	command, path := s.getenv(contract.VariableQueueCommand), s.getenv(contract.VariableQueuePath)
	switch {
	case command != "":
		worker := queue.Command{Spec: s.spec, Output: s.sink, Suffix: suffix}
		if worker.Spec.Args, err = queue.ParseCommand(command); err != nil {
			return err
		}
		config.Worker = worker
	case path != "":
		handler, err := s.startApplication(ctx, f)
		if err != nil {
			return err
		}
		config.Worker = queue.Path{Target: path, Suffix: suffix, Application: handler}
	default:
		return fmt.Errorf("the worker has neither %s nor %s", contract.VariableQueueCommand, contract.VariableQueuePath)
	}
	f.role = queue.NewHandler(config).Handle
	return nil
}
