package image

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"
)

// maxIndexManifests bounds the manifests of an index; attestations included, real ones hold a few dozen.
const maxIndexManifests = 1000

// Resolved is what a tag or a pinned digest stands for.
type Resolved struct {
	// Digest is of the manifest of one architecture, which Open and Lambda take.
	Digest string
	// Requested is the digest that the registry gave for the tag, or the pinned one: of an index, or the same as Digest.
	Requested string
}

// Resolve asks the registry what a source's tag, or pinned digest, stands for on linux and an architecture (amd64,
// arm64), and refuses what Lambda would: "A container image must be of one architecture, as Docker image manifest V2
// schema 2 or OCI 1.0, with gzip layers" (AWS Lambda, Create a function using a container image).
//
// Errors: ErrNotFound, ErrUnauthorized, ErrUnsupported, ErrAddressDenied; any other is transient.
func (c *Client) Resolve(ctx context.Context, source Source, arch string) (Resolved, error) {
	within, cancel := context.WithTimeout(ctx, c.resolveWithin)
	defer cancel()
	resolved, err := c.resolve(within, source, arch)
	if ctx.Err() == nil && errors.Is(within.Err(), context.DeadlineExceeded) {
		err = fmt.Errorf("the registry has not answered within %s", c.resolveWithin)
	}
	return resolved, classify(err, "resolving "+bounded(source.String()))
}

func (c *Client) resolve(ctx context.Context, source Source, arch string) (Resolved, error) {
	if arch != "amd64" && arch != "arm64" {
		return Resolved{}, refuse(ErrUnsupported, "there is no architecture %q; functions run on amd64 or arm64",
			bounded(arch))
	}
	reference, err := source.reference()
	if err != nil {
		return Resolved{}, err
	}
	puller, err := c.read(ctx, source, reference.Context())
	if err != nil {
		return Resolved{}, err
	}
	found, err := puller.Get(ctx, reference)
	if err != nil {
		return Resolved{}, err
	}
	resolved := Resolved{Digest: found.Digest.String(), Requested: found.Digest.String()}
	if found.MediaType.IsIndex() {
		if found, err = child(ctx, puller, found, reference.Context(), arch); err != nil {
			return Resolved{}, err
		}
		resolved.Digest = found.Digest.String()
	}
	image, err := asImage(found)
	if err != nil {
		return Resolved{}, err
	}
	return resolved, Supported(image, arch)
}

// child fetches the manifest for an architecture that an index lists.
func child(
	ctx context.Context, puller *remote.Puller, of *remote.Descriptor, in name.Repository, arch string,
) (*remote.Descriptor, error) {
	index, err := v1.ParseIndexManifest(strings.NewReader(string(of.Manifest)))
	if err != nil {
		return nil, refuse(ErrUnsupported, "the index is not readable: %s", bounded(err.Error()))
	}
	if len(index.Manifests) > maxIndexManifests {
		return nil, overLimit(ErrUnsupported, "the index lists more than %d manifests", maxIndexManifests)
	}
	entry, err := choose(index.Manifests, arch)
	if err != nil {
		return nil, err
	}
	found, err := puller.Get(ctx, in.Digest(entry.Digest.String()))
	if err != nil {
		return nil, fmt.Errorf("reading the manifest for linux/%s: %w", arch, err)
	}
	return found, nil
}

// choose picks the manifest for linux and an architecture. Attestations stand in an index as unknown/unknown.
func choose(manifests []v1.Descriptor, arch string) (v1.Descriptor, error) {
	var others []string
	for _, entry := range manifests {
		platform := entry.Platform
		if platform == nil || !entry.MediaType.IsImage() || platform.OS == "unknown" {
			continue
		}
		if platform.OS == "linux" && platform.Architecture == arch {
			return entry, nil
		}
		others = append(others, bounded(platform.OS+"/"+platform.Architecture))
	}
	if len(others) == 0 {
		return v1.Descriptor{}, refuse(ErrUnsupported, "the index lists no image at all; push one built for linux/%s", arch)
	}
	slices.Sort(others)
	others = slices.Compact(others)
	return v1.Descriptor{}, refuse(ErrUnsupported,
		"there is no image for linux/%s, only for %s; build with --platform linux/%s",
		arch, bounded(strings.Join(others, ", ")), arch)
}

func asImage(found *remote.Descriptor) (v1.Image, error) {
	if !found.MediaType.IsImage() {
		return nil, refuse(ErrUnsupported,
			"%q is not the media type of an image manifest (Docker V2 schema 2 or OCI); build with a current tool",
			bounded(string(found.MediaType)))
	}
	return found.Image()
}

// Open returns the image of a digest that Resolve gave. The manifest is fetched and verified against the
// digest now, the configuration and layers when they are read, within ctx; each is verified against its
// own digest while it streams.
//
// Errors are those of Resolve.
func (c *Client) Open(ctx context.Context, source Source, digest string) (v1.Image, error) {
	image, err := c.open(ctx, source, digest)
	return image, classify(err, "opening "+bounded(source.Repository+"@"+digest))
}

func (c *Client) open(ctx context.Context, source Source, digest string) (v1.Image, error) {
	source.Digest = digest
	if digest == "" {
		return nil, errors.New("there is no digest")
	}
	reference, err := source.reference()
	if err != nil {
		return nil, err
	}
	puller, err := c.read(ctx, source, reference.Context())
	if err != nil {
		return nil, err
	}
	found, err := puller.Get(ctx, reference)
	if err != nil {
		return nil, err
	}
	return asImage(found)
}
