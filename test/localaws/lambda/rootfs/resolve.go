package rootfs

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// maxLinks is how many symbolic links one name may pass through, as in the kernel.
const maxLinks = 40

// clean checks an archive's name: relative to the image's root, and never out of it.
func clean(name string) (string, error) {
	if strings.ContainsRune(name, 0) {
		return "", errors.New("the name holds a NUL")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", errors.New("the name leaves the image")
		}
	}
	return path.Clean(strings.TrimLeft(path.Clean("/"+name), "/")), nil
}

// resolve follows the symbolic links of a name as the image's own root would: an absolute link starts at the
// image's root, ".." stops there. What does not exist yet resolves to itself.
func (t *Tree) resolve(name string) (string, error) {
	rest := strings.Split(path.Clean(name), "/")
	at := "."
	for links := 0; len(rest) > 0; {
		part := rest[0]
		rest = rest[1:]
		if part == "" || part == "." {
			continue
		}
		if part == ".." {
			at = path.Dir(at)
			continue
		}
		next := path.Join(at, part)
		info, err := t.root.Lstat(next)
		if err != nil || info.Mode()&fs.ModeSymlink == 0 {
			at = next
			continue
		}
		if links++; links > maxLinks {
			return "", fmt.Errorf("too many symbolic links in %q", name)
		}
		link, err := t.root.Readlink(next)
		if err != nil {
			return "", fmt.Errorf("reading the link %s: %w", next, err)
		}
		if strings.HasPrefix(link, "/") {
			at = "."
		}
		rest = append(strings.Split(link, "/"), rest...)
	}
	return at, nil
}

// parents makes the folders above a resolved name; a file in the way gives way, as a later layer wins.
func (t *Tree) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." {
		return nil
	}
	return t.ensureDir(dir)
}

func (t *Tree) ensureDir(dir string) error {
	resolved, err := t.resolve(dir)
	if err != nil {
		return err
	}
	at := "."
	for part := range strings.SplitSeq(resolved, "/") {
		at = path.Join(at, part)
		if at == "." {
			continue
		}
		info, err := t.root.Lstat(at)
		if err == nil && info.IsDir() {
			continue
		}
		if err == nil {
			if err := t.root.RemoveAll(at); err != nil {
				return err
			}
		}
		if err := t.root.Mkdir(at, 0o755); err != nil {
			return fmt.Errorf("making the folder %s: %w", at, err)
		}
	}
	return nil
}
