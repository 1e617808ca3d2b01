package iam

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const maxTags = 50

// change is an operation that alters one role.
func (s *service) change(call *wire.Call, name string, alter func(*role) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(call, name)
	if err != nil {
		return err
	}
	return alter(r)
}

type updateRoleInput struct {
	named
	Description        *string
	MaxSessionDuration int
}

func (s *service) updateRole(_ context.Context, call *wire.Call, in *updateRoleInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if in.MaxSessionDuration != 0 {
			r.maxSession = in.MaxSessionDuration
		}
		if in.Description != nil {
			r.description = *in.Description
		}
		return nil
	})
}

type updateTrustInput struct {
	named
	PolicyDocument string `wire:",required"`
}

func (s *service) updateTrust(_ context.Context, call *wire.Call, in *updateTrustInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if err := s.validTrust(in.PolicyDocument); err != nil {
			return err
		}
		r.trust = in.PolicyDocument
		return nil
	})
}

type tagRoleInput struct {
	named
	Tags []tag `wire:",required"`
}

func (s *service) tagRole(_ context.Context, call *wire.Call, in *tagRoleInput) (*wire.Empty, error) {
	if err := distinct(in.Tags); err != nil {
		return nil, err
	}
	return nil, s.change(call, in.RoleName, func(r *role) error {
		tags := merged(r.tags, in.Tags)
		if len(tags) > maxTags {
			return wire.Errorf(http.StatusConflict, "LimitExceeded", "The number of tags has reached the maximum limit.")
		}
		r.tags = tags
		return nil
	})
}

// distinct holds that a request gives each tag once; keys are the same but for case.
func distinct(tags []tag) error {
	seen := map[string]bool{}
	for _, t := range tags {
		key := strings.ToLower(t.Key)
		if seen[key] {
			return wire.Errorf(http.StatusBadRequest, "InvalidInput",
				"Duplicate tag keys found. Please note that Tag keys are case insensitive.")
		}
		seen[key] = true
	}
	return nil
}

// merged sets tags over others, keeping the order.
func merged(tags, set []tag) []tag {
	out := slices.Clone(tags)
	for _, t := range set {
		i := slices.IndexFunc(out, func(old tag) bool { return old.Key == t.Key })
		if i < 0 {
			out = append(out, t)
			continue
		}
		out[i] = t
	}
	return out
}

type untagRoleInput struct {
	named
	TagKeys []string `wire:",required"`
}

func (s *service) untagRole(_ context.Context, call *wire.Call, in *untagRoleInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		r.tags = slices.DeleteFunc(slices.Clone(r.tags), func(t tag) bool { return slices.Contains(in.TagKeys, t.Key) })
		return nil
	})
}

type listRoleTagsInput struct {
	named
	MaxItems int
	Marker   string
}

type listRoleTagsOutput struct {
	Tags        []tagView `wire:",required"`
	IsTruncated bool      `wire:",required"`
	Marker      string
}

func (s *service) listRoleTags(_ context.Context, call *wire.Call, in *listRoleTagsInput) (*listRoleTagsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	limit := in.MaxItems
	if limit == 0 {
		limit = 100
	}
	tags := slices.Clone(r.tags)
	slices.SortFunc(tags, func(a, b tag) int { return strings.Compare(a.Key, b.Key) })
	tags = slices.DeleteFunc(tags, func(t tag) bool { return t.Key <= in.Marker })
	out := &listRoleTagsOutput{Tags: tagViews(tags)}
	if len(tags) > limit {
		out.Tags, out.IsTruncated, out.Marker = out.Tags[:limit], true, tags[limit-1].Key
	}
	return out, nil
}

type putBoundaryInput struct {
	named
	PermissionsBoundary string `wire:",required"`
}

func (s *service) putBoundary(_ context.Context, call *wire.Call, in *putBoundaryInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if s.policies[in.PermissionsBoundary] == nil {
			return noSuchEntity("Scope ARN: %s does not exist or is not attachable.", in.PermissionsBoundary)
		}
		r.boundary = in.PermissionsBoundary
		return nil
	})
}

func (s *service) deleteBoundary(_ context.Context, call *wire.Call, in *named) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if r.boundary == "" {
			return noSuchEntity("No permissions boundary is set on role %s.", r.name)
		}
		r.boundary = ""
		return nil
	})
}
