package lambdaapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
)

// Handler answers one invocation with JSON. The answer may be kept until the next call only.
type Handler func(ctx context.Context, in Invocation) ([]byte, error)

// typed is an error that names the type which Lambda shows beside its message.
type typed interface{ ErrorType() string }

// TypeOf is the error type for Lambda: the error's own, or Aloft.Error.
func TypeOf(err error) string {
	var t typed
	if errors.As(err, &t) {
		return t.ErrorType()
	}
	return "Aloft.Error"
}

// Serve hands invocations to the handler, one after the other, until the context ends or the API is gone.
// An error of the handler fails its invocation only.
func Serve(ctx context.Context, client *Client, handle Handler, log *slog.Logger) error {
	for {
		in, err := client.Next(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			return err
		}
		if err := client.serveOne(ctx, in, handle, log); err != nil {
			return err
		}
	}
}

func (c *Client) serveOne(ctx context.Context, in Invocation, handle Handler, log *slog.Logger) error {
	// The answer is worth sending even when the function is being ended.
	reply := context.WithoutCancel(ctx)
	answer, err := guarded(ctx, in, handle)
	if err == nil {
		err = c.Respond(reply, in.RequestID, answer)
		if !errors.Is(err, ErrTooLarge) {
			return err
		}
	}
	log.Error("the invocation failed", "requestId", in.RequestID, "error", err.Error())
	return c.Fail(reply, in.RequestID, Failure{Message: err.Error(), Type: TypeOf(err)})
}

// guarded turns a panic into the failure of one invocation instead of the end of the environment.
func guarded(ctx context.Context, in Invocation, handle Handler) (answer []byte, err error) {
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("the runtime failed: %v", cause)
		}
	}()
	ctx, cancel := context.WithDeadline(ctx, in.Deadline)
	defer cancel()
	return handle(ctx, in)
}
