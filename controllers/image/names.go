package image

import (
	"errors"
	"path"
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	// maxNameBytes is Linux's PATH_MAX: no container can have a file of a longer name. A tar archive may have names of a
	// mebibyte, and to look at those would cost more than all else in it.
	maxNameBytes = 4096
	// maxPathDepth bounds the folders that a published file may lie in.
	maxPathDepth = 64
)

// rootOf turns an absolute path such as "/var/www/public" into how layers name it: "var/www/public", and "" for "/".
func rootOf(absolute string) (string, error) {
	if !strings.HasPrefix(absolute, "/") || path.Clean(absolute) != strings.TrimSuffix(absolute, "/") && absolute != "/" {
		return "", refuse(ErrAssets, "the path %q is not absolute and plain, like /var/www/public", bounded(absolute))
	}
	root := strings.Trim(absolute, "/")
	if root == "" {
		return "", nil
	}
	if err := checkName(root); err != nil {
		return "", refuse(ErrAssets, "the path %q is not usable: %v", bounded(absolute), err)
	}
	return root, nil
}

// entryPath turns the name of a tar entry into a path relative to the image's root, "" for the root
// itself. Every unpacker reads "./a", "/a" and "a/" as "a", and builders write all of them, so only what
// could leave the root, or no container could have, is refused.
func entryPath(name string) (string, error) {
	if len(name) > maxNameBytes {
		return "", overLimit(ErrAssets, "an entry has a name of %d bytes, and no container takes more than %d: %q", len(name),
			maxNameBytes, bounded(name[:maxNameBytes]))
	}
	if strings.ContainsRune(name, 0) {
		return "", refuse(ErrAssets, "the entry %q is not safe to unpack: it contains a NUL character", bounded(name))
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == ".." {
			return "", refuse(ErrAssets, `the entry %q is not safe to unpack: it contains ".."`, bounded(name))
		}
	}
	return strings.TrimPrefix(path.Clean("/"+name), "/"), nil
}

// checkName says why a relative path cannot become the key of an object and a part of a URL. S3 and CloudFront take
// every other character.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("it is empty")
	case !utf8.ValidString(name):
		return errors.New("it is not UTF-8")
	case strings.HasPrefix(name, "/"):
		return errors.New("it is absolute")
	case strings.Contains(name, `\`):
		return errors.New("it contains a backslash")
	case strings.Count(name, "/") >= maxPathDepth:
		return errors.New("it lies too deep")
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part == "." || part == ".." {
			return errors.New(`it has an empty part, "." or ".."`)
		}
	}
	for _, r := range name {
		if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029' {
			return errors.New("it contains a control character")
		}
	}
	return nil
}

// fold maps names that differ by case alone to the same text: on many systems, and behind some
// caches, they are one file.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, name)
}
