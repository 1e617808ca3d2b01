package ecr

import (
	"context"
	"maps"
	"net/http"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tag struct {
	Key   string `wire:"Key,required"`
	Value string `wire:"Value,required"`
}

type scanning struct {
	ScanOnPush bool
}

// scanningView shows what is off, too.
type scanningView struct {
	ScanOnPush bool `wire:",required"`
}

type createRepositoryInput struct {
	named
	ImageTagMutability                 string
	ImageTagMutabilityExclusionFilters []exclusionFilter
	ImageScanningConfiguration         *scanning
	EncryptionConfiguration            *encryption
	Tags                               []tag
}

type description struct {
	RegistryId                         string
	RepositoryArn                      string
	RepositoryName                     string
	RepositoryUri                      string
	CreatedAt                          time.Time
	ImageTagMutability                 string
	ImageTagMutabilityExclusionFilters []exclusionFilter
	ImageScanningConfiguration         *scanningView
	EncryptionConfiguration            *encryption
}

type repositoryOutput struct{ Repository *description }

func (s *Registry) createRepository(
	_ context.Context, call *wire.Call, in *createRepositoryInput,
) (*repositoryOutput, error) {
	call.On(in.RepositoryName)
	repo := newRepository(in.RepositoryName, call.Time)
	if err := repo.setMutability(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	if in.ImageScanningConfiguration != nil {
		repo.scanOnPush = in.ImageScanningConfiguration.ScanOnPush
	}
	if in.EncryptionConfiguration != nil {
		repo.encryption = *in.EncryptionConfiguration
		if repo.encryption.EncryptionType != "AES256" && repo.encryption.KmsKey == "" {
			repo.encryption.KmsKey = s.env.ARN("kms", "alias/aws/ecr")
		}
	}
	for _, t := range in.Tags {
		repo.tags[t.Key] = t.Value
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.repositories[in.RepositoryName] != nil {
		return nil, wire.Errorf(http.StatusBadRequest, "RepositoryAlreadyExistsException",
			"The repository with name '%s' already exists in the registry with id '%s'", in.RepositoryName, s.env.AccountID)
	}
	s.repositories[in.RepositoryName] = repo
	return &repositoryOutput{s.describe(repo)}, nil
}

func (s *Registry) describe(r *repository) *description {
	return &description{RegistryId: s.env.AccountID, RepositoryArn: s.arn(r.name), RepositoryName: r.name,
		RepositoryUri: s.host() + "/" + r.name,
		CreatedAt:     r.created, ImageTagMutability: r.mutability, ImageTagMutabilityExclusionFilters: r.exclusions,
		ImageScanningConfiguration: &scanningView{r.scanOnPush},
		EncryptionConfiguration:    &encryption{r.encryption.EncryptionType, r.encryption.KmsKey}}
}

type describeRepositoriesInput struct {
	RegistryId      string
	RepositoryNames []string
	MaxResults      int
	NextToken       string
}

type describeRepositoriesOutput struct {
	Repositories []*description `wire:",required"`
	NextToken    string
}

func (s *Registry) describeRepositories(
	_ context.Context, call *wire.Call, in *describeRepositoriesInput,
) (*describeRepositoriesOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := &describeRepositoriesOutput{Repositories: []*description{}}
	if in.RegistryId != "" && in.RegistryId != s.env.AccountID {
		return nil, wire.Denied(call, "ecr:DescribeRepositories",
			"arn:aws:ecr:"+s.env.Region+":"+in.RegistryId+":repository/*")
	}
	if len(in.RepositoryNames) > 0 {
		for _, name := range in.RepositoryNames {
			repo, err := s.repository(call, name)
			if err != nil {
				return nil, err
			}
			out.Repositories = append(out.Repositories, s.describe(repo))
		}
		return out, nil
	}
	names, next := page(slices.Sorted(maps.Keys(s.repositories)), in.NextToken, in.MaxResults, 100)
	for _, name := range names {
		out.Repositories = append(out.Repositories, s.describe(s.repositories[name]))
	}
	out.NextToken = next
	return out, nil
}

// page cuts a sorted list after the token, which is the last name of the page before.
func page(sorted []string, token string, limit, most int) (names []string, next string) {
	if limit <= 0 || limit > 1000 {
		limit = most
	}
	from, found := slices.BinarySearch(sorted, token)
	if found {
		from++
	}
	names = sorted[from:]
	if len(names) <= limit {
		return names, ""
	}
	return names[:limit], names[limit-1]
}

type deleteRepositoryInput struct {
	named
	Force bool
}

func (s *Registry) deleteRepository(
	_ context.Context, call *wire.Call, in *deleteRepositoryInput,
) (*repositoryOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if len(repo.images) > 0 && !in.Force {
		return nil, wire.Errorf(http.StatusBadRequest, "RepositoryNotEmptyException",
			"The repository with name '%s' in registry with id '%s' cannot be deleted because it still contains images",
			repo.name, s.env.AccountID)
	}
	delete(s.repositories, repo.name)
	for layer := range repo.layers {
		s.release(layer)
	}
	return &repositoryOutput{s.describe(repo)}, nil
}
