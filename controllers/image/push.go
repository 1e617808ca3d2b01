package image

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"

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
	// Digest is of the manifest that the target's tag names now.
	Digest string
	// Layers and Bytes count the layers and bytes, configuration included, that were sent; both are 0 when all was there.
	Layers int
	Bytes  int64
}

// pusher is one run of Push.
type pusher struct {
	image  v1.Image
	digest string
	tag    name.Tag
	seenBy *Collection
	puller *remote.Puller
	pusher *remote.Pusher
}

// Push brings an image into a target repository under a tag: the layers that it lacks, several at once,
// then the configuration, then the manifest. When the tag names this digest already nothing is sent. It
// may be repeated at any time.
//
// Errors: ErrTagMoved when the tag names another digest, ErrUnauthorized, ErrNotFound when the repository is missing,
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
	pushed := Pushed{Digest: run.digest}
	there, err := run.there(ctx)
	if err != nil || there {
		return pushed, err
	}
	// The same image under a new tag: a repository that has the manifest has all that it names.
	if _, err := run.puller.Head(ctx, run.tag.Digest(run.digest)); err == nil {
		return pushed, run.manifest(ctx)
	}
	sent := target.Progress
	if sent == nil {
		sent = &Progress{}
	}
	err = run.layers(ctx, sent)
	pushed.Layers, pushed.Bytes = int(sent.Layers.Load()), sent.Bytes.Load()
	if err != nil {
		return pushed, err
	}
	return pushed, run.manifest(ctx)
}

func (c *Client) newPusher(ctx context.Context, image v1.Image, target Target) (*pusher, error) {
	digest, err := image.Digest()
	if err != nil {
		return nil, fmt.Errorf("reading the image's digest: %w", err)
	}
	into, err := repository(target.Repository)
	if err != nil || !tagForm.MatchString(target.Tag) {
		return nil, refuse(ErrUnsupported, "%q is not a repository and a tag", bounded(target.String()))
	}
	auth := target.Auth
	if auth == nil {
		auth = authn.Anonymous
	}
	signed, err := c.connect(ctx, into, auth, transport.PushScope)
	if err != nil {
		return nil, err
	}
	options := []remote.Option{remote.WithContext(ctx), remote.WithTransport(signed), remote.WithJobs(jobs),
		remote.WithRetryBackoff(retryBackoff)}
	run := &pusher{image: image, digest: digest.String(), tag: into.Tag(target.Tag),
		seenBy: target.SeenBy}
	if run.puller, err = remote.NewPuller(options...); err != nil {
		return nil, err
	}
	if run.pusher, err = remote.NewPusher(options...); err != nil {
		return nil, err
	}
	return run, nil
}

// there reports whether the tag names the image already.
func (p *pusher) there(ctx context.Context) (bool, error) {
	found, err := p.puller.Head(ctx, p.tag)
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
	if err := p.pusher.Upload(ctx, p.tag.Repository, sent); err != nil {
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
	return p.pusher.Upload(ctx, p.tag.Repository, &sentLayer{Layer: config, counts: sent})
}

// manifest makes the image visible. A registry with immutable tags refuses a tag that exists even when it names the
// same digest (ECR: TAG_INVALID), so what counts after a refusal, as after success, is what the tag names.
func (p *pusher) manifest(ctx context.Context) error {
	putErr := p.pusher.Put(ctx, p.tag, p.image)
	if putErr != nil && !tagExists(putErr) {
		return fmt.Errorf("putting the manifest: %w", putErr)
	}
	there, err := p.there(ctx)
	if err != nil {
		return err
	}
	if !there {
		return errors.Join(errors.New("the registry does not show the tag that it took"), putErr)
	}
	return nil
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
