package queue

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/forbidden"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/web"
)

// Command gives each message to a process of its own: the body on standard input, the rest in its environment. Exit
// code 0 is success.
type Command struct {
	// Spec holds the command with the directory, the user and the environment of the application.
	Spec   process.Spec
	Output *logging.Sink
	// Suffix is the value of function.VariableQueueSuffix.
	Suffix string
}

// hintBytes is how much of the end of the output is looked at for what Lambda forbids.
const hintBytes = 8 << 10

// ParseCommand reads the value of function.VariableQueueCommand.
func ParseCommand(text string) ([]string, error) {
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil || len(args) == 0 {
		return nil, fmt.Errorf("reading %s: it must be a JSON list of arguments", function.VariableQueueCommand)
	}
	return args, nil
}

func (c Command) work(ctx context.Context, r record, in lambdaapi.Invocation) error {
	spec, lines := c.Spec, c.Output.Lines()
	defer lines.Close()
	said := process.NewEnds(0, hintBytes)
	spec.Stdin, spec.Output = strings.NewReader(r.Body), io.MultiWriter(lines, said)
	spec.Env = append(slices.Clip(spec.Env),
		function.VariableMessageID+"="+r.MessageID,
		function.VariableQueue+"="+r.shortName(c.Suffix),
		function.VariableReceiveCount+"="+strconv.Itoa(r.receiveCount()))
	for name, value := range r.attributes() {
		spec.Env = append(spec.Env, function.VariableAttribute+name+"="+value)
	}
	if in.TraceID != "" {
		spec.Env = append(spec.Env, "_X_AMZN_TRACE_ID="+in.TraceID)
	}
	exit := process.Run(ctx, spec, in.Cut)
	if exit.Code != 0 {
		hint := forbidden.Hint(exit.Text + "\n" + said.String())
		return fmt.Errorf("the worker ended with exit code %d: %s.%s", exit.Code, exit.Text, hint)
	}
	return nil
}

// Path posts each message to the application. A status of 2xx is success.
type Path struct {
	// Target is the path, the value of function.VariableQueuePath.
	Target string
	// Suffix is the value of function.VariableQueueSuffix.
	Suffix string
	// Application answers HTTP requests.
	Application *web.Handler
}

func (p Path) work(ctx context.Context, r record, in lambdaapi.Invocation) error {
	contentType := "text/plain; charset=utf-8"
	if json.Valid([]byte(r.Body)) {
		contentType = "application/json"
	}
	fields := []upstream.Field{
		{Name: "Content-Type", Value: contentType},
		{Name: function.HeaderMessageID, Value: r.MessageID},
		{Name: function.HeaderQueue, Value: r.shortName(p.Suffix)},
		{Name: function.HeaderReceiveCount, Value: strconv.Itoa(r.receiveCount())},
	}
	for name, value := range r.attributes() {
		header := function.HeaderAttribute + strings.ReplaceAll(name, "_", "-")
		fields = append(fields, upstream.Field{Name: header, Value: value})
	}
	request := p.Application.Job(p.Target, fields, []byte(r.Body), in)
	response, err := p.Application.Do(ctx, request, in)
	if err != nil {
		return err
	}
	if response.Status < 200 || response.Status > 299 {
		return fmt.Errorf("the application answered %d", response.Status)
	}
	return nil
}
