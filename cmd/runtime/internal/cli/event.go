// Package cli runs the commands of a release and of its schedules.
//
// It encodes the protocol that makes a deploy command run at most once: a claim that only one delivery can put, the
// output in pieces while the command runs, and a result that outlives the function. Commands are argument vectors; no
// shell ever sees them.
package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/shlex"

	"github.com/aloft-dev/aloft/api/function"
)

// Bounds of a command.
const (
	maxArguments = 256
	maxCommand   = 64 << 10
	maxName      = 256
	// maxTimeout is Lambda's own limit of an invocation, in seconds: a longer time of a command is as none.
	maxTimeout = 900
)

// event is an order to run a command.
type event struct {
	function.CommandEvent
	// Command is a list of arguments or, in Hover's events, one string.
	Command json.RawMessage `json:"command"`
}

// order is an event that was understood.
type order struct {
	event
	args     []string
	notAfter time.Time
	// line says that the command came as one string; that the function's time is over is an error of the invocation
	// then.
	line bool
}

func parse(payload []byte) (order, error) {
	var e event
	if err := json.Unmarshal(payload, &e); err != nil {
		return order{}, fmt.Errorf("reading the event: %w", err)
	}
	o := order{event: e}
	if len(e.Command) > maxCommand {
		return order{}, fmt.Errorf("the command is longer than %d bytes", maxCommand)
	}
	var text string
	switch {
	case len(e.Command) == 0:
		return order{}, errors.New("the event names no command")
	case json.Unmarshal(e.Command, &o.args) == nil:
	case json.Unmarshal(e.Command, &text) == nil:
		args, err := shlex.Split(text)
		if err != nil {
			return order{}, fmt.Errorf("splitting the command: %w", err)
		}
		o.args, o.line = args, true
	default:
		return order{}, errors.New("the command is neither a list of arguments nor a string")
	}
	if err := o.readNotAfter(); err != nil {
		return order{}, err
	}
	return o, o.check()
}

func (o *order) readNotAfter() (err error) {
	if o.NotAfter == "" {
		return nil
	}
	if o.notAfter, err = time.Parse(time.RFC3339, o.NotAfter); err != nil {
		return fmt.Errorf("reading the event's notAfter: %w", err)
	}
	return nil
}

// cut is when the command is ended: after its own time, counted from its start, or else with the function.
func (o order) cut(start, function time.Time) (at time.Time, own bool) {
	if o.TimeoutSeconds == 0 || o.TimeoutSeconds > maxTimeout {
		return function, false
	}
	limit := start.Add(time.Duration(o.TimeoutSeconds) * time.Second)
	if limit.Before(function) {
		return limit, true
	}
	return function, false
}

func (o order) check() error {
	if len(o.args) == 0 || o.args[0] == "" {
		return errors.New("the command is empty")
	}
	if len(o.args) > maxArguments {
		return fmt.Errorf("the command has more than %d arguments", maxArguments)
	}
	if len(o.ID) > maxName || len(o.Run) > maxName {
		return fmt.Errorf("the command's id or run is longer than %d bytes", maxName)
	}
	if o.TimeoutSeconds < 0 {
		return errors.New("the command's timeoutSeconds is negative")
	}
	for _, arg := range o.args {
		if strings.Contains(arg, "\x00") {
			return errors.New("an argument of the command holds a NUL byte")
		}
	}
	if o.Claim != "" && o.notAfter.IsZero() {
		return errors.New("the event has a claim but no notAfter")
	}
	return nil
}
