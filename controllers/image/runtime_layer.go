package image

import (
	"archive/tar"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"

	"github.com/aloft-dev/aloft/api/function"
	"github.com/aloft-dev/aloft/controllers/parallel"
)

// hosts are the names of this machine, which a container engine writes into every container, over what the image has.
const (
	hostsPath = "/etc/hosts"
	hosts     = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
)

// layer returns the layer of a start. Its digests are computed once per start, so the next release of the same
// application costs no compression; the content is produced anew whenever it is read and is never held in memory.
func (r *Runtime) layer(start function.Start, mediaType types.MediaType) (v1.Layer, error) {
	told, err := json.Marshal(start)
	if err != nil {
		return nil, err
	}
	told = append(told, '\n')
	if len(told) > maxStartBytes {
		return nil, overLimit(ErrUnsupported, "its entry point, command and working directory take more than %d KiB; "+
			"shorten them", maxStartBytes>>10)
	}
	key := sha256.Sum256([]byte(string(mediaType) + "\n" + string(told)))
	r.mu.Lock()
	kept, known := r.layers[key]
	r.mu.Unlock()
	if known {
		return kept, nil
	}
	open := func() (io.ReadCloser, error) { return r.archive(told), nil }
	made, err := tarball.LayerFromOpener(open, tarball.WithMediaType(mediaType))
	if err != nil {
		return nil, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.layers) >= maxKeptLayers {
		clear(r.layers)
	}
	r.layers[key] = made
	return made, nil
}

// archive streams the layer's tar file.
func (r *Runtime) archive(told []byte) io.ReadCloser {
	reader, writer := io.Pipe()
	go func() {
		writer.CloseWithError(parallel.Recovered(func() error { return r.write(tar.NewWriter(writer), told) }))
	}()
	return reader
}

func (r *Runtime) write(archive *tar.Writer, told []byte) error {
	folder := path.Dir(RuntimePath)
	for _, name := range []string{path.Dir(hostsPath), path.Dir(folder), folder} {
		if err := archive.WriteHeader(header(tar.TypeDir, name+"/", 0, 0o755)); err != nil {
			return err
		}
	}
	if err := small(archive, hostsPath, []byte(hosts)); err != nil {
		return err
	}
	program, err := r.open()
	if err != nil {
		return fmt.Errorf("opening the function runtime: %w", err)
	}
	defer program.Close()
	if err := archive.WriteHeader(header(tar.TypeReg, RuntimePath, r.size, 0o755)); err != nil {
		return err
	}
	if _, err := io.Copy(archive, program); err != nil {
		return fmt.Errorf("reading the function runtime: %w", err)
	}
	if err := small(archive, function.StartPath, told); err != nil {
		return err
	}
	return archive.Close()
}

// small writes a small file that everybody may read.
func small(archive *tar.Writer, name string, content []byte) error {
	if err := archive.WriteHeader(header(tar.TypeReg, name, int64(len(content)), 0o644)); err != nil {
		return err
	}
	_, err := archive.Write(content)
	return err
}

// header is the same for the same file on every machine and every day: root's, from the beginning of 1970.
func header(kind byte, name string, size, mode int64) *tar.Header {
	return &tar.Header{Typeflag: kind, Name: name[1:], Size: size, Mode: mode, ModTime: time.Unix(0, 0).UTC(),
		Format: tar.FormatUSTAR}
}
