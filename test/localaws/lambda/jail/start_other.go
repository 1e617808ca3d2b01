//go:build !linux

package jail

// Available says that only Linux can isolate an environment.
func Available() (Mode, error) { return "", ErrUnavailable }

// Start is refused outside Linux.
func Start(Spec) (*Process, error) { return nil, ErrUnavailable }
