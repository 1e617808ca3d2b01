// Package process starts the application's programs and ends them with everything that they started.
//
// It encodes what a container engine does for an image's command: the working directory, the user, the search in PATH,
// the stop signal, exit codes 126, 127 and 128+signal, that orphans are adopted, and that nothing outlives the command.
package process

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// drain is how long the output of a program may stay open after its end, held by a child that left its process group.
const drain = time.Second

// Spec is a program to run.
type Spec struct {
	Args []string
	// Dir is the working directory; empty means "/".
	Dir string
	// Env is the whole environment, as "NAME=value".
	Env []string
	// User is an image's USER, "uid[:gid]" or names; it is obeyed only where the runtime runs as root.
	User string
	// StopSignal asks the program to end; 0 means SIGTERM.
	StopSignal syscall.Signal
	// Stdin is what the program reads; nil means nothing.
	Stdin io.Reader
	// Output receives standard output and standard error in the order of their writing.
	Output io.Writer
}

// Process is a running program with its process group.
type Process struct {
	cmd        *exec.Cmd
	stopSignal syscall.Signal
	// ended is closed when the program itself has ended.
	ended, exited chan struct{}
	exit          Exit

	// stopping is closed by Stop; killed when the time to end is over.
	stopping, killed chan struct{}
	stopOnce         sync.Once
}

// Exit is how a program ended.
type Exit struct {
	// Code is the exit code, or 128 plus the number of the signal.
	Code int
	// Text is for people: "exit status 1", "signal: killed", or why the program was not started.
	Text string
	// NotStarted says that the program never ran, TimedOut that it was killed at the cut.
	NotStarted, TimedOut bool
}

// Start runs the program. An error says that nothing runs; StartCode gives its exit code.
func Start(spec Spec) (*Process, error) {
	cmd, err := command(spec)
	if err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a pipe for the output: %w", err)
	}
	cmd.Stdout, cmd.Stderr = write, write
	p := &Process{
		cmd: cmd, stopSignal: cmp.Or(spec.StopSignal, syscall.SIGTERM),
		ended: make(chan struct{}), exited: make(chan struct{}),
		stopping: make(chan struct{}), killed: make(chan struct{}),
	}
	started := make(chan error)
	go p.live(started, read, spec.Output)
	err = <-started
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		return nil, explained(cmd, err)
	}
	return p, nil
}

// explained says what the kernel's "no such file" means where the file is there.
func explained(cmd *exec.Cmd, err error) error {
	path := cmd.Path
	if !filepath.IsAbs(path) {
		path = filepath.Join(cmd.Dir, path)
	}
	if _, missing := os.Stat(path); missing == nil && errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: the file is there, but not the interpreter that it names in its #! line or as its loader", err)
	}
	return err
}

func command(spec Spec) (*exec.Cmd, error) {
	if len(spec.Args) == 0 || spec.Args[0] == "" {
		return nil, errors.New("there is no command to start: the image has neither an entry point nor a command")
	}
	dir := filepath.Join("/", spec.Dir)
	if err := unix.Faccessat(unix.AT_FDCWD, dir, unix.X_OK, unix.AT_EACCESS); err != nil {
		return nil, fmt.Errorf("entering the working directory %s: %w", dir, err)
	}
	path, err := lookPath(spec.Args[0], dir, spec.Env)
	if err != nil {
		return nil, err
	}
	return &exec.Cmd{
		Path: path, Args: spec.Args, Dir: dir, Env: spec.Env, Stdin: spec.Stdin, WaitDelay: drain,
		SysProcAttr: attributes(credential(spec.User)),
	}, nil
}

// live stays with the program on one thread: the kernel sends the parent-death signal when the thread that forked ends.
func (p *Process) live(started chan<- error, read *os.File, output io.Writer) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := children.start(p.cmd)
	if err != nil && p.cmd.SysProcAttr.Credential != nil &&
		(errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL)) {
		// A user that does not exist in this environment's user namespace: Lambda chooses the user itself, so go on as
		// it.
		p.cmd = again(p.cmd)
		err = children.start(p.cmd)
	}
	started <- err
	if err != nil {
		return
	}
	copied := make(chan struct{})
	go func() {
		_, _ = io.Copy(output, read)
		close(copied)
	}()
	_ = p.cmd.Wait()
	p.exit = exitOf(p.cmd.ProcessState)
	close(p.ended)
	p.endGroup()
	children.forget(p.cmd.Process.Pid)
	select {
	case <-copied:
	case <-time.After(drain):
	}
	_ = read.Close()
	<-copied
	close(p.exited)
}

// again is the same command as the current user; a command that failed to start cannot be started a second time.
func again(cmd *exec.Cmd) *exec.Cmd {
	return &exec.Cmd{
		Path: cmd.Path, Args: cmd.Args, Dir: cmd.Dir, Env: cmd.Env,
		Stdin: cmd.Stdin, Stdout: cmd.Stdout, Stderr: cmd.Stderr,
		WaitDelay: cmd.WaitDelay, SysProcAttr: attributes(nil),
	}
}

func exitOf(state *os.ProcessState) Exit {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return Exit{Code: 128 + int(status.Signal()), Text: state.String()}
	}
	return Exit{Code: state.ExitCode(), Text: state.String()}
}

// StartCode is the exit code that a shell would give for an error of Start: 127 for a program that is not there, 126
// else.
func StartCode(err error) int {
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return 127
	}
	return 126
}

// Ended is closed when the program has ended; what it started may still be there.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Exited is closed when the program, its process group and its output have ended.
func (p *Process) Exited() <-chan struct{} { return p.exited }

// Exit says how the program ended; it is valid after Exited.
func (p *Process) Exit() Exit { return p.exit }

// endGroup ends what the program has left in its process group. When it was asked to end, the others are asked too,
// such as the server of a shell that went without it, and have the rest of the time.
func (p *Process) endGroup() {
	select {
	case <-p.stopping:
		_ = p.signalGroup(p.stopSignal)
		for p.signalGroup(0) == nil {
			select {
			case <-p.killed:
			case <-time.After(time.Millisecond):
				continue
			}
			break
		}
	default:
	}
	_ = p.signalGroup(syscall.SIGKILL)
}

func (p *Process) signalGroup(signal syscall.Signal) error {
	return syscall.Kill(-p.cmd.Process.Pid, signal)
}

// Kill ends the program and everything in its process group at once.
func (p *Process) Kill() {
	select {
	case <-p.exited: // the number may belong to another process by now
	default:
		_ = p.signalGroup(syscall.SIGKILL)
	}
}

// Stop asks the program to end, and nothing that it started, for that is its own to do; it kills all of them after the
// grace period. It returns when the program has ended.
func (p *Process) Stop(grace time.Duration) {
	p.stopOnce.Do(func() {
		close(p.stopping)
		_ = p.cmd.Process.Signal(p.stopSignal)
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-p.exited:
		case <-timer.C:
			close(p.killed)
			p.Kill()
		}
	})
	<-p.exited
}
