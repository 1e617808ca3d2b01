package controlplane

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// reaper is a shell that outlives this process by a moment: it reads a pipe whose other end this process holds. A word
// on the pipe dismisses it. The end of the pipe without a word means that this process died (SIGINT without a handler,
// SIGKILL, a panic, a test's timeout), and then it kills the servers and removes their folder.
type reaper struct {
	folder string
	pipe   io.WriteCloser
	shell  *exec.Cmd
}

// reap runs with the folder as its first argument. Both servers were started through wrap, which
// leaves their process ids.
const reap = `read -r word || {
  for file in "$1"/*.pid; do [ -f "$file" ] && kill -KILL "$(cat "$file")"; done
  rm -rf "$1"
}`

func startReaper(folder string) (*reaper, error) {
	shell := exec.Command("/bin/sh", "-c", reap, "aloft-reaper", folder)
	pipe, err := shell.StdinPipe()
	if err != nil {
		return nil, err
	}
	// A session of its own: Ctrl-C in the terminal must not end the reaper before its work.
	shell.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := shell.Start(); err != nil {
		return nil, err
	}
	return &reaper{folder: folder, pipe: pipe, shell: shell}, nil
}

// wrap returns the path of a script that leaves its process id for the reaper and becomes the program. A program may be
// started several times (envtest asks for its help first); the newest id counts.
func (r *reaper) wrap(program string) (string, error) {
	name := filepath.Base(program)
	script := filepath.Join(r.folder, name)
	text := fmt.Sprintf("#!/bin/sh\necho $$ >'%s.pid'\nexec '%s' \"$@\"\n", script, program)
	if err := os.WriteFile(script+".sh", []byte(text), 0o700); err != nil {
		return "", fmt.Errorf("writing the script that starts %s: %w", name, err)
	}
	return script + ".sh", nil
}

// end dismisses the reaper, or lets it reap, and waits for it. A nil or ended reaper has nothing to do.
func (r *reaper) end(dismiss bool) {
	if r == nil || r.pipe == nil {
		return
	}
	if dismiss {
		_, _ = io.WriteString(r.pipe, "dismissed\n")
	}
	_ = r.pipe.Close()
	r.pipe = nil
	_ = r.shell.Wait()
}
