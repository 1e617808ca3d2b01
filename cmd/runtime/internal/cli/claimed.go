package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/proof"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/awsapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
)

// resultRetry is the pause between attempts to store a result.
const resultRetry = 200 * time.Millisecond

// handleClaimed runs the command when this delivery gets the claim, and stores its result.
func (h *Handler) handleClaimed(
	ctx context.Context, o order, in lambdaapi.Invocation, log *slog.Logger,
) ([]byte, error) {
	places, err := placesOf(o.Claim)
	if err != nil {
		return nil, err
	}
	held, own, err := h.take(ctx, places.claim, in.RequestID, o)
	if errors.Is(err, errLate) {
		log.Warn(err.Error(), "notAfter", o.NotAfter)
		return json.Marshal(function.Claim{State: function.ClaimLate, Reason: err.Error()})
	}
	if err != nil {
		return nil, err
	}
	if !own {
		log.Warn("the command is not run here, for it was claimed before",
			"state", held.State, "environment", held.Environment, "reason", held.Reason)
		return h.standing(ctx, places, held)
	}
	output := newPieces(h.Objects, places, log)
	ended := h.run(ctx, o, in, output, log)
	// The function may be on its way out, but what happened must be known.
	storing, cancel := context.WithDeadline(context.WithoutCancel(ctx), in.Deadline)
	defer cancel()
	output.finish(storing)
	if err := h.store(storing, places.result, proof.Result(o.Key, ended.Result), log); err != nil {
		return nil, err
	}
	return json.Marshal(ended.Result)
}

// standing answers for a command that another delivery has claimed, or the operator.
func (h *Handler) standing(ctx context.Context, places siblings, held function.Claim) ([]byte, error) {
	if held.State == function.ClaimStarted {
		var ended function.Result
		err := getJSON(ctx, h.Objects, places.result, &ended)
		if err == nil {
			ended.Proof = ""
			return json.Marshal(ended)
		}
		if !errors.Is(err, errAbsent) {
			return nil, fmt.Errorf("reading the command's result: %w", err)
		}
	}
	held.Token, held.Proof = "", "" // for the one who put it, and the operator
	return json.Marshal(held)
}

// store puts the result, again and again until the function's deadline: without it nobody knows how the command ended.
func (h *Handler) store(ctx context.Context, at awsapi.Location, ended function.Result, log *slog.Logger) error {
	for {
		err := putJSON(ctx, h.Objects, at, ended, false)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return fmt.Errorf("the command ended with exit code %d, but storing its result failed: %w",
				ended.ExitCode, explain(err))
		}
		log.Warn("storing the result failed and is tried again", "error", err.Error())
		pause(ctx, resultRetry)
	}
}
