package phase

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	ecrtypes "github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/google/go-containerregistry/pkg/authn"
	v1 "github.com/google/go-containerregistry/pkg/v1"

	"github.com/aloft-dev/aloft/api/v1alpha1"
	"github.com/aloft-dev/aloft/controllers/cloud"
	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/controllers/release"
)

// uploadImage copies the build's image into the stage's repository, with the runtime appended where it lacks one, and
// gives the digest of the copy. A copy that was made from the same source before is taken as it is, whichever runtime
// it has.
func (p *Performer) uploadImage(
	ctx context.Context, s Subject, seenBy *image.Collection, open func() (v1.Image, error),
) (digest string, err error) {
	digest, err = p.copyOf(ctx, s.Desired)
	if err != nil || digest != "" {
		return digest, err
	}
	source, err := open()
	if err != nil {
		return "", sourceError(v1alpha1.ConditionImagePushed, s.Desired.Image, err)
	}
	if err := withinQuota(s.Desired, source); err != nil {
		return "", err
	}
	runtime, ok := p.Runtimes[s.Desired.Image.Architecture]
	if !ok {
		return "", release.Reject(v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported,
			"this operator has no function runtime for %s: choose another spec.manifest.architecture, or have the platform "+
				"team add runtime-linux-%s to the operator",
			s.Desired.Image.Architecture, s.Desired.Image.Architecture)
	}
	deployed, err := image.WithRuntime(source, runtime)
	if err != nil {
		return "", sourceError(v1alpha1.ConditionImagePushed, s.Desired.Image, err)
	}
	login, err := p.Clients.RegistryLogin(ctx, p.Now())
	if err != nil {
		return "", err
	}
	// Where the token goes is told by AWS with the token, not by a stack, which others may update.
	repository := login.Registry + "/" + p.Names.Repository
	target := image.Target{
		Repository: repository, Hold: s.Hold.Check, Progress: s.imageProgress(), SeenBy: seenBy,
		// The build's own tag comes last: where it stands, the tag that tells its source stands too.
		Tags: []string{release.SourceTag(s.Desired.BuildID, s.Desired.Image.Digest), release.BuildTag(s.Desired.BuildID)},
		Auth: authn.FromConfig(authn.AuthConfig{Username: login.User, Password: login.Password}),
	}
	pushed, err := p.Images.Push(ctx, deployed, target)
	if errors.Is(err, image.ErrTagMoved) {
		pushed, err = p.endCopy(ctx, target)
	}
	switch {
	case errors.Is(err, image.ErrTagMoved):
		return "", tagMoved(s.Desired.Image, "")
	case err != nil:
		return "", p.pushError(s.Desired.Image, repository, err)
	}
	return pushed.Digest, nil
}

// endCopy ends a copy that was cut off between its tags and had another runtime: it is whole, and of the same source.
func (p *Performer) endCopy(ctx context.Context, target image.Target) (image.Pushed, error) {
	begun, err := p.Images.Tagged(ctx, target)
	if err != nil {
		return image.Pushed{}, err
	}
	target.Tags, target.SeenBy = target.Tags[1:], nil
	return p.Images.Push(ctx, begun, target)
}

// withinQuota refuses an image that is larger than the profile allows.
func withinQuota(d *release.Desired, source v1.Image) error {
	bytes, err := image.Bytes(source)
	if err != nil {
		return fmt.Errorf("reading the size of the image: %w", err)
	}
	if most := int64(d.Quota.ImageMiB) << 20; most > 0 && bytes > most {
		return release.Reject(v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported,
			"%s:%s has %d MiB of compressed layers, and spec.limits.imageMiB of the StageProfile allows %d: build a smaller "+
				"image, or ask the platform team", d.Image.Repository, d.Image.Tag, bytes>>20, d.Quota.ImageMiB)
	}
	return nil
}

// copyOf gives the digest of the build's copy; empty where there is none yet.
func (p *Performer) copyOf(ctx context.Context, d *release.Desired) (string, error) {
	answer, err := p.Clients.ECR.DescribeImages(ctx, &ecr.DescribeImagesInput{
		RepositoryName: aws.String(d.Names.Repository),
		ImageIds:       []ecrtypes.ImageIdentifier{{ImageTag: aws.String(release.BuildTag(d.BuildID))}},
	})
	switch {
	case cloud.IsNotFound(err):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("looking for the image in repository %s: %w", d.Names.Repository, err)
	case len(answer.ImageDetails) == 0:
		return "", nil
	}
	detail := answer.ImageDetails[0]
	if !slices.Contains(detail.ImageTags, release.SourceTag(d.BuildID, d.Image.Digest)) {
		return "", tagMoved(d.Image, "")
	}
	return aws.ToString(detail.ImageDigest), nil
}

// roomPoll is when an upload is tried again that the operator had no room for.
const roomPoll = 15 * time.Second

// SourceOf names a build's image in the registry that the user pushes to.
func SourceOf(i release.Image) image.Source {
	return image.Source{Repository: i.Repository, Tag: i.Tag, Digest: i.Digest,
		DockerConfig: []byte(i.PullSecret.Reveal())}
}

// tagMoved refuses a tag that names other content than before; known is that content, where it is known.
func tagMoved(i release.Image, known string) *release.Rejected {
	was := ""
	if known != "" {
		was = " (it was " + known + ")"
	}
	return release.Reject(v1alpha1.ConditionImageResolved, v1alpha1.ReasonTagMoved,
		"%s:%s now names %s, and other content was copied or released under this tag before%s: push the new content under "+
			"a new tag and set spec.image.tag; a build is of one architecture, so another one takes a new tag too",
		i.Repository, i.Tag, i.Digest, was)
}

// pushError tells apart what the stage's own repository answered. Its tokens and rights are the profile's, never the
// user's; what the source answers while its layers are read comes here too.
func (p *Performer) pushError(i release.Image, repository string, err error) error {
	switch {
	case errors.Is(err, image.ErrSource):
		return sourceError(v1alpha1.ConditionImagePushed, i, err)
	case errors.Is(err, image.ErrNotFound):
		return release.Reject(v1alpha1.ConditionImagePushed, v1alpha1.ReasonStackNeedsHelp,
			"repository %s of the stage is gone: find out who deleted it, then annotate the Stage with %s=<any new value>",
			repository, v1alpha1.AnnotationRetry)
	case errors.Is(err, image.ErrUnauthorized):
		p.Clients.ForgetRegistryLogin() // ECR's answer to a token that is no longer valid; the next try has another
		return release.Wait(v1alpha1.ConditionImagePushed, v1alpha1.ReasonAccessDenied, release.Slowly,
			"ECR refuses the push to %s: the profile's role needs the rights to push images there (%v)", repository, err)
	case image.Terminal(err):
		return release.Reject(v1alpha1.ConditionImagePushed, v1alpha1.ReasonImageUnsupported,
			"%s:%s cannot be deployed: %v", i.Repository, i.Tag, err)
	default:
		return fmt.Errorf("pushing the image: %w", err)
	}
}

// sourceError tells apart what the registry of a user's image answered: wait, refuse, or try again.
func sourceError(condition string, i release.Image, err error) error {
	name := i.Repository + ":" + i.Tag
	switch {
	case errors.Is(err, image.ErrNotFound):
		return release.Wait(condition, v1alpha1.ReasonImageNotFound, release.Slowly,
			"%s is not in the registry yet; waiting for it to be pushed", name)
	case errors.Is(err, image.ErrUnauthorized):
		return release.Wait(condition, v1alpha1.ReasonAccessDenied, release.Slowly,
			"the registry refuses access to %s: check spec.image.pullSecretRef (%v)", name, err)
	case errors.Is(err, image.ErrAssets):
		return release.Reject(condition, v1alpha1.ReasonAssetsInvalid, "the assets of %s cannot be served: %v", name, err)
	case image.Terminal(err):
		return release.Reject(condition, v1alpha1.ReasonImageUnsupported, "%s cannot be deployed: %v", name, err)
	default:
		return fmt.Errorf("reading image %s: %w", name, err)
	}
}
