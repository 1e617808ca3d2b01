package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/aloft-dev/aloft/cmd/manager/operator"
	"github.com/aloft-dev/aloft/test/localaws"
)

// running is an operator in this process.
type running struct {
	cancel context.CancelFunc
	ended  chan error
}

// StartOperator runs the operator in this process, with its options edited.
func (s *Sandbox) StartOperator(ctx context.Context, edits ...func(*operator.Options)) error {
	if s.operator != nil {
		return errors.New("the operator runs already")
	}
	ctx, cancel := context.WithCancel(ctx)
	run := &running{cancel: cancel, ended: make(chan error, 1)}
	options := s.options()
	for _, edit := range edits {
		edit(&options)
	}
	go func() { run.ended <- operator.Run(ctx, options) }()
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

// Process is the operator as a process of its own, which can be killed at any instant.
type Process struct{ command *exec.Cmd }

// BuildManager builds the operator's own program, once.
func (s *Sandbox) BuildManager(ctx context.Context) error {
	if s.program != "" {
		return nil
	}
	program := filepath.Join(s.RuntimeDir, "manager")
	if err := build(ctx, program, "./cmd/manager"); err != nil {
		return err
	}
	s.program = program
	return nil
}

// StartProcess runs the operator as a process of its own, with more flags. Its log goes to output.
func (s *Sandbox) StartProcess(ctx context.Context, output io.Writer, flags ...string) (*Process, error) {
	if err := s.BuildManager(ctx); err != nil {
		return nil, err
	}
	flags = append([]string{
		"--namespace", Namespace, "--cluster-id", ClusterID, "--runtime-dir", s.RuntimeDir, "--insecure-loopback-registries",
		"--aws-endpoint-url", s.Accounts.URL(), "--metrics-bind-address", "0", "--health-probe-bind-address", "0",
		"--unbudgeted", "--soonest-look", s.limits.Pace.Soonest.String(),
		"--settle", s.limits.Settle.String(), "--keep-superseded", s.limits.KeepSuperseded.String(),
	}, flags...)
	command := exec.Command(s.program, flags...) //nolint:gosec // built above
	command.Env = append(os.Environ(), "KUBECONFIG="+s.ControlPlane.Kubeconfig, "AWS_REGION="+s.AWSConfig.Region,
		"AWS_ACCESS_KEY_ID="+localaws.AdminAccessKeyID, "AWS_SECRET_ACCESS_KEY="+localaws.AdminSecretAccessKey)
	command.Stdout, command.Stderr = output, output
	command.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("starting the operator: %w", err)
	}
	return &Process{command: command}, nil
}

// PID of the process.
func (p *Process) PID() int { return p.command.Process.Pid }

// Terminate asks the process to end, as Kubernetes does, and waits until it has.
func (p *Process) Terminate() error {
	if err := p.command.Process.Signal(syscall.SIGTERM); err != nil {
		return fmt.Errorf("ending the operator: %w", err)
	}
	return p.command.Wait()
}

// Hold stops the process as a machine does that is suspended or starved; Continue has it go on.
func (p *Process) Hold() error { return p.command.Process.Signal(syscall.SIGSTOP) }

// Continue has a process go on that was held.
func (p *Process) Continue() error { return p.command.Process.Signal(syscall.SIGCONT) }

// Kill ends the process as a power cut does.
func (p *Process) Kill() {
	_ = p.command.Process.Kill()
	_ = p.command.Wait()
}
