package lambda

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	grammar "github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// policy is the resource policy of a function, a version or an alias.
type policy struct{ statements []statement }

type statement struct {
	Sid       string
	Effect    string
	Principal map[string]string
	Action    string
	Resource  string
	Condition map[string]map[string]string `json:",omitempty"`
}

type addPermissionInput struct {
	FunctionName  string `wire:",path,required"`
	Qualifier     string `wire:",query"`
	StatementId   string `wire:",required"`
	Action        string `wire:",required"`
	Principal     string `wire:",required"`
	SourceArn     string
	SourceAccount string
	RevisionId    string
}

type addPermissionOutput struct{ Statement string }

func (l *Lambda) addPermission(
	_ context.Context, call *wire.Call, in *addPermissionInput,
) (*addPermissionOutput, error) {
	if !validPrincipal(in.Principal) {
		return nil, invalidValue("The provided principal was invalid. Please check the principal and try again.")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ref, err := l.policyOwner(call, in.FunctionName, in.Qualifier, in.RevisionId)
	if err != nil {
		return nil, err
	}
	p := f.policies[ref.qualifier]
	if p == nil {
		p = &policy{}
	}
	if p.find(in.StatementId) >= 0 {
		return nil, conflict("The statement id (" + in.StatementId +
			") provided already exists. Please provide a new statement id, or remove the existing statement.")
	}
	s := in.statement(l.arn(ref.String()))
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil, fmt.Errorf("encoding the statement: %w", err)
	}
	p.statements = append(p.statements, s)
	f.policies[ref.qualifier] = p
	f.renew(ref.qualifier)
	return &addPermissionOutput{string(encoded)}, nil
}

func (in *addPermissionInput) statement(resource string) statement {
	s := statement{Sid: in.StatementId, Effect: "Allow", Action: in.Action, Resource: resource,
		Principal: map[string]string{"AWS": in.Principal}}
	if strings.HasSuffix(in.Principal, ".amazonaws.com") {
		s.Principal = map[string]string{"Service": in.Principal}
	}
	s.Condition = map[string]map[string]string{}
	if in.SourceArn != "" {
		s.Condition["ArnLike"] = map[string]string{"AWS:SourceArn": in.SourceArn}
	}
	if in.SourceAccount != "" {
		s.Condition["StringEquals"] = map[string]string{"AWS:SourceAccount": in.SourceAccount}
	}
	return s
}

func (p *policy) find(sid string) int {
	return slices.IndexFunc(p.statements, func(s statement) bool { return s.Sid == sid })
}

// policyOwner finds the function, checks that the qualifier names something, and the revision; callers hold the lock.
func (l *Lambda) policyOwner(call *wire.Call, name, qualifier, revision string) (*function, reference, error) {
	f, _, ref, err := l.qualified(call, name, qualifier)
	if err != nil {
		return nil, ref, err
	}
	if ref.qualifier == latestVersion {
		return nil, ref, invalidValue("We currently do not support adding policies for $LATEST.")
	}
	if revision != "" && revision != f.revisionOf(ref.qualifier) {
		return nil, ref, stale()
	}
	return f, ref, nil
}

// revisionOf is the revision that guards a qualifier's policy: the alias's, the version's or the function's own.
func (f *function) revisionOf(qualifier string) string {
	if a := f.aliases[qualifier]; a != nil {
		return a.revision
	}
	return f.version(qualifier).revision
}

// renew gives a new revision after a permission changed (Lambda API reference, PreconditionFailedException).
func (f *function) renew(qualifier string) {
	if a := f.aliases[qualifier]; a != nil {
		a.revision = newID()
		return
	}
	f.version(qualifier).revision = newID()
}

type removePermissionInput struct {
	FunctionName string `wire:",path,required"`
	StatementId  string `wire:",path,required"`
	Qualifier    string `wire:",query"`
	RevisionId   string `wire:",query"`
}

func (l *Lambda) removePermission(_ context.Context, call *wire.Call, in *removePermissionInput) (*wire.Empty, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ref, err := l.policyOwner(call, in.FunctionName, in.Qualifier, in.RevisionId)
	if err != nil {
		return nil, err
	}
	p := f.policies[ref.qualifier]
	if p == nil {
		return nil, missing("No policy is associated with the given resource.")
	}
	at := p.find(in.StatementId)
	if at < 0 {
		return nil, missing("Statement " + in.StatementId + " is not found in resource policy.")
	}
	p.statements = slices.Delete(p.statements, at, at+1)
	if len(p.statements) == 0 {
		delete(f.policies, ref.qualifier)
	}
	f.renew(ref.qualifier)
	return nil, nil
}

type getPolicyOutput struct{ Policy, RevisionId string }

func (l *Lambda) getPolicy(_ context.Context, call *wire.Call, in *qualifiedInput) (*getPolicyOutput, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f, ref, err := l.policyOwner(call, in.FunctionName, in.Qualifier, "")
	if err != nil {
		return nil, err
	}
	p := f.policies[ref.qualifier]
	if p == nil {
		return nil, missing("The resource you requested does not exist.")
	}
	encoded, err := json.Marshal(struct {
		Version   string
		Id        string
		Statement []statement
	}{"2012-10-17", "default", p.statements})
	if err != nil {
		return nil, fmt.Errorf("encoding the policy: %w", err)
	}
	return &getPolicyOutput{string(encoded), f.revisionOf(ref.qualifier)}, nil
}

// permits says whether the policy lets a service invoke.
func (p *policy) permits(who wire.Principal) bool {
	return p != nil && slices.ContainsFunc(p.statements, func(s statement) bool {
		if s.Principal["Service"] != who.Service || s.Action != "lambda:InvokeFunction" && s.Action != "lambda:*" {
			return false
		}
		source, bySource := s.Condition["ArnLike"]["AWS:SourceArn"]
		account, byAccount := s.Condition["StringEquals"]["AWS:SourceAccount"]
		return (!bySource || grammar.MatchARN(source, who.SourceARN)) && (!byAccount || account == who.AccountID)
	})
}

// validPrincipal says whether a permission may name a principal: a service of AWS, an account, or who is in one.
func validPrincipal(name string) bool {
	return grammar.KnownService(name) || grammar.KnownAccount(name)
}
