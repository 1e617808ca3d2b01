package iam

import (
	"context"
	"net/http"
	"slices"
	"sort"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	maxInline   = 10240
	maxAttached = 10
)

type putRolePolicyInput struct {
	named
	PolicyName     string `wire:",required"`
	PolicyDocument string `wire:",required"`
}

func (s *service) putRolePolicy(_ context.Context, call *wire.Call, in *putRolePolicyInput) (*wire.Empty, error) {
	doc, err := policy.Parse(policy.OfIdentity, in.PolicyDocument)
	if err != nil {
		return nil, malformed(err)
	}
	return nil, s.change(call, in.RoleName, func(r *role) error {
		total := len(in.PolicyDocument)
		for name, other := range r.inline {
			if name != in.PolicyName {
				total += len(other.text)
			}
		}
		if total > maxInline {
			return wire.Errorf(http.StatusConflict, "LimitExceeded", "Maximum policy size of %d bytes exceeded for role %s",
				maxInline, r.name)
		}
		r.inline[in.PolicyName] = document{in.PolicyDocument, doc}
		return nil
	})
}

type rolePolicyInput struct {
	named
	PolicyName string `wire:",required"`
}

type rolePolicyOutput struct {
	RoleName       string
	PolicyName     string
	PolicyDocument string
}

func (s *service) getRolePolicy(_ context.Context, call *wire.Call, in *rolePolicyInput) (*rolePolicyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	doc, ok := r.inline[in.PolicyName]
	if !ok {
		return nil, noSuchEntity("The role policy with name %s cannot be found.", in.PolicyName)
	}
	return &rolePolicyOutput{r.name, in.PolicyName, encoded(doc.text)}, nil
}

func (s *service) deleteRolePolicy(_ context.Context, call *wire.Call, in *rolePolicyInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if _, ok := r.inline[in.PolicyName]; !ok {
			return noSuchEntity("The role policy with name %s cannot be found.", in.PolicyName)
		}
		delete(r.inline, in.PolicyName)
		return nil
	})
}

type listInput struct {
	named
	MaxItems int
	Marker   string
}

type listRolePoliciesOutput struct {
	PolicyNames []string `wire:",required"`
	IsTruncated bool     `wire:",required"`
}

func (s *service) listRolePolicies(_ context.Context, call *wire.Call, in *listInput) (*listRolePoliciesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &listRolePoliciesOutput{}
	for name := range r.inline {
		out.PolicyNames = append(out.PolicyNames, name)
	}
	sort.Strings(out.PolicyNames)
	return out, nil
}

type attachmentInput struct {
	named
	PolicyArn string `wire:",required"`
}

func (s *service) attachRolePolicy(_ context.Context, call *wire.Call, in *attachmentInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		if s.policies[in.PolicyArn] == nil {
			return noSuchEntity("Policy %s does not exist or is not attachable.", in.PolicyArn)
		}
		if slices.Contains(r.attached, in.PolicyArn) {
			call.NoEffect()
			return nil
		}
		if len(r.attached) >= maxAttached {
			return wire.Errorf(http.StatusConflict, "LimitExceeded", "Cannot exceed quota for PoliciesPerRole: %d", maxAttached)
		}
		r.attached = append(r.attached, in.PolicyArn)
		return nil
	})
}

func (s *service) detachRolePolicy(_ context.Context, call *wire.Call, in *attachmentInput) (*wire.Empty, error) {
	return nil, s.change(call, in.RoleName, func(r *role) error {
		i := slices.Index(r.attached, in.PolicyArn)
		if i < 0 {
			return noSuchEntity("Policy %s was not found.", in.PolicyArn)
		}
		r.attached = slices.Delete(r.attached, i, i+1)
		return nil
	})
}

type attachedPolicy struct {
	PolicyName string
	PolicyArn  string
}

type listAttachedOutput struct {
	AttachedPolicies []attachedPolicy `wire:",required"`
	IsTruncated      bool             `wire:",required"`
}

func (s *service) listAttached(_ context.Context, call *wire.Call, in *listInput) (*listAttachedOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &listAttachedOutput{}
	for _, arn := range r.attached {
		out.AttachedPolicies = append(out.AttachedPolicies, attachedPolicy{s.policies[arn].name, arn})
	}
	return out, nil
}
