package ecr

import (
	"context"
	"slices"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type batchDeleteImageInput struct {
	named
	ImageIds []imageID `wire:",required"`
}

type batchDeleteImageOutput struct {
	ImageIds []imageID      `wire:",required"`
	Failures []imageFailure `wire:",required"`
}

// batchDeleteImage answers with success even when some or all images failed (ECR API reference): the failures are in a
// list. A tag removes that tag, and with the last tag the image; a digest removes the image with all its tags.
func (s *Registry) batchDeleteImage(
	_ context.Context, call *wire.Call, in *batchDeleteImageInput,
) (*batchDeleteImageOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if len(in.ImageIds) > maxImageIDs {
		return nil, tooMany()
	}
	out := &batchDeleteImageOutput{ImageIds: []imageID{}, Failures: []imageFailure{}}
	for _, id := range in.ImageIds {
		found, failure := lookUp(repo, id)
		if failure == nil && listed(repo, found.digest) && (id.ImageTag == "" || len(repo.tagsOf(found.digest)) == 1) {
			failure = &imageFailure{id, "ImageReferencedByManifestList", "Requested image referenced by manifest list"}
		}
		if failure != nil {
			out.Failures = append(out.Failures, *failure)
			continue
		}
		out.ImageIds = append(out.ImageIds, s.remove(repo, found, id.ImageTag)...)
	}
	if len(out.ImageIds) == 0 {
		call.NoEffect()
	}
	return out, nil
}

// listed says whether an index in the repository names the image.
func listed(repo *repository, digest string) bool {
	for _, other := range repo.images {
		if slices.Contains(other.children, digest) {
			return true
		}
	}
	return false
}

func (s *Registry) remove(repo *repository, gone *image, tag string) []imageID {
	tags := repo.tagsOf(gone.digest)
	if tag != "" && len(tags) > 1 {
		delete(repo.tagged, tag)
		return []imageID{{gone.digest, tag}}
	}
	removed := []imageID{{ImageDigest: gone.digest}}
	for i, t := range tags {
		delete(repo.tagged, t)
		if i == 0 {
			removed = removed[:0]
		}
		removed = append(removed, imageID{gone.digest, t})
	}
	delete(repo.images, gone.digest)
	s.collect(repo, gone)
	return removed
}

// collect drops the layers that only the removed image used: ECR deletes unreferenced layers too, some time later.
func (s *Registry) collect(repo *repository, gone *image) {
	for _, layer := range gone.layers {
		used := false
		for _, other := range repo.images {
			used = used || slices.Contains(other.layers, layer)
		}
		if _, held := repo.layers[layer]; held && !used {
			delete(repo.layers, layer)
			s.release(layer)
		}
	}
}

// release deletes a blob that no repository holds any more.
func (s *Registry) release(layer string) {
	for _, repo := range s.repositories {
		if _, held := repo.layers[layer]; held {
			return
		}
	}
	s.blobs.remove(layer)
}
