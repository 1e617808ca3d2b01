package image

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// Registry is a container registry on a loopback port. It answers http, as local registries do.
type Registry struct {
	listener net.Listener
	server   *http.Server
}

// NewRegistry answers on address, "127.0.0.1:0" for a free port. It keeps layers below dir, or in memory when dir is
// empty; manifests and tags it always keeps in memory, so a new one begins without images.
func NewRegistry(dir, address string) (*Registry, error) {
	options := []registry.Option{registry.Logger(log.New(io.Discard, "", 0))}
	if dir != "" {
		options = append(options, registry.WithBlobHandler(registry.NewDiskBlobHandler(dir)))
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listening for images: %w", err)
	}
	r := &Registry{listener: listener,
		server: &http.Server{Handler: registry.New(options...), ReadHeaderTimeout: 5 * time.Second}}
	go r.server.Serve(listener)
	return r, nil
}

// Repository returns the full name of a repository here: "127.0.0.1:5000/acme/counter".
func (r *Registry) Repository(path string) string { return r.listener.Addr().String() + "/" + path }

// Close ends the registry.
func (r *Registry) Close() error { return r.server.Close() }

// Push sends an image to a repository under a tag, as a build pipeline does, and returns its digest ("sha256:...").
func Push(ctx context.Context, image v1.Image, repository, tag string) (string, error) {
	target, err := name.NewTag(repository + ":" + tag)
	if err != nil {
		return "", fmt.Errorf("naming the image: %w", err)
	}
	if err := remote.Write(target, image, remote.WithContext(ctx)); err != nil {
		return "", fmt.Errorf("pushing %s: %w", target, err)
	}
	digest, err := image.Digest()
	if err != nil {
		return "", fmt.Errorf("reading the digest: %w", err)
	}
	return digest.String(), nil
}
