package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/partial"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"

	"github.com/aloft-dev/aloft/controllers/parallel"
)

// Pushed says what Push did.
type Pushed struct {
	// Digest is of the manifest that the target's tags name now.
	Digest string
	// Layers and Bytes count the layers and bytes, configuration included, that were sent; both are 0 when all was there.
	Layers int
	Bytes  int64
}

// pusher is one run of Push.
type pusher struct {
	image  v1.Image
	digest string
	into   name.Repository
	hold   func(context.Context) error
	seenBy *Collection
	puller *remote.Puller
	pusher *remote.Pusher
}

// Push brings an image into a target repository under its tags: the layers that it lacks, several at once, then the
// configuration, then the manifest for each tag. When a tag names this digest already nothing is sent for it. It may be
// repeated at any time.
//
// Errors: ErrTagMoved when a tag names another digest, ErrUnauthorized, ErrNotFound when the repository is missing,
// ErrUnsupported when a layer turns out not to be gzip; any other is transient.
func (c *Client) Push(ctx context.Context, image v1.Image, target Target) (Pushed, error) {
	pushed, err := c.push(ctx, image, target)
	return pushed, classify(err, "pushing to "+bounded(target.String()))
}

func (c *Client) push(ctx context.Context, image v1.Image, target Target) (Pushed, error) {
	run, err := c.newPusher(ctx, image, target)
	if err != nil {
		return Pushed{}, err
	}
	pushed, complete := Pushed{Digest: run.digest}, false
	for _, tag := range target.Tags {
		there, err := run.there(ctx, tag)
		if err != nil {
			return pushed, err
		}
		if !there && !complete {
			if err := run.content(ctx, target.Progress, &pushed); err != nil {
				return pushed, err
			}
		}
		complete = true // a repository that has the manifest has all that it names
		if there {
			continue
		}
		if err := run.manifest(ctx, tag); err != nil {
			return pushed, err
		}
	}
	return pushed, nil
}

// content sends what the repository lacks of the image, but for its manifest.
func (p *pusher) content(ctx context.Context, sent *Progress, pushed *Pushed) error {
	if _, err := p.puller.Head(ctx, p.into.Digest(p.digest)); err == nil {
		return nil // the same image under a new tag
	}
	if err := p.hold(ctx); err != nil {
		return err
	}
	if sent == nil {
		sent = &Progress{}
	}
	err := p.layers(ctx, sent)
	pushed.Layers, pushed.Bytes = int(sent.Layers.Load()), sent.Bytes.Load()
	return err
}

// Tagged is the image that a target's first tag names. Its errors are those of Push.
func (c *Client) Tagged(ctx context.Context, target Target) (v1.Image, error) {
	into, options, err := c.ownOptions(ctx, target)
	if err != nil {
		return nil, classify(err, "reading "+bounded(target.String()))
	}
	image, err := remote.Image(into.Tag(target.Tags[0]), options...)
	return image, classify(err, "reading "+bounded(target.String()))
}

// ownOptions sign in to a target's registry.
func (c *Client) ownOptions(ctx context.Context, target Target) (name.Repository, []remote.Option, error) {
	into, err := repository(target.Repository)
	wrong := func(tag string) bool { return !tagForm.MatchString(tag) }
	if err != nil || len(target.Tags) == 0 || slices.ContainsFunc(target.Tags, wrong) {
		return into, nil, refuse(ErrUnsupported, "%q is not a repository and tags", bounded(target.String()))
	}
	auth := target.Auth
	if auth == nil {
		auth = authn.Anonymous
	}
	signed, err := c.connect(ctx, c.own, into, auth, transport.PushScope)
	return into, []remote.Option{remote.WithContext(ctx), remote.WithTransport(signed), remote.WithJobs(jobs),
		remote.WithRetryBackoff(retryBackoff)}, err
}

func (c *Client) newPusher(ctx context.Context, image v1.Image, target Target) (*pusher, error) {
	digest, err := image.Digest()
	if err != nil {
		return nil, fmt.Errorf("reading the image's digest: %w", err)
	}
	into, options, err := c.ownOptions(ctx, target)
	if err != nil {
		return nil, err
	}
	hold := target.Hold
	if hold == nil {
		hold = func(context.Context) error { return nil }
	}
	run := &pusher{image: image, digest: digest.String(), into: into, hold: hold, seenBy: target.SeenBy}
	if run.puller, err = remote.NewPuller(options...); err != nil {
		return nil, err
	}
	if run.pusher, err = remote.NewPusher(options...); err != nil {
		return nil, err
	}
	return run, nil
}

// there reports whether a tag names the image already.
func (p *pusher) there(ctx context.Context, tag string) (bool, error) {
	found, err := p.puller.Head(ctx, p.into.Tag(tag))
	var answer *transport.Error
	if errors.As(err, &answer) && answer.StatusCode == http.StatusNotFound {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("asking for the tag: %w", err)
	}
	if found.Digest.String() != p.digest {
		return false, refuse(ErrTagMoved,
			"the tag names %s already, not %s; a tag stands for one image for ever, so push this build under a new tag",
			found.Digest, p.digest)
	}
	return true, nil
}

// layers sends what the repository lacks.
func (p *pusher) layers(ctx context.Context, sent *Progress) error {
	layers, err := p.image.Layers()
	if err != nil {
		return fmt.Errorf("reading the layers: %w", err)
	}
	sent.Of.Store(int64(len(layers)))
	for _, layer := range layers {
		size, err := layer.Size()
		if err != nil {
			return fmt.Errorf("reading the size of a layer: %w", err)
		}
		sent.BytesOf.Add(size)
	}
	work, together := parallel.WithContext(ctx)
	work.SetLimit(jobs)
	for i, layer := range layers {
		work.Go(func() error {
			return p.layer(together, layer, &sentLayer{Layer: layer, number: i + 1, counts: sent})
		})
	}
	if err := work.Wait(); err != nil {
		return err
	}
	return p.config(ctx, sent)
}

// layer sends one layer, and lets it be read for its assets as it passes.
func (p *pusher) layer(ctx context.Context, layer v1.Layer, sent *sentLayer) error {
	digest, err := layer.Digest()
	if err != nil {
		return fmt.Errorf("reading the digest of a layer: %w", err)
	}
	size, err := layer.Size()
	if err != nil {
		return fmt.Errorf("reading the size of a layer: %w", err)
	}
	if p.seenBy.wants(digest) {
		sent.seen = func(content io.ReadCloser) io.ReadCloser { return p.seenBy.watch(ctx, digest, size, content) }
	}
	if err := p.pusher.Upload(ctx, p.into, sent); err != nil {
		return err
	}
	p.seenBy.skipped(digest)
	return nil
}

func (p *pusher) config(ctx context.Context, sent *Progress) error {
	config, err := partial.ConfigLayer(p.image)
	if err != nil {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	return p.pusher.Upload(ctx, p.into, &sentLayer{Layer: config, counts: sent})
}

// manifest makes the image visible under a tag. A registry with immutable tags refuses one that exists even when it
// names the same digest (ECR: TAG_INVALID), so what counts after a refusal is what the tag names.
func (p *pusher) manifest(ctx context.Context, tag string) error {
	if err := p.hold(ctx); err != nil {
		return err
	}
	refused := p.pusher.Put(ctx, p.into.Tag(tag), p.image)
	switch {
	case refused == nil:
		return nil
	case !tagExists(refused):
		return fmt.Errorf("putting the manifest: %w", refused)
	}
	there, err := p.there(ctx, tag)
	if err == nil && !there {
		err = errors.Join(errors.New("the registry does not show a tag that exists"), refused)
	}
	return err
}

func tagExists(err error) bool {
	var answer *transport.Error
	if !errors.As(err, &answer) {
		return false
	}
	for _, diagnostic := range answer.Errors {
		if diagnostic.Code == transport.TagInvalidErrorCode {
			return true
		}
	}
	return answer.StatusCode == http.StatusConflict
}
