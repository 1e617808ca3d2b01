package rootfs

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// Layer is a layer that was unpacked, once for all images that have it: its entries in their order, and a folder with the
// content of its files, which the images link to.
type Layer struct {
	dir     string
	entries []entry
}

type entry struct {
	header *tar.Header
	// content is the file that holds it, for regular files.
	content string
}

// Unpack reads one compressed layer into a folder of its own and compares the uncompressed bytes with diffID
// ("sha256:<hex>"). After an error nothing is left of it.
func Unpack(dir string, compressed io.Reader, diffID string) (*Layer, error) {
	plain, err := decompress(compressed)
	if err != nil {
		return nil, err
	}
	defer plain.Close()
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("making the layer's folder: %w", err)
	}
	l := &Layer{dir: dir}
	if err := l.read(plain, diffID); err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	return l, nil
}

func (l *Layer) read(plain io.Reader, diffID string) error {
	digest := sha256.New()
	counted := io.TeeReader(plain, digest)
	if err := l.entriesOf(tar.NewReader(counted)); err != nil {
		return err
	}
	// The archive's trailing padding belongs to the diff_id too.
	if _, err := io.Copy(io.Discard, counted); err != nil {
		return fmt.Errorf("reading the end of the layer: %w", err)
	}
	if got := "sha256:" + hex.EncodeToString(digest.Sum(nil)); got != diffID {
		return fmt.Errorf("%w: %s instead of %s", ErrDiffID, got, diffID)
	}
	return nil
}

func (l *Layer) entriesOf(archive *tar.Reader) error {
	var size count
	for {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the layer's archive: %w", err)
		}
		if err := size.add(header); err != nil {
			return err
		}
		e := entry{header: header}
		if header.Typeflag == tar.TypeReg {
			e.content = filepath.Join(l.dir, strconv.Itoa(len(l.entries)))
			if err := keep(e.content, header, archive); err != nil {
				return fmt.Errorf("unpacking %q: %w", header.Name, err)
			}
		}
		l.entries = append(l.entries, e)
	}
}

// keep writes the content of one file with the mode and the owner that it has in every image.
func keep(name string, header *tar.Header, content io.Reader) error {
	file, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, content)
	if err == nil && os.Geteuid() == 0 {
		err = file.Chown(header.Uid, header.Gid)
	}
	return errors.Join(err, file.Chmod(header.FileInfo().Mode().Perm()), file.Close())
}
