// Package image reads, completes and copies container images as a release needs them: resolved once to a digest, given
// the function runtime, pushed layer by layer, their assets listed.
//
// It encodes what Lambda accepts of an image, how a registry may be talked to by a program that acts for many
// tenants, and which names and sizes an image may bring. It knows neither Kubernetes nor the AWS SDK:
// credentials are given to it.
package image

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
)

// maxRepositoryBytes bounds the name of a repository; the OCI distribution specification speaks of 255 with the host.
const maxRepositoryBytes = 255

var (
	tagForm    = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,127}$`)
	digestForm = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
)

// Source names an image in the registry that a user pushes to.
type Source struct {
	// Repository is the name with its host, "ghcr.io/acme/counter"; without a host it is Docker Hub's.
	Repository string
	// Tag is what Resolve looks up unless Digest is set.
	Tag string
	// Digest pins the image, "sha256:...": of an index or of a manifest.
	Digest string
	// DockerConfig is the content of a pull secret of type kubernetes.io/dockerconfigjson; empty means anonymous.
	DockerConfig []byte
}

// String names the image without its credentials.
func (s Source) String() string {
	if s.Digest != "" {
		return s.Repository + "@" + s.Digest
	}
	return s.Repository + ":" + s.Tag
}

// GoString keeps the credentials out of %#v too.
func (s Source) GoString() string { return s.String() }

// Target names where Push sends an image.
type Target struct {
	// Repository is the name with its host, "123456789012.dkr.ecr.eu-central-1.amazonaws.com/aloft-x".
	Repository string
	// Tags are given to the image, in this order; none of them ever moves to another digest.
	Tags []string
	// Hold is asked before anything is sent, and before each tag is given, which may be long after; an error ends the
	// push. Nil holds nothing up.
	Hold func(context.Context) error
	// Auth signs in to the target's registry; nil means anonymous.
	Auth authn.Authenticator
	// Progress is told what is sent; nil tells nobody.
	Progress *Progress
	// SeenBy reads the layers that are sent for its assets; nil for none.
	SeenBy *Collection
}

// String names the target without its credentials.
func (t Target) String() string { return t.Repository + ":" + strings.Join(t.Tags, ",") }

// GoString keeps the credentials out of %#v too.
func (t Target) GoString() string { return t.String() }

func repository(text string) (name.Repository, error) {
	if len(text) > maxRepositoryBytes {
		return name.Repository{}, fmt.Errorf("its name is longer than %d bytes", maxRepositoryBytes)
	}
	if strings.Contains(text, "://") {
		return name.Repository{}, errors.New("its name carries a scheme; leave the scheme out")
	}
	return name.NewRepository(text)
}

// reference returns what the registry is asked for: the digest where one is pinned, else the tag.
func (s Source) reference() (name.Reference, error) {
	in, err := repository(s.Repository)
	if err != nil {
		return nil, refuse(ErrUnsupported, "the repository %q is not usable: %s", bounded(s.Repository), bounded(err.Error()))
	}
	if s.Digest != "" {
		return pinned(in, s.Digest)
	}
	if !tagForm.MatchString(s.Tag) {
		return nil, refuse(ErrUnsupported, "%q is not a tag", bounded(s.Tag))
	}
	return in.Tag(s.Tag), nil
}

func pinned(in name.Repository, digest string) (name.Digest, error) {
	if !digestForm.MatchString(digest) {
		return name.Digest{}, refuse(ErrUnsupported, "%q is not a sha256 digest", bounded(digest))
	}
	return in.Digest(digest), nil
}
