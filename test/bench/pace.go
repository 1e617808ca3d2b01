package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// callTime is what each call takes, and updateTime what the update of a function adds to a stack's.
const (
	callTime   = 30 * time.Millisecond
	updateTime = 9 * time.Second
)

// paced measures releases at the pace of production, on an AWS whose calls and stack updates take their time: how late
// the end of a stack's update is seen, what it costs to see it, and how many calls a release makes.
func (s *subject) paced(ctx context.Context, runs int) ([]figure, error) {
	production := func(o *operator.Options) {
		o.Limits.Pace, o.Unbudgeted = plan.DefaultLimits().Pace, false
	}
	if err := s.restart(ctx, production); err != nil {
		return nil, err
	}
	s.box.AWS.Latencies().Set(map[string]time.Duration{
		"*": callTime, "lambda:UpdateFunctionCode": updateTime, "lambda:Invoke": 0,
	})
	defer s.box.AWS.Latencies().Set(nil)
	var lags []time.Duration
	looks, reads, changes := 0, 0, 0
	for i := range runs + 1 {
		build := sample.V2
		build.Version = fmt.Sprintf("paced-%03d", i+1)
		if err := s.box.Push(ctx, build); err != nil {
			return nil, err
		}
		since := s.box.AWS.Calls().End()
		accepted, ready, err := s.release(ctx, build.Version)
		if err != nil {
			return nil, err
		}
		stacks, err := s.stackTime(ctx, accepted)
		if err != nil {
			return nil, err
		}
		if i == 0 || len(stacks) == 0 {
			continue // how long the update takes is known from here on
		}
		calls := s.box.AWS.Calls().Since(since).By(sandbox.OperatorRole)
		seen := calls.Operation("cloudformation:DescribeStacks")
		update := stacks[len(stacks)-1]
		for j := range seen {
			if seen[j].Time.After(update.from) && !seen[j].Time.After(update.to) {
				looks++
			}
			if seen[j].Time.After(update.to) {
				lags, looks = append(lags, seen[j].Time.Sub(update.to)), looks+1
				break
			}
		}
		until := calls.Where(func(r wire.Record) bool { return r.Time.Before(ready) })
		changes += len(until.Mutating().Where(plain))
		reads += len(until.Where(func(r wire.Record) bool { return !r.Mutating }))
	}
	if err := s.restart(ctx); err != nil {
		return nil, err
	}
	n := float64(len(lags))
	sum := time.Duration(0)
	for _, lag := range lags {
		sum += lag
	}
	return []figure{
		atMost("P3", "how late the end of a stack's update is seen, mean", sum.Seconds()/n, "s", 0.5),
		atMost("P3.p99", "how late the end of a stack's update is seen, p99", percentile(lags, 0.99)/1000, "s", 1.5),
		atMost("P3.looks", "looks at a stack while it is updated for about half a minute", float64(looks)/n, "calls", 8),
		atMost("P6.reads", "calls that read, for each release of 3 functions", float64(reads)/n, "calls", 22),
		atMost("P6.changes", "calls that change something, without copies, blobs and invocations", float64(changes)/n,
			"calls", 10),
	}, nil
}

// plain leaves out the calls that move content, and the invocations that start the application.
func plain(r wire.Record) bool {
	return r.Service != "s3" && r.Name() != "lambda:Invoke" && r.Name() != "kms:GenerateDataKey" &&
		!strings.HasPrefix(r.Name(), "ecr:")
}

// restart has the operator run with other options.
func (s *subject) restart(ctx context.Context, edits ...func(*operator.Options)) error {
	if err := s.box.StopOperator(); err != nil {
		return fmt.Errorf("stopping the operator: %w", err)
	}
	return s.box.StartOperator(ctx, append(edits, s.api.watchOperator)...)
}
