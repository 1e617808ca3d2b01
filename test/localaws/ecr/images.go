package ecr

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// maxImageIDs is how many images one batch call may name (ECR API reference).
const maxImageIDs = 100

type imageID struct {
	ImageDigest string
	ImageTag    string
}

type imageFailure struct {
	ImageId       imageID
	FailureCode   string
	FailureReason string
}

type imageFilter struct {
	TagStatus   string
	ImageStatus string
}

type describeImagesInput struct {
	named
	ImageIds   []imageID
	Filter     *imageFilter
	MaxResults int
	NextToken  string
}

type imageDetail struct {
	RegistryId             string
	RepositoryName         string
	ImageDigest            string
	ImageTags              []string
	ImageSizeInBytes       int64
	ImagePushedAt          time.Time
	ImageManifestMediaType string
	ArtifactMediaType      string
	LastRecordedPullTime   time.Time
	ImageStatus            string
}

type describeImagesOutput struct {
	ImageDetails []imageDetail `wire:",required"`
	NextToken    string
}

func (s *Registry) describeImages(
	_ context.Context, call *wire.Call, in *describeImagesInput,
) (*describeImagesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	out := &describeImagesOutput{ImageDetails: []imageDetail{}}
	if len(in.ImageIds) == 0 {
		digests, next := page(slices.Sorted(maps.Keys(repo.images)), in.NextToken, in.MaxResults, 100)
		for _, digest := range digests {
			if in.Filter.fits(repo, digest) {
				out.ImageDetails = append(out.ImageDetails, s.detail(repo, repo.images[digest]))
			}
		}
		out.NextToken = next
		return out, nil
	}
	for _, id := range in.ImageIds {
		found := repo.find(id.ImageDigest, id.ImageTag)
		if found == nil {
			return nil, wire.Errorf(http.StatusBadRequest, "ImageNotFoundException",
				"The image with imageId {imageDigest:'%s', imageTag:'%s'} does not exist within the repository with name '%s' "+
					"in the registry with id '%s'",
				cmp.Or(id.ImageDigest, "null"), cmp.Or(id.ImageTag, "null"), repo.name, s.env.AccountID)
		}
		out.ImageDetails = append(out.ImageDetails, s.detail(repo, found))
	}
	return out, nil
}

func (f *imageFilter) fits(repo *repository, digest string) bool {
	if f == nil {
		return true
	}
	tagged := len(repo.tagsOf(digest)) > 0
	return f.TagStatus != "TAGGED" && f.TagStatus != "UNTAGGED" || tagged == (f.TagStatus == "TAGGED")
}

func (s *Registry) detail(repo *repository, i *image) imageDetail {
	return imageDetail{RegistryId: s.env.AccountID, RepositoryName: repo.name, ImageDigest: i.digest,
		ImageTags:        repo.tagsOf(i.digest),
		ImageSizeInBytes: i.size, ImagePushedAt: i.pushed, ImageManifestMediaType: i.mediaType, ArtifactMediaType: i.artifact,
		LastRecordedPullTime: i.pulled, ImageStatus: "ACTIVE"}
}

type listImagesInput struct {
	named
	Filter     *imageFilter
	MaxResults int
	NextToken  string
}

type listImagesOutput struct {
	ImageIds  []imageID `wire:",required"`
	NextToken string
}

// listImages names an image once per tag, and once without a tag when it has none.
func (s *Registry) listImages(_ context.Context, call *wire.Call, in *listImagesInput) (*listImagesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	var names []string
	for digest := range repo.images {
		if !in.Filter.fits(repo, digest) {
			continue
		}
		tags := repo.tagsOf(digest)
		if len(tags) == 0 {
			tags = []string{""}
		}
		for _, t := range tags {
			names = append(names, digest+" "+t)
		}
	}
	slices.Sort(names)
	names, next := page(names, in.NextToken, in.MaxResults, 100)
	out := &listImagesOutput{ImageIds: []imageID{}, NextToken: next}
	for _, name := range names {
		digest, t, _ := strings.Cut(name, " ")
		out.ImageIds = append(out.ImageIds, imageID{digest, t})
	}
	return out, nil
}

type batchGetImageInput struct {
	named
	ImageIds           []imageID `wire:",required"`
	AcceptedMediaTypes []string
}

type imageOutput struct {
	RegistryId             string
	RepositoryName         string
	ImageId                imageID
	ImageManifest          string
	ImageManifestMediaType string
}

type batchGetImageOutput struct {
	Images   []imageOutput  `wire:",required"`
	Failures []imageFailure `wire:",required"`
}

func (s *Registry) batchGetImage(
	_ context.Context, call *wire.Call, in *batchGetImageInput,
) (*batchGetImageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if err := s.permit(call, repo, "ecr:BatchGetImage"); err != nil {
		return nil, err
	}
	if len(in.ImageIds) > maxImageIDs {
		return nil, tooMany()
	}
	out := &batchGetImageOutput{Images: []imageOutput{}, Failures: []imageFailure{}}
	for _, id := range in.ImageIds {
		found, failure := lookUp(repo, id)
		if failure != nil {
			out.Failures = append(out.Failures, *failure)
			continue
		}
		found.pulled = call.Time
		out.Images = append(out.Images, imageOutput{
			s.env.AccountID, repo.name, imageID{found.digest, id.ImageTag}, string(found.manifest), found.mediaType,
		})
	}
	return out, nil
}

func tooMany() error {
	return invalid(
		"Invalid parameter at 'imageIds' failed to satisfy constraint: 'Member must have length less than or equal to 100'",
	)
}

// lookUp resolves what a batch call names or says why it cannot.
func lookUp(repo *repository, id imageID) (*image, *imageFailure) {
	switch {
	case id.ImageDigest == "" && id.ImageTag == "":
		return nil, &imageFailure{id, "MissingDigestAndTag", "Invalid request parameters: both tag and digest cannot be null"}
	case id.ImageDigest != "" && !validDigest(id.ImageDigest):
		return nil, &imageFailure{id, "InvalidImageDigest",
			"Invalid request parameters: image digest should satisfy the regex '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'"}
	}
	found := repo.find(id.ImageDigest, id.ImageTag)
	if found == nil {
		return nil, &imageFailure{id, "ImageNotFound", "Requested image not found"}
	}
	if id.ImageTag != "" && repo.tagged[id.ImageTag] != found.digest {
		return nil, &imageFailure{id, "ImageTagDoesNotMatchDigest", "Tag provided does not match the digest of the image"}
	}
	return found, nil
}
