// Package jail runs a program with a container image as its root, apart from the host and from its neighbours.
//
// It encodes what a Lambda execution environment looks like from inside (AWS Lambda Developer Guide,
// lambda-runtime-environment, images-create and gettingstarted-limits): the image is read-only, /tmp is private,
// writable and of a fixed size, the program runs as an unprivileged user that the image does not choose and that
// neither reads what is root's alone nor listens on ports below 1024, no /dev/shm exists, 1024 files may be open, and
// the only network is the environment's own, so that every environment may listen on the same loopback port. Nothing
// writes an /etc/hosts: there is one where the image brings it (https://repl.info/archives/3323).
//
// The program is started through this very binary: a process whose first argument is helperName becomes the helper in
// an init function, builds the namespaces from inside and replaces itself by the program.
package jail

import (
	"errors"
	"io"
	"net"
)

// helperName marks a process that is to become the inside of a jail.
const helperName = "aloft-function-jail"

// User and group of the program, as on Lambda (sbx_user1051).
const (
	userID  = 993
	groupID = 990
)

// Errors of Start that the caller tells its user about.
var (
	// ErrUnavailable says that this machine lets no environment be isolated.
	ErrUnavailable = errors.New("running function images needs Linux and either root, or a kernel that permits " +
		"unprivileged user namespaces " +
		"(sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0)")
	// ErrEntrypoint says that the program could not be started from the image.
	ErrEntrypoint = errors.New("invalid entry point")
	// ErrWorkingDir says that the image does not hold the working directory.
	ErrWorkingDir = errors.New("invalid working directory")
)

// Spec is a program to run.
type Spec struct {
	// Root is the folder with the image's files.
	Root string
	// Dir is the working directory inside the image; empty means "/".
	Dir string
	// Args is the program, by its absolute path inside the image, and its arguments.
	Args []string
	// Env is the whole environment, as "NAME=value".
	Env []string
	// TmpBytes is the size of /tmp in bytes.
	TmpBytes int64
	// Ports are the loopback ports that the jail listens on before the program starts; the caller serves them.
	// Where the machine permits no network of its own, Shared is true and no port is opened.
	Ports []int
	// Stdout and Stderr receive what the program prints.
	Stdout, Stderr io.Writer
}

// Mode is how far a jail is apart from the host.
type Mode string

// The modes, the strictest first.
const (
	// Namespaces gives the program namespaces of its own, made by root.
	Namespaces Mode = "namespaces"
	// UserNamespace gives the program namespaces of its own inside an unprivileged user namespace.
	UserNamespace Mode = "user namespace"
	// Chroot gives the program a hard-linked copy of the image and the host's network; root without CAP_SYS_ADMIN.
	Chroot Mode = "chroot"
)

// Process is a program in its jail.
type Process struct {
	// Listeners are the jail's ports, in the order of Spec.Ports; empty when the network is shared.
	Listeners []net.Listener
	// Started receives nil when the program has replaced the helper, or the error that prevented it; then it is closed.
	Started <-chan error
	// Exited is closed when the program and everything that it started is gone.
	Exited <-chan struct{}

	kill  func()
	term  func()
	state func() string
}

// Terminate asks the program, and nothing that it started, to end.
func (p *Process) Terminate() { p.term() }

// Kill ends the program and everything in its jail at once.
func (p *Process) Kill() { p.kill() }

// ExitStatus says how the program ended, as "exit status 1" or "signal: killed". It is valid after Exited.
func (p *Process) ExitStatus() string { return p.state() }
