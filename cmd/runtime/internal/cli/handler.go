package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/api/function/redact"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/forbidden"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
)

// maxOutput is how much of a command's output its answer and result keep, in bytes, from the end.
const maxOutput = 256 << 10

// hintBytes is how much of the end of the output is looked at for what Lambda forbids.
const hintBytes = 8 << 10

// Config is what commands are run with.
type Config struct {
	// Spec holds the directory, the user and the environment of the application.
	Spec process.Spec
	Log  *slog.Logger
	// Output receives the commands' lines.
	Output *logging.Sink
	// Hide removes secrets from the output that is answered and stored.
	Hide redact.Redactor
	// Environment is the function environment's own name, its log stream.
	Environment string
	// Objects holds claims, outputs and results.
	Objects Objects
}

// Handler runs the command of an event.
type Handler struct{ Config }

// NewHandler returns a handler.
func NewHandler(config Config) *Handler { return &Handler{Config: config} }

// ending is how a command ended.
type ending struct {
	function.Result
	// lasted is from its start to its end.
	lasted time.Duration
	// outOfTime says that the command was ended because the function's time was over.
	outOfTime bool
}

// Handle runs one command.
func (h *Handler) Handle(ctx context.Context, in lambdaapi.Invocation) ([]byte, error) {
	o, err := parse(in.Payload)
	if err != nil {
		return nil, err
	}
	log := h.Log.With("requestId", in.RequestID, "command", o.ID, "run", o.Run)
	if o.Claim != "" {
		return h.handleClaimed(ctx, o, in, log)
	}
	ended := h.run(ctx, o, in, io.Discard, log)
	if o.line && ended.outOfTime {
		return nil, errors.New("the command timed out 1 second before Lambda times out")
	}
	return json.Marshal(ended.Result)
}

// run runs the command to its end; whatever happens to it is in the result.
func (h *Handler) run(
	ctx context.Context, o order, in lambdaapi.Invocation, pieces io.Writer, log *slog.Logger,
) ending {
	spec := h.Spec
	spec.Args = o.args
	if in.TraceID != "" {
		spec.Env = append(slices.Clip(spec.Env), "_X_AMZN_TRACE_ID="+in.TraceID)
	}
	tail, lines := process.NewTail(maxOutput), h.Output.Lines()
	// Secrets are hidden before anything is cut: of one that lies across a cut, a part would be left.
	kept := h.Hide.Writer(io.MultiWriter(tail, pieces))
	output := io.MultiWriter(lines, kept)
	spec.Output = output

	started := time.Now()
	log.Info("the command starts", "program", o.args[0])
	cut, own := o.cut(started, in.Cut)
	exit := process.Run(ctx, spec, cut)
	finished := time.Now()
	ended := ending{
		Result: function.Result{
			ExitCode: int32(exit.Code), StartedAt: stamp(started), FinishedAt: stamp(finished),
		},
		lasted: finished.Sub(started), outOfTime: exit.TimedOut && !own,
	}
	end, _ := tail.Bytes()
	if note := noteOn(exit, ended, o.TimeoutSeconds, end[max(0, len(end)-hintBytes):]); note != "" {
		_, _ = io.WriteString(output, note)
	}
	_, _ = lines.Close(), kept.Close()
	ended.Output, ended.Truncated = tail.Bytes()
	log.Info("the command ended", "exitCode", exit.Code, "exit", exit.Text)
	return ended
}

// noteOn is what the reader of the output must know beside it.
func noteOn(exit process.Exit, ended ending, timeoutSeconds int64, end []byte) string {
	switch {
	case exit.TimedOut && !ended.outOfTime:
		return fmt.Sprintf("\naloft: the command was ended with everything that it started after %d s, "+
			"its timeoutSeconds; raise them if it needs longer\n", timeoutSeconds)
	case exit.TimedOut:
		return fmt.Sprintf("\naloft: the command was ended after %s, one second before the function's time was over; "+
			"raise its timeoutSeconds or the function's\n", ended.lasted.Round(time.Second))
	case exit.NotStarted:
		return "\naloft: " + exit.Text + "." + forbidden.Hint(exit.Text) + "\n"
	}
	if hint := forbidden.Hint(string(end)); exit.Code != 0 && hint != "" {
		return "\naloft:" + hint + "\n"
	}
	return ""
}
