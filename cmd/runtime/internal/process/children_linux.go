package process

import (
	"bytes"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// kin are the children of this process: the programs that it started, and the orphans that it adopts. It does what is
// expected of the first process of a container: without it orphans stay zombies, or outlive the command that left them.
type kin struct {
	once sync.Once
	mu   sync.Mutex
	// own are the programs that somebody waits for.
	own map[int]bool
}

var children = &kin{own: map[int]bool{}}

// Conceal keeps what this process was told from what it starts: programs of the same user can read neither its
// environment, with the address of the Runtime API, nor its memory, with the secrets.
func Conceal() error { return unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

// start starts a program that its caller waits for.
func (k *kin) start(cmd *exec.Cmd) error {
	k.once.Do(k.adopt)
	// Nobody may reap it before it is known as a program of its own.
	k.mu.Lock()
	defer k.mu.Unlock()
	err := cmd.Start()
	if err == nil {
		k.own[cmd.Process.Pid] = true
	}
	return err
}

// adopt lets orphans become children of this process, and reaps them when they end. Where the kernel denies it they are
// the children of somebody else, as before.
func (k *kin) adopt() {
	if unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != nil {
		return
	}
	ended := make(chan os.Signal, 1)
	signal.Notify(ended, syscall.SIGCHLD)
	go func() {
		for range ended {
			k.mu.Lock()
			for _, pid := range k.orphans() {
				reap(pid)
			}
			k.mu.Unlock()
		}
	}()
}

// forget is told that a program was waited for. Where it was the only one, all orphans are what it left behind, also
// those that have left its process group, and end with it.
func (k *kin) forget(pid int) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.own, pid)
	for end := time.Now().Add(drain); len(k.own) == 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		left := k.orphans()
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			_ = syscall.Kill(pid, syscall.SIGKILL)
			reap(pid)
		}
	}
}

func reap(pid int) { _, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil) }

// orphans are the children that nobody waits for.
func (k *kin) orphans() []int {
	var list []int
	for pid, parent := range parents() {
		if parent == os.Getpid() && !k.own[pid] {
			list = append(list, pid)
		}
	}
	return list
}

// Descendants are the processes that this one started, or that they started.
func Descendants() []int {
	all := parents()
	var list []int
	for pid := range all {
		for parent, known := all[pid]; known; parent, known = all[parent] {
			if parent == os.Getpid() {
				list = append(list, pid)
				break
			}
		}
	}
	return list
}

// parents has the parent of each process that /proc tells of.
func parents() map[int]int {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil
	}
	all := map[int]int{}
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		stat, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue
		}
		// "pid (name) state parent ...", where the name may hold anything.
		fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:]))
		if len(fields) < 2 {
			continue
		}
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			all[pid] = parent
		}
	}
	return all
}
