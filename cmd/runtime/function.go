package main

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"

	contract "github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/application"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/warm"
)

// function is one environment of a function in its role.
type function struct {
	role   lambdaapi.Handler
	app    *application.Application
	dummy  func(context.Context, lambdaapi.Invocation) error
	sender warm.Sender
	// stream is the environment's own name.
	stream string
	used   bool
	log    *slog.Logger
}

// handle answers warm events itself and gives all others to the role.
func (f *function) handle(ctx context.Context, in lambdaapi.Invocation) ([]byte, error) {
	cold := !f.used
	f.used = true
	event, ok := warm.Parse(in.Payload)
	if !ok {
		return f.role(ctx, in)
	}
	if cold && f.dummy != nil {
		if err := f.dummy(ctx, in); err != nil {
			return nil, err
		}
	}
	answer := contract.WarmAnswer{Output: "Warmed!", Environment: f.stream, ColdStart: cold}
	if event.Ping {
		event.Rest(ctx)
	} else {
		f.sender.FanOut(ctx, event)
		answer.Output = "Warming done!"
	}
	return json.Marshal(answer)
}

// stop ends the application gracefully.
func (f *function) stop(grace time.Duration) {
	if f.app != nil {
		f.app.Stop(grace)
	}
}
