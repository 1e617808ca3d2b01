package iam

import (
	"context"
	"net/http"
	"net/url"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type role struct {
	name        string
	path        string
	arn         string
	id          string
	created     time.Time
	trust       string
	description string
	maxSession  int
	boundary    string
	tags        []tag
	inline      map[string]document
	attached    []string
}

// document is a policy as it was written and as it is evaluated.
type document struct {
	text   string
	parsed policy.Document
}

type tag struct {
	Key   string `wire:",required"`
	Value string `wire:""`
}

// view is how a tag comes back: with its value, be it empty.
type tagView struct {
	Key   string
	Value string `wire:",required"`
}

func tagViews(tags []tag) []tagView {
	var list []tagView
	for _, t := range tags {
		list = append(list, tagView(t))
	}
	return list
}

type boundaryView struct {
	PermissionsBoundaryType string
	PermissionsBoundaryArn  string
}

type roleView struct {
	Path                     string
	RoleName                 string
	RoleId                   string
	Arn                      string
	CreateDate               time.Time
	AssumeRolePolicyDocument string
	Description              string
	MaxSessionDuration       int
	PermissionsBoundary      *boundaryView
	Tags                     []tagView
	RoleLastUsed             *struct{}
}

func (r *role) view() roleView {
	v := roleView{
		Path: r.path, RoleName: r.name, RoleId: r.id, Arn: r.arn, CreateDate: r.created,
		AssumeRolePolicyDocument: encoded(r.trust),
		Description:              r.description, MaxSessionDuration: r.maxSession, Tags: tagViews(r.tags),
	}
	if r.boundary != "" {
		v.PermissionsBoundary = &boundaryView{"Policy", r.boundary}
	}
	return v
}

// encoded is RFC 3986's form, in which IAM answers documents.
func encoded(document string) string {
	return strings.ReplaceAll(url.QueryEscape(document), "+", "%20")
}

// named is the input of every operation on a role.
type named struct {
	RoleName string `wire:",required"`
}

func (n *named) subject() string { return n.RoleName }

type createRoleInput struct {
	named
	AssumeRolePolicyDocument string `wire:",required"`
	Path                     string
	Description              string
	MaxSessionDuration       int
	PermissionsBoundary      string
	Tags                     []tag
}

type roleOutput struct{ Role roleView }

func (s *service) createRole(_ context.Context, call *wire.Call, in *createRoleInput) (*roleOutput, error) {
	call.On(in.RoleName)
	in.complete()
	if err := distinct(in.Tags); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.roles[strings.ToLower(in.RoleName)]; taken {
		return nil, wire.Errorf(http.StatusConflict, "EntityAlreadyExists", "Role with name %s already exists.", in.RoleName)
	}
	if err := s.validTrust(in.AssumeRolePolicyDocument); err != nil {
		return nil, err
	}
	if in.PermissionsBoundary != "" && s.policies[in.PermissionsBoundary] == nil {
		return nil, noSuchEntity("Scope ARN: %s does not exist or is not attachable.", in.PermissionsBoundary)
	}
	r := &role{
		name: in.RoleName, path: in.Path, id: wire.RandomID("AROA"), created: s.env.Clock.Now(),
		trust:       in.AssumeRolePolicyDocument,
		arn:         "arn:aws:iam::" + s.env.AccountID + ":role" + in.Path + in.RoleName,
		description: in.Description, maxSession: in.MaxSessionDuration, boundary: in.PermissionsBoundary,
		tags: merged(nil, in.Tags), inline: map[string]document{},
	}
	s.roles[strings.ToLower(r.name)] = r
	return &roleOutput{r.view()}, nil
}

// find is a role by name; callers hold the lock.
func (s *service) find(call *wire.Call, name string) (*role, error) {
	call.On(name)
	r, ok := s.roles[strings.ToLower(name)]
	if !ok {
		return nil, noSuchEntity("The role with name %s cannot be found.", name)
	}
	return r, nil
}

func (s *service) byARN(arn string) (*role, bool) {
	r, ok := s.roles[strings.ToLower(arn[strings.LastIndexByte(arn, '/')+1:])]
	return r, ok && r.arn == arn
}

// exists says whether a role or user of the account is there; callers hold the lock.
func (s *service) exists(arn string) bool {
	_, ok := s.byARN(arn)
	return ok || arn == "arn:aws:iam::"+s.env.AccountID+":user/admin"
}

// Role makes the service the role directory of the other services.
func (s *service) Role(arn string) (wire.Role, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.byARN(arn)
	if !ok {
		return wire.Role{}, false
	}
	return wire.Role{ARN: r.arn, ID: r.id, Name: r.name, TrustPolicy: r.trust,
		MaxSession: time.Duration(r.maxSession) * time.Second}, true
}

func (s *service) getRole(_ context.Context, call *wire.Call, in *named) (*roleOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	out := &roleOutput{r.view()}
	out.Role.RoleLastUsed = &struct{}{}
	return out, nil
}

type listRolesInput struct {
	PathPrefix string
	MaxItems   int
	Marker     string
}

type listRolesOutput struct {
	Roles       []roleView
	IsTruncated bool `wire:",required"`
	Marker      string
}

func (s *service) listRoles(_ context.Context, _ *wire.Call, in *listRolesInput) (*listRolesOutput, error) {
	limit := in.MaxItems
	if limit <= 0 || limit > 1000 {
		limit = 100
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listRolesOutput{Roles: []roleView{}}
	for _, r := range s.roles {
		if strings.HasPrefix(r.path, in.PathPrefix) && r.name > in.Marker {
			// Boundaries and tags are GetRole's alone (IAM API reference, ListRoles).
			shown := r.view()
			shown.PermissionsBoundary, shown.Tags = nil, nil
			out.Roles = append(out.Roles, shown)
		}
	}
	sort.Slice(out.Roles, func(i, j int) bool { return out.Roles[i].RoleName < out.Roles[j].RoleName })
	if len(out.Roles) > limit {
		out.Roles, out.IsTruncated = out.Roles[:limit], true
		out.Marker = out.Roles[limit-1].RoleName
	}
	return out, nil
}

func (s *service) deleteRole(_ context.Context, call *wire.Call, in *named) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r, err := s.find(call, in.RoleName)
	if err != nil {
		return nil, err
	}
	if len(r.attached) > 0 {
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict",
			"Cannot delete entity, must detach all policies first.")
	}
	if len(r.inline) > 0 {
		return nil, wire.Errorf(http.StatusConflict, "DeleteConflict", "Cannot delete entity, must delete policies first.")
	}
	delete(s.roles, strings.ToLower(r.name))
	return nil, nil
}
