package main

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"k8s.io/client-go/rest"
)

// standing is what a number of Stages at rest cost an operator.
type standing struct {
	stages int
	// start is from the beginning of the process until it had nothing to do any more.
	start time.Duration
	// startCPU is what that took.
	startCPU time.Duration
	// rss is resident at rest, peak at most since the start, heap is live after a collection; all in bytes.
	rss, peak, heap float64
	// cpu is a share of a core at rest.
	cpu float64
	// secretReads and statusWrites are those since the start, of which restReads at rest in a minute.
	secretReads, statusWrites, restReads float64
	awsCalls                             int
}

// restFor is how long the operator is watched at rest.
const restFor = 40 * time.Second

// stand starts an operator on the Stages that there are, and watches it until it rests, and then at rest.
func (s *scale) stand(ctx context.Context, stages int) (_ *manager, found standing, err error) {
	found.stages = stages
	mark := s.callCounts()
	reads, writes, err := s.apiRequests(ctx)
	if err != nil {
		return nil, found, err
	}
	m, err := startManager(ctx, s.box, s.logs)
	if err != nil {
		return nil, found, err
	}
	if err := s.begins(ctx, m, stages); err != nil {
		m.Kill()
		return nil, found, err
	}
	idle, err := m.idle(ctx)
	if err != nil {
		return m, found, err
	}
	found.start = idle.Sub(m.began)
	if found.startCPU, err = m.cpu(); err != nil {
		return m, found, err
	}
	if err := s.rest(ctx, m, &found); err != nil {
		return m, found, err
	}
	readsAfter, writesAfter, err := s.apiRequests(ctx)
	found.secretReads, found.statusWrites = readsAfter-reads, writesAfter-writes
	found.awsCalls = s.callsSince(mark)
	return m, found, err
}

// begins waits until every Stage was looked at.
func (s *scale) begins(ctx context.Context, m *manager, stages int) error {
	for deadline := time.Now().Add(2 * time.Minute); time.Now().Before(deadline); {
		if done, err := m.reconciles(ctx); err == nil && done >= float64(stages) { // an error: it does not listen yet
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(100 * time.Millisecond):
		}
	}
	return fmt.Errorf("the operator has not looked at %d Stages after two minutes", stages)
}

func (s *scale) rest(ctx context.Context, m *manager, found *standing) error {
	before, err := m.cpu()
	if err != nil {
		return err
	}
	reads, _, err := s.apiRequests(ctx)
	if err != nil {
		return err
	}
	var resident []float64
	for began := time.Now(); time.Since(began) < restFor; {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
		rss, err := m.memory("VmRSS")
		if err != nil {
			return err
		}
		resident = append(resident, rss)
	}
	after, err := m.cpu()
	if err != nil {
		return err
	}
	readsAfter, _, err := s.apiRequests(ctx)
	if err != nil {
		return err
	}
	slices.Sort(resident)
	found.rss = resident[len(resident)/2]
	found.cpu = (after - before).Seconds() / restFor.Seconds()
	found.restReads = (readsAfter - reads) / restFor.Minutes()
	if found.peak, err = m.memory("VmHWM"); err != nil {
		return err
	}
	found.heap, err = m.liveHeap(ctx)
	return err
}

// apiRequests are the readings of Secrets and the writings of a Stage's status that the API server has counted.
func (s *scale) apiRequests(ctx context.Context) (secretReads, statusWrites float64, err error) {
	page := strings.TrimSuffix(s.box.ControlPlane.Config.Host, "/") + "/metrics"
	client, err := rest.HTTPClientFor(s.box.ControlPlane.Config)
	if err != nil {
		return 0, 0, fmt.Errorf("making a client: %w", err)
	}
	for _, count := range []struct {
		of  *float64
		has []string
	}{
		{&secretReads, []string{`resource="secrets"`, `verb="GET"`}},
		{&statusWrites, []string{`resource="stages"`, `subresource="status"`, `verb="PATCH"`}},
	} {
		*count.of, err = scrapeBy(ctx, client, page, "apiserver_request_total{", count.has...)
		if err != nil {
			return 0, 0, err
		}
	}
	return secretReads, statusWrites, nil
}

// throughput has all copies looked at at once, several times, and gives how many were looked at in a second, the
// middle of these, and what each took of a core.
func (s *scale) throughput(ctx context.Context, m *manager) (perSecond float64, each time.Duration, err error) {
	const times = 3
	var rates []float64
	var used time.Duration
	done := 0.0
	for i := range times {
		before, err := m.reconciles(ctx)
		if err != nil {
			return 0, 0, err
		}
		cpu, err := m.cpu()
		if err != nil {
			return 0, 0, err
		}
		began := time.Now()
		if err := s.copies.look(ctx, strconv.Itoa(i)); err != nil {
			return 0, 0, err
		}
		idle, err := m.idle(ctx)
		if err != nil {
			return 0, 0, err
		}
		cpuAfter, err := m.cpu()
		if err != nil {
			return 0, 0, err
		}
		after, err := m.reconciles(ctx)
		if err != nil {
			return 0, 0, err
		}
		if after-before < float64(s.copies.made) {
			return 0, 0, fmt.Errorf("%.0f of %d Stages were looked at", after-before, s.copies.made)
		}
		rates = append(rates, (after-before)/idle.Sub(began).Seconds())
		used, done = used+cpuAfter-cpu, done+after-before
	}
	slices.Sort(rates)
	return rates[times/2], time.Duration(float64(used) / done), nil
}

// line is the straight line that fits measurements best, by their least squares.
type line struct{ base, slope, r2 float64 }

func fit(x, y []float64) line {
	n := float64(len(x))
	var sx, sy, sxx, sxy, syy float64
	for i := range x {
		sx, sy, sxx, sxy, syy = sx+x[i], sy+y[i], sxx+x[i]*x[i], sxy+x[i]*y[i], syy+y[i]*y[i]
	}
	slope := (n*sxy - sx*sy) / (n*sxx - sx*sx)
	return line{
		slope: slope, base: (sy - slope*sx) / n,
		r2: (n*sxy - sx*sy) * (n*sxy - sx*sy) / ((n*sxx - sx*sx) * (n*syy - sy*sy)),
	}
}

const (
	kibibyte = 1 << 10
	mebibyte = 1 << 20
)

// atScale measures operators on more and more Stages at rest. The one on the most goes on.
func (s *scale) atScale(ctx context.Context, numbers []int) (*manager, []figure, error) {
	var stages, heaps, cpus []float64
	for i, number := range numbers {
		s.tell("making %d Stages at rest", number)
		if err := s.copies.upTo(ctx, number); err != nil {
			return nil, nil, err
		}
		s.tell("watching an operator on %d Stages at rest", number)
		m, found, err := s.stand(ctx, number)
		if err != nil {
			return nil, nil, err
		}
		s.tell("  %+v", found)
		stages, heaps, cpus = append(stages, float64(number)), append(heaps, found.heap), append(cpus, found.cpu)
		if i == len(numbers)-1 {
			figures, err := s.standingFigures(ctx, m, found, fit(stages, heaps), fit(stages, cpus))
			return m, figures, err
		}
		if err := m.Terminate(); err != nil {
			return nil, nil, fmt.Errorf("ending the operator: %w", err)
		}
	}
	return nil, nil, nil
}

func (s *scale) standingFigures(ctx context.Context, m *manager, most standing, heap, cpu line) ([]figure, error) {
	s.tell("having %d Stages looked at from the cache", most.stages)
	mark := s.callCounts()
	perSecond, each, err := s.throughput(ctx, m)
	if err != nil {
		return nil, err
	}
	of := fmt.Sprintf("%d Stages at rest: ", most.stages)
	return []figure{
		atLeast("P10", of+"reconciles from the cache, each with a Secret", perSecond, "per second", 3000),
		told("P10.cpu", of+"what each of these takes of a core", float64(each.Microseconds()), "us"),
		atMost("P10.aws", of+"calls to AWS in these", float64(s.callsSince(mark)), "calls", 0),
		atMost("P11", of+"resident memory, the middle", most.rss/mebibyte, "MiB", 250),
		told("P11.peak", of+"resident memory, at most (while it starts)", most.peak/mebibyte, "MiB"),
		atMost("P11.stage", "live heap for each Stage", heap.slope/kibibyte, "KiB", 10),
		told("P11.base", "live heap without any", heap.base/mebibyte, "MiB"),
		atLeast("P11.r2", "how straight the line through these is, r2", heap.r2, "", 0.99),
		atMost("P12", of+"from the start of the operator until it is idle", most.start.Seconds(), "s", 10),
		told("P12.cpu", of+"what that takes of a core", most.startCPU.Seconds(), "s"),
		atMost("P12.aws", of+"calls to AWS since the start", float64(most.awsCalls), "calls", 0),
		told("P12.secrets", of+"readings of Secrets since the start", most.secretReads, "requests"),
		atMost("P16.rest", of+"writes of a status since the start", most.statusWrites, "writes", 0),
		atMost("P17", of+"of a core", most.cpu*100, "%", 1),
		told("P17.stage", "of a core for each 1,000 Stages", cpu.slope*1000*100, "%"),
		told("P17.secrets", of+"readings of Secrets", most.restReads, "a minute"),
		atMost("P18", of+"calls to AWS that are paid for, in a month", float64(most.awsCalls), "calls", 0),
	}, nil
}
