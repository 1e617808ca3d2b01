package jail

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// maxPacket bounds one message between outside and helper; the environment of a function is at most 4 KB and an
// image's own is bounded by its configuration, so this is ample.
const maxPacket = 1 << 20

// Start begins the program. The jail's listeners are ready when Start returns; the program itself runs when
// Started says so.
func Start(spec Spec) (*Process, error) {
	mode, err := Available()
	if err != nil {
		return nil, err
	}
	return start(spec, mode)
}

func start(spec Spec, mode Mode) (*Process, error) {
	cleanup := func() {}
	if mode == Chroot {
		root, remove, err := linkedTree(spec.Root)
		if err != nil {
			return nil, err
		}
		spec.Root, spec.Ports, cleanup = root, nil, remove
	}
	outside, inside, err := socketPair()
	if err != nil {
		cleanup()
		return nil, err
	}
	cmd := exec.Command("/proc/self/exe")
	cmd.Args = []string{helperName}
	cmd.Env = []string{"GOGC=off", "GOMAXPROCS=2"}
	cmd.ExtraFiles = []*os.File{inside}
	cmd.Stdout, cmd.Stderr = spec.Stdout, spec.Stderr
	cmd.WaitDelay = 2 * time.Second
	cmd.SysProcAttr = attributes(mode)

	exited := make(chan struct{})
	if err := launch(cmd, exited, cleanup); err != nil {
		_ = outside.Close()
		_ = inside.Close()
		cleanup()
		return nil, fmt.Errorf("starting the environment's helper: %w", err)
	}
	_ = inside.Close()
	process := &Process{Exited: exited, kill: killer(cmd, exited),
		term:  func() { _ = cmd.Process.Signal(syscall.SIGTERM) },
		state: func() string { return cmd.ProcessState.String() }}
	sent := order{Mode: mode, Root: spec.Root, Dir: spec.Dir, Args: spec.Args, Env: spec.Env, TmpBytes: spec.TmpBytes,
		Ports: spec.Ports}
	if err := process.greet(outside, sent); err != nil {
		_ = outside.Close()
		process.Kill()
		<-exited
		return nil, err
	}
	return process, nil
}

// launch starts the command on a thread that stays with it: the kernel sends the parent-death signal when the thread
// that forked ends, not when the process does.
func launch(cmd *exec.Cmd, exited chan<- struct{}, cleanup func()) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err != nil {
			return
		}
		_ = cmd.Wait()
		cleanup()
		close(exited)
	}()
	return <-started
}

func killer(cmd *exec.Cmd, exited <-chan struct{}) func() {
	var once sync.Once
	return func() {
		once.Do(func() {
			select {
			case <-exited:
			default:
				// The group too: without a process namespace the program's children would outlive it.
				_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
				_ = cmd.Process.Kill()
			}
		})
	}
}

func attributes(mode Mode) *syscall.SysProcAttr {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if mode == Chroot {
		return attr
	}
	attr.Cloneflags = syscall.CLONE_NEWNS | syscall.CLONE_NEWPID | syscall.CLONE_NEWNET | syscall.CLONE_NEWIPC |
		syscall.CLONE_NEWUTS
	if mode == UserNamespace {
		attr.Cloneflags |= syscall.CLONE_NEWUSER
		attr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		attr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	return attr
}

func socketPair() (outside *net.UnixConn, inside *os.File, err error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("connecting to the environment's helper: %w", err)
	}
	file := os.NewFile(uintptr(fds[0]), "jail")
	defer file.Close()
	inside = os.NewFile(uintptr(fds[1]), "jail")
	conn, err := net.FileConn(file)
	if err != nil {
		_ = inside.Close()
		return nil, nil, fmt.Errorf("connecting to the environment's helper: %w", err)
	}
	return conn.(*net.UnixConn), inside, nil
}

// greet sends the order, takes the listeners and leaves a watcher for the program's start.
func (p *Process) greet(conn *net.UnixConn, sent order) error {
	encoded, err := json.Marshal(sent)
	if err != nil {
		return fmt.Errorf("describing the environment: %w", err)
	}
	if len(encoded) > maxPacket {
		return errors.New("the environment's description is too large")
	}
	if err := conn.SetWriteBuffer(maxPacket); err != nil {
		return fmt.Errorf("preparing the environment's connection: %w", err)
	}
	if _, err := conn.Write(encoded); err != nil {
		return fmt.Errorf("describing the environment: %w", err)
	}
	got, fds, err := receive(conn)
	if err != nil {
		return fmt.Errorf("waiting for the environment's helper: %w", err)
	}
	if !got.Ready {
		return got.err()
	}
	if p.Listeners, err = listeners(fds); err != nil {
		return err
	}
	started := make(chan error, 1)
	p.Started = started
	go func() {
		defer conn.Close()
		defer close(started)
		// The end of the connection is the exec: the helper's end closes then.
		if got, _, err := receive(conn); err == nil && got.Error != "" {
			started <- got.err()
		}
	}()
	return nil
}

// maxListeners a jail hands over at once; the kernel passes at most 253 in one message (unix(7), SCM_MAX_FD).
const maxListeners = 253

func receive(conn *net.UnixConn) (report, []int, error) {
	data := make([]byte, 64<<10)
	control := make([]byte, unix.CmsgSpace(maxListeners*4))
	n, controls, _, _, err := conn.ReadMsgUnix(data, control)
	if err != nil {
		return report{}, nil, err
	}
	if n == 0 {
		return report{}, nil, errors.New("the helper ended")
	}
	var got report
	if err := json.Unmarshal(data[:n], &got); err != nil {
		return report{}, nil, err
	}
	messages, err := unix.ParseSocketControlMessage(control[:controls])
	if err != nil || len(messages) == 0 {
		return got, nil, err
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	return got, fds, err
}

func listeners(fds []int) ([]net.Listener, error) {
	var list []net.Listener
	for _, fd := range fds {
		file := os.NewFile(uintptr(fd), "listener")
		listener, err := net.FileListener(file)
		_ = file.Close()
		if err != nil {
			return nil, fmt.Errorf("taking over the environment's port: %w", err)
		}
		list = append(list, listener)
	}
	return list, nil
}
