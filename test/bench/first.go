package main

import (
	"context"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// beforehand are the calls of a first release that wait for one another before those of an update do: looks at stacks
// and names that are not there, the creation of the foundation and a look at its end.
const beforehand = 4 + 2

// first measures a first release on an AWS whose calls and stacks take their time: everything is made, and every asset
// is sent.
func (s *subject) first(ctx context.Context) ([]figure, error) {
	if err := s.restart(ctx, production); err != nil {
		return nil, err
	}
	s.box.AWS.Latencies().Set(map[string]time.Duration{
		"*": callTime, "lambda:CreateFunction": updateTime, "lambda:Invoke": 0,
	})
	build := version("first")
	build.Assets = assetsOf(manyAssets)
	_, r, err := begin(ctx, s.box, "first", build)
	s.box.AWS.Latencies().Set(nil)
	if err != nil {
		return nil, err
	}
	if err := s.restart(ctx); err != nil {
		return nil, err
	}
	calls := r.until().Where(func(call wire.Record) bool { return call.Name() != "lambda:Invoke" })
	path := r.critical(callTime) + beforehand*callTime
	return []figure{
		atMost("FIRST", "a first release's time, of its critical path", r.wall().Seconds()/path.Seconds(), "times", 1.1),
		told("FIRST.wall", "that time", r.wall().Seconds(), "s"),
		atMost("FIRST.calls", "calls of a first release of 3 functions and 200 assets", float64(len(calls)), "calls", 300),
	}, nil
}
