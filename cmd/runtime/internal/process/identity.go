package process

import (
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/aloft-dev/aloft/cmd/runtime/internal/environ"
)

// defaultPath is where programs are looked for when the environment has no PATH, as container engines do.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// lookPath finds the program as a container engine does: in the PATH of the program's own environment, which may differ
// from the runtime's.
func lookPath(name, dir string, env []string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	search := environ.Lookup(env, "PATH")
	if search == "" {
		search = defaultPath
	}
	missing := exec.ErrNotFound
	for _, folder := range filepath.SplitList(search) {
		if !filepath.IsAbs(folder) {
			folder = filepath.Join(dir, folder)
		}
		path := filepath.Join(folder, name)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if executable(path) {
			return path, nil
		}
		missing = &fs.PathError{Op: "executing", Path: path, Err: fs.ErrPermission}
	}
	return "", fmt.Errorf("looking for %q in PATH %s: %w", name, search, missing)
}

// executable says that this program's user may execute a file.
func executable(path string) bool {
	return unix.Faccessat(unix.AT_FDCWD, path, unix.X_OK, unix.AT_EACCESS) == nil
}

// credential is the user of an image, when the runtime may become it. Lambda runs images as a user of its own choice,
// so a name that cannot be resolved is left out rather than refused.
func credential(name string) *syscall.Credential {
	if name == "" || os.Geteuid() != 0 {
		return nil
	}
	userPart, groupPart, _ := strings.Cut(name, ":")
	uid, gid, ok := resolveUser(userPart)
	if !ok {
		return nil
	}
	if groupPart != "" {
		if gid, ok = resolveGroup(groupPart); !ok {
			return nil
		}
	}
	if uid == 0 && gid == 0 {
		return nil
	}
	return &syscall.Credential{Uid: uid, Gid: gid}
}

func resolveUser(name string) (uid, gid uint32, ok bool) {
	found, err := user.LookupId(name)
	if err != nil {
		found, err = user.Lookup(name)
	}
	if err == nil {
		uid, okUser := number(found.Uid)
		gid, okGroup := number(found.Gid)
		return uid, gid, okUser && okGroup
	}
	// A number needs no entry in /etc/passwd; its group is root's then.
	uid, ok = number(name)
	return uid, 0, ok
}

func resolveGroup(name string) (uint32, bool) {
	if gid, ok := number(name); ok {
		return gid, true
	}
	found, err := user.LookupGroup(name)
	if err != nil {
		return 0, false
	}
	return number(found.Gid)
}

func number(text string) (uint32, bool) {
	value, err := strconv.ParseUint(text, 10, 32)
	return uint32(value), err == nil
}
