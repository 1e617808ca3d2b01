package jail

import (
	"errors"
	"io"
	"os"
	"sync"
)

// Available finds, once per process, the strictest mode that this machine permits.
var Available = sync.OnceValues(func() (Mode, error) {
	modes := []Mode{UserNamespace}
	if os.Geteuid() == 0 {
		modes = []Mode{Namespaces, UserNamespace, Chroot}
	}
	var problems []error
	for _, mode := range modes {
		err := probe(mode)
		if err == nil {
			return mode, nil
		}
		problems = append(problems, err)
	}
	return "", errors.Join(append([]error{ErrUnavailable}, problems...)...)
})

// probe isolates an empty folder and asks for a program that is not there: the helper comes as far as the exec
// exactly when everything before it is permitted.
func probe(mode Mode) error {
	dir, err := os.MkdirTemp("", "aloft-probe-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	for _, name := range []string{"dev", "proc", "tmp"} {
		if err := os.Mkdir(dir+"/"+name, 0o755); err != nil {
			return err
		}
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		return err
	}
	process, err := start(Spec{Root: dir, Args: []string{"/absent"}, TmpBytes: 1 << 20, Stdout: io.Discard,
		Stderr: io.Discard}, mode)
	if err != nil {
		return err
	}
	err = <-process.Started
	process.Kill()
	<-process.Exited
	if errors.Is(err, ErrEntrypoint) {
		return nil
	}
	return err
}
