package iam

import (
	"maps"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// authorize asks the identity policies of a role's session. Services that know resource policies ask those themselves.
func (s *service) authorize(call *wire.Call, action, resource string) error {
	p := call.Principal
	if p.Root || p.Service != "" {
		return nil
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	r, ok := s.byARN(p.RoleARN)
	if !ok {
		return wire.Denied(call, action, resource)
	}
	request := policy.Request{Principal: p, Action: action, Resource: resource,
		Keys: map[string][]string{"aws:RequestedRegion": {call.Region}}}
	maps.Copy(request.Keys, call.Keys)
	if p.FunctionARN != "" {
		request.Keys["lambda:SourceFunctionArn"] = []string{p.FunctionARN}
	}
	if policy.Identity(s.documents(r), request) != policy.Allowed {
		return wire.Denied(call, action, resource)
	}
	if r.boundary != "" && policy.Identity(
		[]policy.Document{s.policies[r.boundary].document.parsed}, request,
	) != policy.Allowed {
		return wire.Denied(call, action, resource)
	}
	return nil
}

func (s *service) documents(r *role) []policy.Document {
	var docs []policy.Document
	for _, doc := range r.inline {
		docs = append(docs, doc.parsed)
	}
	for _, arn := range r.attached {
		docs = append(docs, s.policies[arn].document.parsed)
	}
	return docs
}
