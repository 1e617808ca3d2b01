package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/controllers/plan"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// The table of latencies: what each call takes, and what the update of a function adds to a stack's, so that it takes
// about half a minute, or a second.
const (
	callTime        = 30 * time.Millisecond
	updateTime      = 27 * time.Second
	shortUpdateTime = 300 * time.Millisecond
	// manyAssets are what each build has, unchanged.
	manyAssets = 200
)

// slow lets calls and stacks take their time.
func (s *subject) slow(update time.Duration) {
	s.box.AWS.Latencies().Set(map[string]time.Duration{
		"*": callTime, "lambda:UpdateFunctionCode": update, "lambda:Invoke": 0,
	})
}

// assetsOf are so many files, the same each time.
func assetsOf(count int) map[string][]byte {
	assets := map[string][]byte{}
	for i := range count {
		assets[fmt.Sprintf("many/%03d.js", i)] = fmt.Appendf(nil, "export const number = %d\n", i)
	}
	return assets
}

// production has an operator keep the pace and the budgets of production.
func production(o *operator.Options) { o.Limits.Pace, o.Unbudgeted = plan.DefaultLimits().Pace, false }

// paces measures releases at the pace of production, beside those of another algorithm.
func (s *subject) paces(ctx context.Context, runs int) ([]figure, error) {
	if err := s.restart(ctx, production); err != nil {
		return nil, err
	}
	defer s.box.AWS.Latencies().Set(nil)
	long, err := s.paced(ctx, "paced", runs, 1, updateTime)
	if err != nil {
		return nil, err
	}
	// Each release finds out that the update takes at most half of what it was taken for.
	short, err := s.paced(ctx, "quick", runs, 5, shortUpdateTime)
	if err != nil {
		return nil, err
	}
	s.slow(updateTime)
	other, err := s.hovers(ctx, long)
	if err != nil {
		return nil, err
	}
	if err := s.restart(ctx); err != nil {
		return nil, err
	}
	figures := append(long.ratios("P1", "30 s", 1.05), short.ratios("P1.short", "2 s", 1.15)...)
	return slices.Concat(figures, other, long.figures()), nil
}

// pace is how releases went at a pace.
type pace struct {
	// walls are the times that they took, and shares how many times those are of their critical paths.
	walls  []time.Duration
	shares []float64
	// lags are how late the end of a stack's update was seen.
	lags                         []time.Duration
	looks, reads, changes, calls int
}

// paced measures releases on an AWS whose calls and stack updates take their time: how late the end of a stack's update
// is seen, what it costs to see it, and how many calls a release makes. The first ones are not measured: by them it is
// learned how long an update takes.
func (s *subject) paced(
	ctx context.Context, name string, runs, learned int, update time.Duration,
) (p pace, err error) {
	s.slow(update)
	for i := range learned + runs {
		build := version(fmt.Sprintf("%s-%03d", name, i+1))
		build.Assets = assetsOf(manyAssets)
		r, err := s.build(ctx, build)
		if err != nil {
			return p, err
		}
		if i < learned || len(r.stacks) == 0 {
			continue
		}
		p.walls = append(p.walls, r.wall())
		p.shares = append(p.shares, r.wall().Seconds()/r.critical(callTime).Seconds())
		seen, last := r.calls.By(sandbox.OperatorRole).Operation("cloudformation:DescribeStacks"), r.stacks[len(r.stacks)-1]
		for j := range seen {
			if seen[j].Time.After(last.from) && !seen[j].Time.After(last.to) {
				p.looks++
			}
			if seen[j].Time.After(last.to) {
				p.lags, p.looks = append(p.lags, seen[j].Time.Sub(last.to)), p.looks+1
				break
			}
		}
		p.changes += len(r.until().Mutating().Where(plain))
		p.reads += len(r.until().Where(func(call wire.Record) bool { return !call.Mutating }))
		p.calls += len(r.until().Where(func(call wire.Record) bool { return call.Name() != "lambda:Invoke" }))
	}
	return p, nil
}

// ratios are of wall time to critical path.
func (p pace) ratios(id, path string, limit float64) []figure {
	slices.Sort(p.shares)
	of := fmt.Sprintf("a release's time, of its critical path of about %s", path)
	return []figure{
		atMost(id, of+", p50", p.shares[len(p.shares)/2], "times", limit),
		told(id+".most", of+", at most", p.shares[len(p.shares)-1], "times"),
		told(id+".wall", "that time, p50", percentile(p.walls, 0.5)/1000, "s"),
	}
}

func (p pace) figures() []figure {
	n := float64(len(p.lags))
	sum := time.Duration(0)
	for _, lag := range p.lags {
		sum += lag
	}
	return []figure{
		atMost("P3", "how late the end of a stack's update is seen, mean", sum.Seconds()/n, "s", 0.5),
		atMost("P3.p99", "how late the end of a stack's update is seen, p99", percentile(p.lags, 0.99)/1000, "s", 1.5),
		atMost("P3.looks", "looks at a stack while it is updated for about half a minute", float64(p.looks)/n, "calls", 8),
		atMost("P6.reads", "calls that read, for each release of 3 functions", float64(p.reads)/n, "calls", 22),
		atMost("P6.changes", "calls that change something, without copies, blobs and invocations", float64(p.changes)/n,
			"calls", 10),
	}
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
