package ecr

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type tagResourceInput struct {
	ResourceArn string `wire:",required"`
	Tags        []tag  `wire:",required"`
}

type untagResourceInput struct {
	ResourceArn string   `wire:",required"`
	TagKeys     []string `wire:",required"`
}

type resourceInput struct {
	ResourceArn string `wire:",required"`
}

type tagsOutput struct {
	Tags []tag `wire:",required"`
}

type empty struct{}

func (s *Registry) byARN(call *wire.Call, arn string) (*repository, error) {
	name, ok := strings.CutPrefix(arn, s.arn(""))
	if !ok {
		return nil, invalid("Invalid parameter at 'resourceArn' failed to satisfy constraint: 'Invalid ARN'")
	}
	return s.repository(call, name)
}

func (s *Registry) tagResource(_ context.Context, call *wire.Call, in *tagResourceInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.byARN(call, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, t := range in.Tags {
		repo.tags[t.Key] = t.Value
	}
	return &empty{}, nil
}

func (s *Registry) untagResource(_ context.Context, call *wire.Call, in *untagResourceInput) (*empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.byARN(call, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	for _, key := range in.TagKeys {
		delete(repo.tags, key)
	}
	return &empty{}, nil
}

func (s *Registry) listTags(_ context.Context, call *wire.Call, in *resourceInput) (*tagsOutput, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	repo, err := s.byARN(call, in.ResourceArn)
	if err != nil {
		return nil, err
	}
	out := &tagsOutput{Tags: []tag{}}
	for _, key := range slices.Sorted(maps.Keys(repo.tags)) {
		out.Tags = append(out.Tags, tag{key, repo.tags[key]})
	}
	return out, nil
}
