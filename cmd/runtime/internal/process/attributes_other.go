//go:build !linux

package process

import "syscall"

// attributes give a program a process group of its own; only Linux can let it die with the runtime, and functions run
// on Linux only.
func attributes(user *syscall.Credential) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Credential: user}
}
