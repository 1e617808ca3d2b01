package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/test/localaws/wire"
	"github.com/aloft-dev/aloft/test/sandbox"
)

// scale measures an operator on many Stages.
type scale struct {
	box    *sandbox.Sandbox
	logs   io.Writer
	copies *copies
	began  time.Time
}

// scaleOptions say how much is measured.
type scaleOptions struct {
	// stages at rest, at most.
	stages int
	// releases at the same time in an account, and the share of AWS's quotas that there is for them.
	releases int
	accounts int
	share    float64
	kills    int
}

func (s *scale) tell(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "%6.1fs  %s\n", time.Since(s.began).Seconds(), fmt.Sprintf(format, arguments...))
}

// callCounts is how many calls each account has answered so far.
func (s *scale) callCounts() map[string]uint64 {
	counts := map[string]uint64{}
	for _, account := range s.box.Accounts.IDs() {
		counts[account] = s.box.Accounts.Account(account).Calls().End()
	}
	return counts
}

// callsSince counts what the operator has asked of AWS since then.
func (s *scale) callsSince(mark map[string]uint64) (calls int) {
	for account, since := range mark {
		calls += len(s.box.Accounts.Account(account).Calls().Since(since).Where(byOperator))
	}
	return calls
}

// byOperator keeps the operator's own calls, under the role that it assumes or not.
func byOperator(r wire.Record) bool {
	return r.Principal.RoleName() == sandbox.OperatorRole || r.Principal.Root && r.Service == "sts"
}

// atOnce measures releases at the same time, with nothing else in the cluster that goes on.
func atOnce(ctx context.Context, box *sandbox.Sandbox, logs io.Writer, o scaleOptions) ([]figure, error) {
	if o.releases == 0 {
		return nil, nil
	}
	if err := box.StopOperator(); err != nil {
		return nil, fmt.Errorf("stopping the operator: %w", err)
	}
	s := &scale{box: box, logs: logs, began: time.Now()}
	_, figures, err := s.masses(ctx, o)
	return figures, err
}

// measureScale measures the operator as a process of its own: a mass of releases first, and then at rest.
func measureScale(ctx context.Context, box *sandbox.Sandbox, logs io.Writer, options options) ([]figure, error) {
	o := options.many
	s := &scale{box: box, logs: logs, began: time.Now()}
	released, figures, err := s.masses(ctx, o)
	if err != nil || o.stages == 0 {
		return figures, err
	}
	of := &v1alpha1.Stage{}
	if err := box.Client.Get(ctx, released, of); err != nil {
		return nil, fmt.Errorf("reading a Stage that was released: %w", err)
	}
	if s.copies, err = newCopies(ctx, box, of); err != nil {
		return nil, err
	}
	leads, more, err := s.atScale(ctx, []int{s.copies.beside, min(1000, o.stages), o.stages})
	if err != nil {
		return nil, err
	}
	figures = append(figures, more...)
	s.tell("ending the operator that leads, %d times by force", o.kills)
	last, more, err := s.failover(ctx, leads, o.kills, o.kills/2)
	last.Kill()
	return append(figures, more...), err
}
