package kms

import (
	"context"
	"regexp"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

type alias struct {
	target  string
	created time.Time
	updated time.Time
}

var aliasName = regexp.MustCompile(`^alias/[\w/-]{1,250}$`)

type aliasInput struct {
	AliasName   string `wire:",required"`
	TargetKeyId string `wire:",required"`
}

func (s *service) createAlias(_ context.Context, call *wire.Call, in *aliasInput) (*wire.Empty, error) {
	call.On(in.AliasName)
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.find(in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	if k.state == pendingDeletion {
		return nil, invalidState(k)
	}
	if _, taken := s.aliases[in.AliasName]; taken {
		return nil, failure("AlreadyExistsException", "An alias with the name %s already exists",
			s.env.ARN("kms", in.AliasName))
	}
	now := s.env.Clock.Now()
	s.aliases[in.AliasName] = &alias{target: k.id, created: now, updated: now}
	return nil, nil
}

func (in *aliasInput) check() error {
	switch {
	case !strings.HasPrefix(in.AliasName, "alias/"):
		return failure("ValidationException", "Invalid identifier")
	case !aliasName.MatchString(in.AliasName):
		return failure("ValidationException", "%s contains invalid characters for an alias", in.AliasName)
	case strings.HasPrefix(in.AliasName, "alias/aws/"):
		return failure("NotAuthorizedException", "Aliases that begin with alias/aws/ are reserved")
	case strings.HasPrefix(in.TargetKeyId, "alias/") || strings.Contains(in.TargetKeyId, ":alias/"):
		return failure("ValidationException", "Aliases must refer to keys. Not aliases")
	}
	return nil
}

func (s *service) updateAlias(_ context.Context, call *wire.Call, in *aliasInput) (*wire.Empty, error) {
	call.On(in.AliasName)
	if err := in.check(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	a, ok := s.aliases[in.AliasName]
	if !ok {
		return nil, s.noAlias(in.AliasName)
	}
	k, err := s.find(in.TargetKeyId)
	if err != nil {
		return nil, err
	}
	a.target, a.updated = k.id, s.env.Clock.Now()
	return nil, nil
}

type deleteAliasInput struct {
	AliasName string `wire:",required"`
}

func (s *service) deleteAlias(_ context.Context, call *wire.Call, in *deleteAliasInput) (*wire.Empty, error) {
	call.On(in.AliasName)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !strings.HasPrefix(in.AliasName, "alias/") {
		return nil, failure("ValidationException", "Invalid identifier")
	}
	if _, ok := s.aliases[in.AliasName]; !ok {
		return nil, s.noAlias(in.AliasName)
	}
	delete(s.aliases, in.AliasName)
	return nil, nil
}

func (s *service) noAlias(name string) error {
	return failure("NotFoundException", "Alias %s is not found.", s.env.ARN("kms", name))
}

type aliasEntry struct {
	AliasName       string
	AliasArn        string
	TargetKeyId     string
	CreationDate    time.Time
	LastUpdatedDate time.Time
}

type listAliasesOutput struct {
	Aliases   []aliasEntry `wire:",required"`
	Truncated bool         `wire:",required"`
}

func (s *service) listAliases(_ context.Context, _ *wire.Call, in *listInput) (*listAliasesOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listAliasesOutput{}
	for name, a := range s.aliases {
		if in.KeyId == "" || strings.HasSuffix(in.KeyId, a.target) {
			out.Aliases = append(out.Aliases, aliasEntry{name, s.env.ARN("kms", name), a.target, a.created, a.updated})
		}
	}
	sort.Slice(out.Aliases, func(i, j int) bool { return out.Aliases[i].AliasName < out.Aliases[j].AliasName })
	return out, nil
}
