package lambda

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/ecr/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// sourceImage is an image as it was found when the function was created or its code updated.
type sourceImage struct {
	// uri is what the caller named, resolved the same by digest.
	uri, resolved string
	repository    string
	digest        string
	manifest      imageManifest
}

type imageManifest struct {
	MediaType string       `json:"mediaType"`
	Config    descriptor   `json:"config"`
	Layers    []descriptor `json:"layers"`
}

type descriptor struct {
	MediaType string `json:"mediaType"`
	Digest    string `json:"digest"`
	Size      int64  `json:"size"`
}

// hex is the image's digest as CodeSha256 shows it.
func (i *sourceImage) hex() string { return strings.TrimPrefix(i.digest, "sha256:") }

// Media types that Lambda accepts (AWS Lambda Developer Guide, images-create; aws-lambda-roadmap#82): a single image's
// manifest with gzip layers, never an index.
var (
	manifestTypes = map[string]bool{"application/vnd.docker.distribution.manifest.v2+json": true,
		"application/vnd.oci.image.manifest.v1+json": true}
	configTypes = map[string]bool{"application/vnd.docker.container.image.v1+json": true,
		"application/vnd.oci.image.config.v1+json": true}
	layerTypes = map[string]bool{"application/vnd.docker.image.rootfs.diff.tar.gzip": true,
		"application/vnd.oci.image.layer.v1.tar+gzip": true}
)

// resolve finds the image that a URI names in this account's registry, acting as Lambda for the function.
func (s *images) resolve(ctx context.Context, functionARN, uri string) (*sourceImage, error) {
	registry, repository, id, err := s.parse(uri)
	if err != nil {
		return nil, err
	}
	client := s.client(functionARN)
	out, err := client.BatchGetImage(ctx, &ecr.BatchGetImageInput{
		RepositoryName: &repository, ImageIds: []types.ImageIdentifier{id},
	})
	if err != nil {
		return nil, imageError(err, uri)
	}
	if len(out.Images) == 0 {
		return nil, absentImage(uri)
	}
	found := out.Images[0]
	image := &sourceImage{uri: uri, repository: repository, digest: *found.ImageId.ImageDigest,
		resolved: registry + "/" + repository + "@" + *found.ImageId.ImageDigest}
	if err := json.Unmarshal([]byte(*found.ImageManifest), &image.manifest); err != nil {
		return nil, unsupportedImage(uri)
	}
	if !image.manifest.supported(aws.ToString(found.ImageManifestMediaType)) {
		return nil, unsupportedImage(uri)
	}
	return image, nil
}

func (m imageManifest) supported(mediaType string) bool {
	if !manifestTypes[mediaType] || !configTypes[m.Config.MediaType] || len(m.Layers) == 0 {
		return false
	}
	for _, layer := range m.Layers {
		if !layerTypes[layer.MediaType] {
			return false
		}
	}
	return true
}

// parse takes <registry>/<repository>:<tag> or @<digest> apart. Both the account's name of the registry and the address
// of the local one are its own.
func (s *images) parse(uri string) (registry, repository string, id types.ImageIdentifier, err error) {
	invalid := invalidValue("Source image " + uri + " is not valid. Provide a valid source image.")
	registry, rest, ok := strings.Cut(uri, "/")
	if !ok || (registry != s.env.AccountID+".dkr.ecr."+s.env.Region+".amazonaws.com" && registry != s.address()) {
		return "", "", id, invalid
	}
	repository, digest, byDigest := strings.Cut(rest, "@")
	name, tag, byTag := strings.Cut(repository, ":")
	if name == "" || byDigest && byTag {
		return "", "", id, invalid
	}
	switch {
	case byDigest:
		id.ImageDigest = &digest
	case byTag:
		id.ImageTag = &tag
	default:
		id.ImageTag = aws.String("latest")
	}
	return registry, name, id, nil
}

func (s *images) address() string {
	base, err := url.Parse(s.env.URL)
	if err != nil {
		return ""
	}
	return base.Host
}

func (s *images) client(functionARN string) *ecr.Client {
	return ecr.NewFromConfig(s.env.ServiceConfig(service, functionARN))
}

func absentImage(uri string) error {
	return invalidValue("Source image " + uri + " does not exist. Provide a valid source image.")
}

func unsupportedImage(uri string) error {
	return invalidValue("The image manifest, config or layer media type for the source image " + uri +
		" is not supported.")
}

func imageError(err error, uri string) error {
	var api smithy.APIError
	if !errors.As(err, &api) {
		return fmt.Errorf("reading the image: %w", err)
	}
	switch api.ErrorCode() {
	case "RepositoryNotFoundException", "ImageNotFoundException":
		return absentImage(uri)
	case "AccessDeniedException":
		return &wire.Error{Status: http.StatusForbidden, Code: "AccessDeniedException",
			Message: "Lambda does not have permission to access the ECR image. Check the ECR permissions."}
	default:
		return fmt.Errorf("reading the image: %w", err)
	}
}

// blob opens a layer or the configuration of an image.
func (s *images) blob(
	ctx context.Context, functionARN string, image *sourceImage, digest string,
) (io.ReadCloser, error) {
	out, err := s.client(functionARN).GetDownloadUrlForLayer(ctx, &ecr.GetDownloadUrlForLayerInput{
		RepositoryName: &image.repository, LayerDigest: &digest,
	})
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", digest, err)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, *out.DownloadUrl, nil)
	if err != nil {
		return nil, fmt.Errorf("asking for %s: %w", digest, err)
	}
	answer, err := wire.Transport{Handler: s.env.Handler}.RoundTrip(request)
	if err != nil {
		return nil, fmt.Errorf("downloading %s: %w", digest, err)
	}
	if answer.StatusCode != http.StatusOK {
		answer.Body.Close()
		return nil, fmt.Errorf("downloading %s: HTTP %d", digest, answer.StatusCode)
	}
	return answer.Body, nil
}
