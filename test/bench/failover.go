package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// takesOver gives how long after the end of one operator another one looks at its first Stage, and the other one. end
// is what happens to the first.
func (s *scale) takesOver(ctx context.Context, leads, waits *manager, end func(*manager) error) (time.Duration, error) {
	ended := time.Now()
	if err := end(leads); err != nil {
		return 0, err
	}
	for deadline := ended.Add(time.Minute); time.Now().Before(deadline); {
		if done, err := waits.reconciles(ctx); err == nil && done > 0 {
			return time.Since(ended), nil
		}
		select {
		case <-ctx.Done():
			return 0, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
	return 0, fmt.Errorf("nobody has taken over after a minute")
}

// failover ends the operator that leads again and again, at random moments: by force, and as Kubernetes ends a pod.
func (s *scale) failover(ctx context.Context, leads *manager, kills, ends int) (last *manager, _ []figure, err error) {
	if kills == 0 {
		return leads, nil, nil
	}
	ends = max(ends, 1)
	var killed, ended []time.Duration
	for i := range kills + ends {
		waits, err := startManager(ctx, s.box, s.logs)
		if err != nil {
			return leads, nil, err
		}
		// It has read its Stages, and asks for the lease.
		if _, err := waits.idle(ctx); err != nil {
			return leads, nil, err
		}
		time.Sleep(rand.N(2 * time.Second)) //nolint:gosec // any moment will do
		end, times := (*manager).Terminate, &ended
		if i < kills {
			end, times = func(m *manager) error { m.Kill(); return nil }, &killed
		}
		took, err := s.takesOver(ctx, leads, waits, end)
		if err != nil {
			return waits, nil, err
		}
		*times, leads = append(*times, took), waits
	}
	return leads, []figure{
		atMost("P15", fmt.Sprintf("first reconcile after the leader was killed, p99 of %d", kills),
			percentile(killed, 0.99)/1000, "s", 15),
		told("P15.p50", "first reconcile after the leader was killed, p50", percentile(killed, 0.50)/1000, "s"),
		atMost("P15.term", fmt.Sprintf("first reconcile after the leader was told to end, p99 of %d", ends),
			percentile(ended, 0.99)/1000, "s", 3),
	}, nil
}
