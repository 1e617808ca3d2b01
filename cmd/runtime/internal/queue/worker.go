package queue

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/lambdaapi"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/logging"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/process"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/upstream"
	"github.com/aloft-dev/aloft/cmd/runtime/internal/web"
)

// Command gives each message to a process of its own: the body on standard input, the rest in its environment. Exit code 0 is success.
type Command struct {
	// Spec holds the command with the directory, the user and the environment of the application.
	Spec   process.Spec
	Output *logging.Sink
	// Suffix is SQS_SUFFIX.
	Suffix string
}

// ParseCommand reads ALOFT_QUEUE_COMMAND, a JSON list of arguments.
func ParseCommand(text string) ([]string, error) {
	var args []string
	if err := json.Unmarshal([]byte(text), &args); err != nil || len(args) == 0 {
		return nil, errors.New("reading ALOFT_QUEUE_COMMAND: it must be a JSON list of arguments")
	}
	return args, nil
}

func (c Command) work(ctx context.Context, r record, in lambdaapi.Invocation) error {
	spec, lines := c.Spec, c.Output.Lines()
	defer lines.Close()
	spec.Stdin, spec.Output = strings.NewReader(r.Body), lines
	spec.Env = append(slices.Clip(spec.Env),
		"ALOFT_MESSAGE_ID="+r.MessageID, "ALOFT_QUEUE="+r.shortName(c.Suffix), "ALOFT_RECEIVE_COUNT="+strconv.Itoa(r.receiveCount()))
	for name, value := range r.attributes() {
		spec.Env = append(spec.Env, "ALOFT_ATTRIBUTE_"+name+"="+value)
	}
	if in.TraceID != "" {
		spec.Env = append(spec.Env, "_X_AMZN_TRACE_ID="+in.TraceID)
	}
	exit := process.Run(ctx, spec, in.Cut)
	if exit.Code != 0 {
		return fmt.Errorf("the worker ended with exit code %d: %s", exit.Code, exit.Text)
	}
	return nil
}

// Path posts each message to the application. A status of 2xx is success.
type Path struct {
	// Target is the path, ALOFT_QUEUE_HTTP_PATH.
	Target string
	// Suffix is SQS_SUFFIX.
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
		{Name: "Content-Type", Value: contentType}, {Name: "X-Aloft-Message-Id", Value: r.MessageID}, {Name: "X-Aloft-Queue", Value: r.shortName(p.Suffix)},
		{Name: "X-Aloft-Receive-Count", Value: strconv.Itoa(r.receiveCount())},
		{Name: web.DeadlineHeader, Value: strconv.FormatInt(in.Cut.UnixMilli(), 10)}, {Name: web.RequestIDHeader, Value: in.RequestID},
	}
	for name, value := range r.attributes() {
		fields = append(fields, upstream.Field{Name: "X-Aloft-Attribute-" + strings.ReplaceAll(name, "_", "-"), Value: value})
	}
	if in.TraceID != "" {
		fields = append(fields, upstream.Field{Name: "X-Amzn-Trace-Id", Value: in.TraceID})
	}
	request := upstream.Request{Method: http.MethodPost, Target: p.Target, Host: "localhost", Fields: fields, Body: []byte(r.Body)}
	response, err := p.Application.Do(ctx, request, in)
	if err != nil {
		return err
	}
	if response.Status < 200 || response.Status > 299 {
		return fmt.Errorf("the application answered %d", response.Status)
	}
	return nil
}
