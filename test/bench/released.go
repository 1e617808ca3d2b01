package main

import (
	"context"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// released is a release as it was measured.
type released struct {
	// accepted is when the API server had taken what asks for it, and ready when it was.
	accepted, ready time.Time
	// calls are all that were made since then, and those of the clean-up.
	calls wire.Log
	// stacks is when the application's stack was operated on.
	stacks []span
}

// build pushes another build of the sample application, and has it released.
func (s *subject) build(ctx context.Context, build sample.Variant) (r released, err error) {
	if err := s.box.Push(ctx, build); err != nil {
		return r, err
	}
	since := s.box.AWS.Calls().End()
	if r.accepted, r.ready, err = s.release(ctx, build.Version); err != nil {
		return r, err
	}
	r.calls = s.box.AWS.Calls().Since(since)
	r.stacks, err = s.stackTime(ctx, r.accepted)
	return r, err
}

// version is the sample application's second build under another version.
func version(name string) sample.Variant {
	build := sample.V2
	build.Version = name
	return build
}

// elsewhere is when the application itself worked, or its stack was operated on.
func (r released) elsewhere() []span { return append(applicationTime(r.calls), r.stacks...) }

func (r released) wall() time.Duration { return r.ready.Sub(r.accepted) }

// until keeps the calls that were made before it was ready, by the operator.
func (r released) until() wire.Log {
	return r.calls.By(sandbox.OperatorRole).Where(func(call wire.Record) bool { return call.Time.Before(r.ready) })
}

// dependent are the calls of an update that wait for one another, whatever else goes on at the same time: a look at the
// foundation; a login, a layer's beginning and its end, and a manifest; the update of the stack and a look at its end;
// a version and a look at it; a command and its result; an alias.
const dependent = 1 + 4 + 2 + 2 + 2 + 1

// critical is the longest path through what a release depends on: its application, its stack, and each call's time.
func (r released) critical(call time.Duration) time.Duration {
	return covered(r.elsewhere(), r.accepted, r.ready) + dependent*call
}
