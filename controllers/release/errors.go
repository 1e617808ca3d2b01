package release

import (
	"errors"
	"fmt"
	"time"
)

// Times of a Waiting that grow with the time that the phase has gone on.
const (
	// Soon is short at first: something on AWS is about to be done.
	Soon time.Duration = -1
	// Slowly is for what people and their pipelines bring about.
	Slowly time.Duration = -2
)

// Waiting says that nothing is wrong and that the world has to move first.
type Waiting struct {
	// Condition is the type of the phase's condition.
	Condition string
	Reason    string
	Message   string
	// After is when to look again.
	After time.Duration
}

func (w *Waiting) Error() string { return fmt.Sprintf("waiting: %s: %s", w.Reason, w.Message) }

// Rejected says that nothing will happen until the user acts.
type Rejected struct {
	// Condition is the type of the phase's condition.
	Condition string
	Reason    string
	// Message tells what is wrong and the remedy.
	Message string
}

func (r *Rejected) Error() string { return fmt.Sprintf("rejected: %s: %s", r.Reason, r.Message) }

// Reject makes a Rejected.
func Reject(condition, reason, format string, arguments ...any) *Rejected {
	return &Rejected{Condition: condition, Reason: reason, Message: fmt.Sprintf(format, arguments...)}
}

// Wait makes a Waiting.
func Wait(condition, reason string, after time.Duration, format string, arguments ...any) *Waiting {
	return &Waiting{Condition: condition, Reason: reason, Message: fmt.Sprintf(format, arguments...), After: after}
}

// Located is an error that may pass, at one of the conditions of its phase.
type Located struct {
	// Condition is the type of the phase's condition.
	Condition string
	Err       error
}

func (l *Located) Error() string { return l.Err.Error() }

// Unwrap gives the error itself.
func (l *Located) Unwrap() error { return l.Err }

// At places an error at a condition; nil stays nil.
func At(condition string, err error) error {
	if err == nil {
		return nil
	}
	return &Located{Condition: condition, Err: err}
}

// ConditionOf gives the type of the condition that an error belongs to; empty where it does not say.
func ConditionOf(err error) string {
	if rejected, ok := AsRejected(err); ok {
		return rejected.Condition
	}
	if waiting, ok := AsWaiting(err); ok {
		return waiting.Condition
	}
	if located, ok := errors.AsType[*Located](err); ok {
		return located.Condition
	}
	return ""
}

// AsRejected finds a Rejected in an error.
func AsRejected(err error) (*Rejected, bool) {
	return errors.AsType[*Rejected](err)
}

// AsWaiting finds a Waiting in an error.
func AsWaiting(err error) (*Waiting, bool) {
	return errors.AsType[*Waiting](err)
}
