package sandbox

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
)

// running is an operator in this process.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

// StartOperator runs the operator in this process.
func (s *Sandbox) StartOperator(ctx context.Context) error {
	if s.operator != nil {
		return errors.New("the operator runs already")
	}
	ctx, cancel := context.WithCancel(ctx)
	run := &running{cancel: cancel, ended: make(chan error, 1)}
	go func() { run.ended <- operator.Run(ctx, s.options()) }()
	s.operator = run
	select {
	case err := <-run.ended:
		s.operator = nil
		cancel()
		return fmt.Errorf("the operator ended: %w", err)
	case <-time.After(100 * time.Millisecond): // what is wrong from the start shows at once
		return nil
	}
}

// StopOperator ends the operator and waits for it.
func (s *Sandbox) StopOperator() error {
	if s.operator == nil {
		return nil
	}
	s.operator.cancel()
	err := <-s.operator.ended
	s.operator = nil
	return err
}
