package jail

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// linkedTree makes a folder per environment whose files are hard links into the image, for machines without
// namespaces: its /tmp is private, and the rest is read-only because the program's user owns nothing in it.
func linkedTree(root string) (dir string, remove func(), err error) {
	dir, err = os.MkdirTemp(filepath.Dir(root), "environment-")
	if err != nil {
		return "", nil, fmt.Errorf("making the environment's folder: %w", err)
	}
	remove = func() { _ = os.RemoveAll(dir) }
	if err := os.Chmod(dir, 0o755); err != nil {
		remove()
		return "", nil, err
	}
	err = filepath.WalkDir(root, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(root, name)
		if err != nil || relative == "." {
			return err
		}
		return linkEntry(name, filepath.Join(dir, relative), entry)
	})
	if err == nil {
		err = furnish(dir)
	}
	if err != nil {
		remove()
		return "", nil, fmt.Errorf("linking the image's files: %w", err)
	}
	return dir, remove, nil
}

func linkEntry(from, to string, entry fs.DirEntry) error {
	if !entry.IsDir() {
		return os.Link(from, to)
	}
	info, err := entry.Info()
	if err != nil {
		return err
	}
	return os.Mkdir(to, info.Mode().Perm())
}

func furnish(dir string) error {
	if err := os.Chmod(filepath.Join(dir, "tmp"), 0o777|os.ModeSticky); err != nil {
		return err
	}
	for name, minor := range map[string]uint32{"null": 3, "zero": 5, "full": 7, "random": 8, "urandom": 9} {
		target := filepath.Join(dir, "dev", name)
		if err := unix.Mknod(target, unix.S_IFCHR|0o666, int(unix.Mkdev(1, minor))); err != nil {
			return fmt.Errorf("making /dev/%s: %w", name, err)
		}
		if err := os.Chmod(target, 0o666); err != nil {
			return err
		}
	}
	return nil
}
