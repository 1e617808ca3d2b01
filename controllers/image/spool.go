package image

import (
	"errors"
	"fmt"
	"io"
	"os"
)

var errSpool = errors.New("keeping an asset")

// spool keeps the assets of one layer in a temporary file that has no name any more: it disappears with its last
// handle, even when the process is killed.
type spool struct {
	dir   string
	share *share
	file  *os.File
	size  int64
}

// keep copies exactly size bytes to the end of the spool and tells where they begin. Their room is taken first.
func (s *spool) keep(content io.Reader, size int64, sum io.Writer) (offset int64, err error) {
	if err := s.share.take(0, size); err != nil {
		return 0, err
	}
	if s.file == nil {
		if err := s.open(); err != nil {
			return 0, err
		}
	}
	offset = s.size
	s.size += size
	_, err = io.Copy(io.MultiWriter(&spoolWriter{io.NewOffsetWriter(s.file, offset)}, sum), content)
	return offset, err
}

func (s *spool) open() error {
	file, err := os.CreateTemp(s.dir, "aloft-assets-")
	if err != nil {
		return fmt.Errorf("%w: making room: %w", errSpool, err)
	}
	if err := os.Remove(file.Name()); err != nil {
		return errors.Join(fmt.Errorf("%w: making room: %w", errSpool, err), file.Close())
	}
	s.file = file
	return nil
}

// close gives disk and memory back. It may be repeated.
func (s *spool) close() error {
	s.share.release()
	if s.file == nil {
		return nil
	}
	file := s.file
	s.file = nil
	return file.Close()
}

// spoolWriter marks the errors of the temporary file, a full disk for instance, which are no fault of the image.
type spoolWriter struct{ io.Writer }

func (w *spoolWriter) Write(content []byte) (int, error) {
	n, err := w.Writer.Write(content)
	if err != nil {
		return n, fmt.Errorf("%w: %w", errSpool, err)
	}
	return n, nil
}
