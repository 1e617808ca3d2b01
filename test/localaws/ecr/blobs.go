package ecr

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// errDigest says that the content is not what its digest promises.
var errDigest = errors.New("provided digest did not match uploaded content")

// blobs keeps content by digest in a folder, once for all repositories.
type blobs struct {
	dir     string
	mu      sync.Mutex
	uploads map[string]*upload
}

// upload is content on its way in; its digest is computed while it arrives.
type upload struct {
	id   string
	repo string
	mu   sync.Mutex
	file *os.File
	sum  hash.Hash
	size int64
}

func newBlobs(dir string) (*blobs, error) {
	for _, name := range []string{"sha256", "uploads"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o755); err != nil {
			return nil, fmt.Errorf("making the registry's folder: %w", err)
		}
	}
	return &blobs{dir: dir, uploads: map[string]*upload{}}, nil
}

func (b *blobs) path(digest string) string {
	return filepath.Join(b.dir, "sha256", strings.TrimPrefix(digest, "sha256:"))
}

func (b *blobs) open(digest string) (*os.File, error) { return os.Open(b.path(digest)) }

func (b *blobs) remove(digest string) { _ = os.Remove(b.path(digest)) }

// begin opens an upload to a repository.
func (b *blobs) begin(repo string) (*upload, error) {
	raw := make([]byte, 16)
	rand.Read(raw)
	id := hex.EncodeToString(raw)
	file, err := os.Create(filepath.Join(b.dir, "uploads", id))
	if err != nil {
		return nil, fmt.Errorf("opening the upload: %w", err)
	}
	u := &upload{id: id, repo: repo, file: file, sum: sha256.New()}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.uploads[id] = u
	return u, nil
}

func (b *blobs) upload(repo, id string) *upload {
	b.mu.Lock()
	defer b.mu.Unlock()
	if u := b.uploads[id]; u != nil && u.repo == repo {
		return u
	}
	return nil
}

// write adds content and returns how many bytes came.
func (u *upload) write(content io.Reader) (int64, error) {
	u.mu.Lock()
	defer u.mu.Unlock()
	came, err := io.Copy(io.MultiWriter(u.file, u.sum), content)
	u.size += came
	return came, err
}

// commit makes an upload a blob if it is what the digest says; it ends the upload either way.
func (b *blobs) commit(u *upload, digest string) (int64, error) {
	b.mu.Lock()
	delete(b.uploads, u.id)
	b.mu.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	name := u.file.Name()
	if err := u.file.Close(); err != nil {
		return 0, fmt.Errorf("closing the upload: %w", err)
	}
	if "sha256:"+hex.EncodeToString(u.sum.Sum(nil)) != digest {
		_ = os.Remove(name)
		return 0, errDigest
	}
	return u.size, os.Rename(name, b.path(digest))
}

// cancel forgets an upload.
func (b *blobs) cancel(u *upload) {
	b.mu.Lock()
	delete(b.uploads, u.id)
	b.mu.Unlock()
	_ = u.file.Close()
	_ = os.Remove(u.file.Name())
}
