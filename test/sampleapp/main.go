// Command sampleapp is a small web application in a plain container: pages, background jobs, a migration, a schedule.
//
// It knows nothing of Lambda. It listens on $PORT, reads jobs from standard input, and keeps what happened in the
// database of DATABASE_URL, as any application in a container would.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// exitError ends the process with a code of the application's own choice.
type exitError struct {
	code    int
	message string
}

func (e exitError) Error() string { return e.message }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Getenv)
	if err == nil {
		return
	}
	fmt.Fprintln(os.Stderr, "sampleapp:", err)
	if exit, ok := errors.AsType[exitError](err); ok {
		os.Exit(exit.code)
	}
	os.Exit(1)
}

func run(ctx context.Context, arguments []string, stdin io.Reader, stdout io.Writer, getenv func(string) string) error {
	build, err := readBuild()
	if err != nil {
		return err
	}
	command := "serve"
	if len(arguments) > 0 {
		command = arguments[0]
	}
	switch command {
	case "serve":
		return serve(ctx, build, stdout, getenv)
	case "migrate", "work", "schedule":
	default:
		return exitError{code: 2,
			message: fmt.Sprintf("unknown command %q; there are serve, migrate, work and schedule", command)}
	}
	store, err := connect(getenv("DATABASE_URL"))
	if err != nil {
		return fmt.Errorf("%s: %w", command, err)
	}
	switch command {
	case "migrate":
		return migrate(ctx, build, store, stdout)
	case "work":
		return work(ctx, store, stdin, stdout, getenv("ALOFT_MESSAGE_ID"))
	}
	return schedule(ctx, build, store, stdout)
}
