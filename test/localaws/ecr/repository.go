package ecr

import (
	"net/http"
	"path"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Tag mutability settings of a repository.
const (
	mutable                = "MUTABLE"
	immutable              = "IMMUTABLE"
	mutableWithExclusion   = "MUTABLE_WITH_EXCLUSION"
	immutableWithExclusion = "IMMUTABLE_WITH_EXCLUSION"
)

// repository is a named set of images. Its fields are guarded by the registry's lock.
type repository struct {
	name       string
	created    time.Time
	mutability string
	exclusions []exclusionFilter
	scanOnPush bool
	encryption encryption
	policy     string
	parsed     policy.Document
	lifecycle  string
	// evaluated is when the lifecycle was last looked at, which the local registry does when it is put.
	evaluated time.Time
	tags      map[string]string

	images map[string]*image
	tagged map[string]string
	layers map[string]int64
}

// image is a manifest that a repository holds.
type image struct {
	digest    string
	mediaType string
	artifact  string
	manifest  []byte
	layers    []string
	children  []string
	size      int64
	pushed    time.Time
	pulled    time.Time
}

type exclusionFilter struct {
	FilterType string `wire:",required"`
	Filter     string `wire:",required"`
}

type encryption struct {
	EncryptionType string `wire:",required"`
	KmsKey         string
}

func newRepository(name string, now time.Time) *repository {
	return &repository{name: name, created: now, mutability: mutable, encryption: encryption{EncryptionType: "AES256"},
		tags: map[string]string{}, images: map[string]*image{}, tagged: map[string]string{}, layers: map[string]int64{}}
}

// locked says whether a tag that exists may not move: the repository's setting, turned round where
// an exclusion filter fits.
func (r *repository) locked(tag string) bool {
	excluded := slices.ContainsFunc(r.exclusions, func(f exclusionFilter) bool {
		fits, err := path.Match(f.Filter, tag)
		return err == nil && fits
	})
	switch r.mutability {
	case immutable:
		return true
	case immutableWithExclusion:
		return !excluded
	case mutableWithExclusion:
		return excluded
	default:
		return false
	}
}

// tagsOf lists the tags of an image, sorted.
func (r *repository) tagsOf(digest string) []string {
	var tags []string
	for tag, target := range r.tagged {
		if target == digest {
			tags = append(tags, tag)
		}
	}
	slices.Sort(tags)
	return tags
}

// find resolves a digest or, with an empty digest, a tag.
func (r *repository) find(digest, tag string) *image {
	if digest == "" {
		digest = r.tagged[tag]
	}
	return r.images[digest]
}

// repository finds a repository by name; callers hold the lock.
func (s *Registry) repository(call *wire.Call, name string) (*repository, error) {
	call.On(name)
	repo := s.repositories[name]
	if repo == nil {
		return nil, noRepository(name, s.env.AccountID)
	}
	return repo, nil
}

// named finds the repository of a request in the registry that it means; callers hold the lock.
func (s *Registry) named(call *wire.Call, in named) (*repository, error) {
	if in.RegistryId != "" && in.RegistryId != s.env.AccountID {
		call.On(in.RepositoryName)
		return nil, noRepository(in.RepositoryName, in.RegistryId)
	}
	return s.repository(call, in.RepositoryName)
}

func noRepository(name, registry string) error {
	return wire.Errorf(http.StatusBadRequest, "RepositoryNotFoundException",
		"The repository with name '%s' does not exist in the registry with id '%s'", name, registry)
}

func (s *Registry) arn(name string) string {
	return "arn:aws:ecr:" + s.env.Region + ":" + s.env.AccountID + ":repository/" + name
}
