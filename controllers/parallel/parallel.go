// Package parallel does the parts of a piece of work at the same time. A part that panics fails like any other: a fault
// that one Stage brings about must not end the process, which works for all of them.
package parallel

import (
	"context"
	"fmt"
	"runtime/debug"

	"golang.org/x/sync/errgroup"
)

// Panic is a panic as an error.
type Panic struct {
	Value any
	// Stack of the goroutine that panicked, for the log.
	Stack string
}

func (p *Panic) Error() string { return fmt.Sprintf("a fault of the operator ended it: %v", p.Value) }

// Recovered does something; a panic is its error, a *Panic.
func Recovered(do func() error) (err error) {
	defer func() {
		if value := recover(); value != nil {
			err = &Panic{Value: value, Stack: string(debug.Stack())}
		}
	}()
	return do()
}

// Group is an errgroup.Group whose parts may panic. The errgroup itself lets a panic end the process.
type Group struct{ group *errgroup.Group }

// New makes a group whose parts all go on to their end, whatever becomes of the others.
func New() *Group { return &Group{&errgroup.Group{}} }

// WithContext makes a group and a context that ends with the first part that fails, or when Wait returns.
func WithContext(ctx context.Context) (*Group, context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	return &Group{group}, ctx
}

// SetLimit bounds how many parts are done at the same time, before the first one is begun.
func (g *Group) SetLimit(parts int) { g.group.SetLimit(parts) }

// Go begins a part, as soon as the limit allows it.
func (g *Group) Go(do func() error) { g.group.Go(func() error { return Recovered(do) }) }

// Wait waits for all parts and gives the first error.
func (g *Group) Wait() error { return g.group.Wait() }
