package ecr

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func (r *repository) setMutability(setting string, exclusions []exclusionFilter) error {
	setting = cmp.Or(setting, mutable)
	if excluding := strings.HasSuffix(setting, "_WITH_EXCLUSION"); excluding != (len(exclusions) > 0) {
		return invalid("Invalid parameter at 'imageTagMutabilityExclusionFilters' failed to satisfy constraint: 'must go " +
			"together with a mutability WITH_EXCLUSION'")
	}
	r.mutability, r.exclusions = setting, exclusions
	return nil
}

type mutabilityInput struct {
	named
	ImageTagMutability                 string `wire:",required"`
	ImageTagMutabilityExclusionFilters []exclusionFilter
}

type mutabilityOutput struct {
	RegistryId                         string
	RepositoryName                     string
	ImageTagMutability                 string
	ImageTagMutabilityExclusionFilters []exclusionFilter
}

func (s *Registry) putMutability(_ context.Context, call *wire.Call, in *mutabilityInput) (*mutabilityOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if err := repo.setMutability(in.ImageTagMutability, in.ImageTagMutabilityExclusionFilters); err != nil {
		return nil, err
	}
	return &mutabilityOutput{s.env.AccountID, repo.name, repo.mutability, repo.exclusions}, nil
}

type scanningInput struct {
	named
	ImageScanningConfiguration *scanning `wire:",required"`
}

type scanningOutput struct {
	RegistryId                 string
	RepositoryName             string
	ImageScanningConfiguration *scanningView
}

func (s *Registry) putScanning(_ context.Context, call *wire.Call, in *scanningInput) (*scanningOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	repo.scanOnPush = in.ImageScanningConfiguration.ScanOnPush
	return &scanningOutput{s.env.AccountID, repo.name, &scanningView{repo.scanOnPush}}, nil
}

type nameInput struct {
	named
}

type setPolicyInput struct {
	named
	PolicyText string `wire:",required"`
	Force      bool
}

type policyOutput struct {
	RegistryId     string
	RepositoryName string
	PolicyText     string
}

func (s *Registry) setPolicy(_ context.Context, call *wire.Call, in *setPolicyInput) (*policyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	parsed, err := policy.Parse(policy.OfRepository, in.PolicyText)
	if err == nil {
		err = parsed.Absent(s.env.AccountID, s.env.KnownIdentity)
	}
	if err != nil {
		return nil, invalid(
			"Invalid parameter at 'PolicyText' failed to satisfy constraint: 'Invalid repository policy provided'",
		)
	}
	repo.policy, repo.parsed = in.PolicyText, parsed
	return &policyOutput{s.env.AccountID, repo.name, repo.policy}, nil
}

func (s *Registry) getPolicy(_ context.Context, call *wire.Call, in *nameInput) (*policyOutput, error) {
	return s.policyOf(call, in.named, false)
}

func (s *Registry) deletePolicy(_ context.Context, call *wire.Call, in *nameInput) (*policyOutput, error) {
	return s.policyOf(call, in.named, true)
}

func (s *Registry) policyOf(call *wire.Call, in named, remove bool) (*policyOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in)
	if err != nil {
		return nil, err
	}
	if repo.policy == "" {
		return nil, wire.Errorf(http.StatusBadRequest, "RepositoryPolicyNotFoundException",
			"Repository policy does not exist for the repository with name '%s' in the registry with id '%s'", repo.name,
			s.env.AccountID)
	}
	out := &policyOutput{s.env.AccountID, repo.name, repo.policy}
	if remove {
		repo.policy, repo.parsed = "", policy.Document{}
	}
	return out, nil
}

type putLifecycleInput struct {
	named
	LifecyclePolicyText string `wire:",required"`
}

type lifecycleOutput struct {
	RegistryId          string
	RepositoryName      string
	LifecyclePolicyText string
	LastEvaluatedAt     time.Time
}

// putLifecycle keeps the rules; the local registry never expires an image by itself.
func (s *Registry) putLifecycle(_ context.Context, call *wire.Call, in *putLifecycleInput) (*lifecycleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in.named)
	if err != nil {
		return nil, err
	}
	if !json.Valid([]byte(in.LifecyclePolicyText)) {
		return nil, invalid(
			"Invalid parameter at 'LifecyclePolicyText' failed to satisfy constraint: 'Lifecycle policy validation failure'",
		)
	}
	repo.lifecycle, repo.evaluated = in.LifecyclePolicyText, call.Time
	return &lifecycleOutput{RegistryId: s.env.AccountID, RepositoryName: repo.name,
		LifecyclePolicyText: repo.lifecycle}, nil
}

func (s *Registry) getLifecycle(_ context.Context, call *wire.Call, in *nameInput) (*lifecycleOutput, error) {
	return s.lifecycleOf(call, in.named, false)
}

func (s *Registry) deleteLifecycle(_ context.Context, call *wire.Call, in *nameInput) (*lifecycleOutput, error) {
	return s.lifecycleOf(call, in.named, true)
}

func (s *Registry) lifecycleOf(call *wire.Call, in named, remove bool) (*lifecycleOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.named(call, in)
	if err != nil {
		return nil, err
	}
	if repo.lifecycle == "" {
		return nil, wire.Errorf(http.StatusBadRequest, "LifecyclePolicyNotFoundException",
			"Lifecycle policy does not exist for the repository with name '%s' in the registry with id '%s'", repo.name,
			s.env.AccountID)
	}
	out := &lifecycleOutput{s.env.AccountID, repo.name, repo.lifecycle, repo.evaluated}
	if remove {
		repo.lifecycle = ""
	}
	return out, nil
}
