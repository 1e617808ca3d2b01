package process

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// script starts a shell script whose working directory is new.
func script(t *testing.T, text string) (p *Process, dir string) {
	t.Helper()
	dir = t.TempDir()
	p, err := Start(Spec{
		Args: []string{"/bin/sh", "-c", text}, Dir: dir, Env: []string{"PATH=/usr/bin:/bin"}, Output: &bytes.Buffer{},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Kill(); <-p.Exited() })
	return p, dir
}

// appears waits for a file and gives its content.
func appears(t *testing.T, path string) string {
	t.Helper()
	for range 3000 {
		if content, err := os.ReadFile(path); err == nil && len(content) > 0 {
			return strings.TrimSpace(string(content))
		}
		time.Sleep(time.Millisecond)
	}
	t.Fatalf("%s is not there", path)
	return ""
}

func pidIn(t *testing.T, path string) int {
	t.Helper()
	pid, err := strconv.Atoi(appears(t, path))
	if err != nil {
		t.Fatal(err)
	}
	return pid
}

func TestNothingOutlivesTheProgramThatLeftIt(t *testing.T) {
	p, dir := script(t, "setsid sh -c 'echo $$ > pid; exec sleep 1000' & while ! [ -s pid ]; do sleep 0.01; done")
	<-p.Exited()
	if err := syscall.Kill(pidIn(t, filepath.Join(dir, "pid")), 0); err != syscall.ESRCH {
		t.Errorf("a process of a session of its own is still there: %v", err)
	}
}

func TestAnOrphanIsAdoptedAndLeavesNoZombie(t *testing.T) {
	p, dir := script(t, "(sh -c 'echo $$ > pid; exec sleep 0.05' &) ; exec sleep 1000")
	pid := pidIn(t, filepath.Join(dir, "pid"))
	for range 3000 {
		if syscall.Kill(pid, 0) == syscall.ESRCH {
			return
		}
		time.Sleep(time.Millisecond)
	}
	state, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	t.Errorf("it is still there: %s", state)
	p.Kill()
}

func TestTheServerOfAShellHasTimeToEnd(t *testing.T) {
	// The shell ends by the signal, and does not hand it on.
	p, dir := script(t, "sh -c 'trap \"sleep 0.1; echo ended > done; exit\" TERM; echo up > up; "+
		"while true; do sleep 0.01; done'; true")
	appears(t, filepath.Join(dir, "up"))
	p.Stop(10 * time.Second)
	if got := appears(t, filepath.Join(dir, "done")); got != "ended" {
		t.Errorf("got %q", got)
	}
}

func TestWhoDoesNotEndIsKilledAfterTheGracePeriod(t *testing.T) {
	p, dir := script(t, "trap '' TERM; echo up > up; while true; do sleep 0.01; done")
	appears(t, filepath.Join(dir, "up"))
	p.Stop(50 * time.Millisecond)
	if code := p.Exit().Code; code != 128+int(syscall.SIGKILL) {
		t.Errorf("it ended with %d", code)
	}
}

func TestTheImagesStopSignalAsksTheProgramToEnd(t *testing.T) {
	for _, row := range []struct {
		stop syscall.Signal
		want string
	}{{0, "TERM"}, {syscall.SIGQUIT, "QUIT"}, {syscall.SIGWINCH, "WINCH"}} {
		dir := t.TempDir()
		p, err := Start(Spec{
			Args: []string{"/bin/sh", "-c", "for s in TERM QUIT WINCH; do trap \"echo $s > got; exit\" $s; done; " +
				"echo up > up; while true; do sleep 0.01; done"},
			Dir: dir, Env: []string{"PATH=/usr/bin:/bin"}, Output: &bytes.Buffer{}, StopSignal: row.stop,
		})
		if err != nil {
			t.Fatal(err)
		}
		appears(t, filepath.Join(dir, "up"))
		p.Stop(10 * time.Second)
		if got := appears(t, filepath.Join(dir, "got")); got != row.want {
			t.Errorf("it got %s, want %s", got, row.want)
		}
	}
}

func TestStopSignalsInEveryForm(t *testing.T) {
	for text, want := range map[string]syscall.Signal{
		"": 0, "SIGQUIT": syscall.SIGQUIT, "QUIT": syscall.SIGQUIT, "sigquit": syscall.SIGQUIT, "3": syscall.SIGQUIT,
		"SIGRTMIN": 34, "SIGRTMIN+3": 37, "rtmin+3": 37, "SIGRTMAX": 64, "SIGRTMAX-1": 63, "37": 37,
	} {
		if got, err := ParseSignal(text); got != want || err != nil {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{
		"0", "-1", "65", "SIGNOTHING", "SIGRTMIN+31", "SIGRTMAX+1", "SIGRTMINx", "SIGRTMIN3", "SIGRTMIN+",
	} {
		if got, err := ParseSignal(text); err == nil {
			t.Errorf("%q is %d, want an error", text, got)
		}
	}
}
