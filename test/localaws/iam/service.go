// Package iam is the local AWS's IAM: roles, their policies, boundaries and tags, customer managed policies,
// and the engine that asks them.
//
// Rules it encodes:
//   - Names are unique without regard to case (EntityAlreadyExists, 409); what is absent is NoSuchEntity (404).
//   - A policy document that does not parse, or a trust policy naming a role of this account that does not exist, is
//     MalformedPolicyDocument.
//   - DeleteRole wants inline policies deleted and managed ones detached first (DeleteConflict, 409).
//     DeletePolicy wants no attachment.
//   - Attaching an attached policy, detaching or untagging say nothing about repeats of the former and
//     NoSuchEntity of the latter.
//   - Documents come back URL-encoded. AWS managed policies exist under arn:aws:iam::aws:policy/ as far
//     as managed.go lists them.
//   - When enforced: an explicit Deny wins; without an Allow of the role's policies a call is denied; a permissions
//     boundary must allow too; a statement's resources, wildcards and conditions count. The admin user and service
//     principals have no identity policies to ask.
package iam

import (
	"strings"
	"sync"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// New plugs IAM in, fills env.Roles and, when asked to, the gateway's authorization.
func New(env *wire.Env) (*wire.Service, error) {
	s := &service{env: env, roles: map[string]*role{}, policies: map[string]*managedPolicy{}}
	if err := s.addAWSPolicies(); err != nil {
		return nil, err
	}
	env.Roles = s
	if env.EnforceIAM {
		env.Gateway.Authorize = s.authorize
	}
	operations := append(s.roleOperations(), s.rolePolicyOperations()...)
	return &wire.Service{
		Name:       "iam",
		Protocol:   wire.Query("2010-05-08", "https://iam.amazonaws.com/doc/2010-05-08/"),
		Invalid:    wire.Sender("ValidationError"),
		Operations: append(operations, s.policyOperations()...),
		Resource:   s.resource,
	}, nil
}

type service struct {
	env      *wire.Env
	mu       sync.RWMutex
	roles    map[string]*role          // by name in small letters
	policies map[string]*managedPolicy // by ARN
}

func (s *service) roleOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateRole", s.createRole),
		wire.Read("GetRole", s.getRole),
		wire.Read("ListRoles", s.listRoles),
		wire.Write("DeleteRole", s.deleteRole),
		wire.Write("UpdateRole", s.updateRole),
		wire.Write("UpdateAssumeRolePolicy", s.updateTrust),
		wire.Write("TagRole", s.tagRole),
		wire.Write("UntagRole", s.untagRole),
		wire.Read("ListRoleTags", s.listRoleTags),
		wire.Write("PutRolePermissionsBoundary", s.putBoundary),
		wire.Write("DeleteRolePermissionsBoundary", s.deleteBoundary),
	}
}

func (s *service) rolePolicyOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("PutRolePolicy", s.putRolePolicy),
		wire.Read("GetRolePolicy", s.getRolePolicy),
		wire.Read("ListRolePolicies", s.listRolePolicies),
		wire.Write("DeleteRolePolicy", s.deleteRolePolicy),
		wire.Write("AttachRolePolicy", s.attachRolePolicy),
		wire.Write("DetachRolePolicy", s.detachRolePolicy),
		wire.Read("ListAttachedRolePolicies", s.listAttached),
	}
}

func (s *service) policyOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreatePolicy", s.createPolicy),
		wire.Read("GetPolicy", s.getPolicy),
		wire.Read("GetPolicyVersion", s.getPolicyVersion),
	}
}

// resource is the ARN of the role or policy that an operation names.
func (s *service) resource(_ *wire.Call, in any) string {
	named, ok := in.(interface{ subject() string })
	if !ok {
		return ""
	}
	name := named.subject()
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	if r, ok := s.roles[strings.ToLower(name)]; ok {
		return r.arn
	}
	return "arn:aws:iam::" + s.env.AccountID + ":role/" + name
}
