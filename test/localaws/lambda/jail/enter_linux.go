package jail

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"golang.org/x/sys/unix"
)

// openPorts raises the jail's own loopback and listens on its ports. It runs before the program exists, so the
// program cannot take them.
func openPorts(got order) ([]int, error) {
	if got.Mode == Chroot {
		return nil, nil
	}
	if err := raiseLoopback(); err != nil {
		return nil, err
	}
	var sockets []int
	for _, port := range got.Ports {
		socket, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
		if err != nil {
			return nil, fmt.Errorf("opening a port: %w", err)
		}
		if err := unix.Bind(socket, &unix.SockaddrInet4{Port: port, Addr: [4]byte{127, 0, 0, 1}}); err != nil {
			return nil, fmt.Errorf("binding port %d: %w", port, err)
		}
		if err := unix.Listen(socket, 128); err != nil {
			return nil, fmt.Errorf("listening on port %d: %w", port, err)
		}
		sockets = append(sockets, socket)
	}
	return sockets, nil
}

func raiseLoopback() error {
	socket, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("opening a socket: %w", err)
	}
	defer func() { _ = unix.Close(socket) }()
	request, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(socket, unix.SIOCSIFFLAGS, request); err != nil {
		return fmt.Errorf("raising the loopback interface: %w", err)
	}
	return nil
}

// enter makes the image the root of the file system.
func enter(got order) error {
	if got.Mode == Chroot {
		if err := unix.Chroot(got.Root); err != nil {
			return fmt.Errorf("changing the root: %w", err)
		}
		return os.Chdir("/")
	}
	steps := []func(order) error{privateMounts, mountProc, mountDev, mountTmp, sealRoot, pivot}
	for _, step := range steps {
		if err := step(got); err != nil {
			return err
		}
	}
	return nil
}

func privateMounts(got order) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("making the mounts private: %w", err)
	}
	if err := unix.Mount(got.Root, got.Root, "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting the image: %w", err)
	}
	return nil
}

func mountProc(got order) error {
	target := filepath.Join(got.Root, "proc")
	if err := unix.Mount("proc", target, "proc", unix.MS_NOSUID|unix.MS_NODEV|unix.MS_NOEXEC, ""); err != nil {
		return fmt.Errorf("mounting /proc: %w", err)
	}
	return nil
}

func mountTmp(got order) error {
	options := fmt.Sprintf("mode=1777,size=%d", got.TmpBytes)
	if err := unix.Mount(
		"tmpfs", filepath.Join(got.Root, "tmp"), "tmpfs", unix.MS_NOSUID|unix.MS_NODEV, options,
	); err != nil {
		return fmt.Errorf("mounting /tmp: %w", err)
	}
	return nil
}

// devices are what a program may expect of /dev.
var devices = []string{"null", "zero", "full", "random", "urandom"}

func mountDev(got order) error {
	dev := filepath.Join(got.Root, "dev")
	if err := unix.Mount("tmpfs", dev, "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755,size=64k"); err != nil {
		return fmt.Errorf("mounting /dev: %w", err)
	}
	for _, name := range devices {
		target := filepath.Join(dev, name)
		if err := os.WriteFile(target, nil, 0o666); err != nil {
			return fmt.Errorf("making /dev/%s: %w", name, err)
		}
		if err := unix.Mount("/dev/"+name, target, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mounting /dev/%s: %w", name, err)
		}
	}
	for name, link := range map[string]string{"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0",
		"stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"} {
		if err := os.Symlink(link, filepath.Join(dev, name)); err != nil {
			return fmt.Errorf("making /dev/%s: %w", name, err)
		}
	}
	return nil
}

// sealRoot makes the image read-only. In a user namespace the flags that the host set on the mount are locked, and
// a remount must repeat them.
func sealRoot(got order) error {
	var stat unix.Statfs_t
	if err := unix.Statfs(got.Root, &stat); err != nil {
		return fmt.Errorf("reading the image's mount: %w", err)
	}
	flags := uintptr(unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY)
	for set, flag := range map[int64]uintptr{
		unix.ST_NOSUID: unix.MS_NOSUID, unix.ST_NODEV: unix.MS_NODEV, unix.ST_NOEXEC: unix.MS_NOEXEC,
		unix.ST_NOATIME: unix.MS_NOATIME, unix.ST_NODIRATIME: unix.MS_NODIRATIME, unix.ST_RELATIME: unix.MS_RELATIME,
	} {
		if stat.Flags&set != 0 {
			flags |= flag
		}
	}
	if err := unix.Mount("", got.Root, "", flags, ""); err != nil {
		return fmt.Errorf("making the image read-only: %w", err)
	}
	return nil
}

func pivot(got order) error {
	if err := os.Chdir(got.Root); err != nil {
		return fmt.Errorf("entering the image: %w", err)
	}
	if err := unix.PivotRoot(".", "."); err != nil {
		return fmt.Errorf("making the image the root: %w", err)
	}
	if err := unix.Unmount(".", unix.MNT_DETACH); err != nil {
		return fmt.Errorf("leaving the host's files: %w", err)
	}
	return os.Chdir("/")
}

// maxFiles is how many files a function may hold open (AWS Lambda Developer Guide, gettingstarted-limits).
const maxFiles = 1024

func limitFiles() error {
	if err := syscall.Setrlimit(unix.RLIMIT_NOFILE, &syscall.Rlimit{Cur: maxFiles, Max: maxFiles}); err != nil {
		return fmt.Errorf("limiting the open files: %w", err)
	}
	return nil
}

// dropPrivileges becomes the user that functions run as and can never gain more. In a user namespace
// only the caller's own identity exists, so there the capabilities are given up instead.
func dropPrivileges(mode Mode) error {
	if mode != UserNamespace {
		if err := unix.Setgroups(nil); err != nil {
			return fmt.Errorf("leaving the groups: %w", err)
		}
		if err := unix.Setresgid(groupID, groupID, groupID); err != nil {
			return fmt.Errorf("changing the group: %w", err)
		}
		if err := unix.Setresuid(userID, userID, userID); err != nil {
			return fmt.Errorf("changing the user: %w", err)
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("giving up new privileges: %w", err)
	}
	if mode == UserNamespace {
		header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		for capability := range uintptr(unix.CAP_LAST_CAP + 1) {
			_ = unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0)
		}
		none := [2]unix.CapUserData{}
		if err := unix.Capset(&header, &none[0]); err != nil {
			return fmt.Errorf("giving up the capabilities: %w", err)
		}
	}
	// A change of credentials clears it, so it is set again.
	return unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(unix.SIGKILL), 0, 0, 0)
}
