package kms

import (
	"context"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// change alters a key; one that is pending deletion can only be read and restored.
func (s *service) change(call *wire.Call, name string, alter func(*key) error) (*wire.Empty, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	k, err := s.permitted(call, name, nil)
	if err != nil {
		return nil, err
	}
	if k.state == pendingDeletion {
		return nil, invalidState(k)
	}
	return nil, alter(k)
}

func invalidState(k *key) error {
	return failure("KMSInvalidStateException", "%s is pending deletion.", k.arn)
}

func (s *service) enableKey(_ context.Context, call *wire.Call, in *onKey) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.state = enabled; return nil })
}

func (s *service) disableKey(_ context.Context, call *wire.Call, in *onKey) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.state = disabled; return nil })
}

type scheduleInput struct {
	onKey
	PendingWindowInDays *int
}

type scheduleOutput struct {
	KeyId               string
	DeletionDate        time.Time
	KeyState            string
	PendingWindowInDays int
}

func (s *service) scheduleDeletion(_ context.Context, call *wire.Call, in *scheduleInput) (*scheduleOutput, error) {
	days := 30
	if in.PendingWindowInDays != nil {
		days = *in.PendingWindowInDays
	}
	if days < 7 || days > 30 {
		return nil, failure("ValidationException",
			"1 validation error detected: Value '%d' at 'pendingWindowInDays' failed to satisfy constraint: Member must be "+
				"between 7 and 30", days)
	}
	var out scheduleOutput
	_, err := s.change(call, in.KeyId, func(k *key) error {
		k.state, k.deletion = pendingDeletion, s.env.Clock.Now().AddDate(0, 0, days)
		out = scheduleOutput{k.arn, k.deletion, k.state, days}
		return nil
	})
	return &out, err
}

type descriptionInput struct {
	onKey
	Description *string `wire:",required"`
}

func (s *service) updateDescription(_ context.Context, call *wire.Call, in *descriptionInput) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.description = *in.Description; return nil })
}

func (s *service) enableRotation(_ context.Context, call *wire.Call, in *onKey) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.rotates = true; return nil })
}

func (s *service) disableRotation(_ context.Context, call *wire.Call, in *onKey) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.rotates = false; return nil })
}

type rotationOutput struct {
	KeyId              string
	KeyRotationEnabled bool `wire:",required"`
}

func (s *service) rotationStatus(_ context.Context, call *wire.Call, in *onKey) (*rotationOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.permitted(call, in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	return &rotationOutput{k.arn, k.rotates}, nil
}

type policyInput struct {
	onKey
	PolicyName                     string
	Policy                         string
	BypassPolicyLockoutSafetyCheck bool
}

type policyOutput struct {
	Policy     string
	PolicyName string
}

func (s *service) getPolicy(_ context.Context, call *wire.Call, in *policyInput) (*policyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.permitted(call, in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	return &policyOutput{k.policyText, "default"}, nil
}

func (s *service) putPolicy(_ context.Context, call *wire.Call, in *policyInput) (*wire.Empty, error) {
	doc, err := s.parse(call, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	return s.change(call, in.KeyId, func(k *key) error { k.policyText, k.policy = in.Policy, doc; return nil })
}

// parse reads a key's policy and refuses one that names whom there is not, or after which the caller could not change it
// again (AWS KMS API reference, CreateKey and PutKeyPolicy).
func (s *service) parse(call *wire.Call, text string, bypass bool) (policy.Document, error) {
	doc, err := policy.Parse(policy.OfKey, text)
	if err == nil {
		err = doc.Absent(s.env.AccountID, s.env.KnownIdentity)
	}
	if err != nil {
		return doc, failure("MalformedPolicyDocumentException", "%s", err.Error())
	}
	again := policy.Request{Principal: call.Principal, Action: "kms:PutKeyPolicy"}
	decision := policy.Resource([]policy.Document{doc}, again)
	if !bypass && decision != policy.Allowed && decision != policy.AllowedAccount {
		return doc, failure("MalformedPolicyDocumentException",
			"The new key policy will not allow you to update the key policy in the future.")
	}
	return doc, nil
}

type tagInput struct {
	onKey
	Tags []tag `wire:",required"`
}

func (s *service) tag(_ context.Context, call *wire.Call, in *tagInput) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error {
		for _, t := range in.Tags {
			k.tags = append(without(k.tags, t.TagKey), t)
		}
		return nil
	})
}

func without(tags []tag, names ...string) []tag {
	return slices.DeleteFunc(slices.Clone(tags), func(t tag) bool { return slices.Contains(names, t.TagKey) })
}

type untagInput struct {
	onKey
	TagKeys []string `wire:",required"`
}

func (s *service) untag(_ context.Context, call *wire.Call, in *untagInput) (*wire.Empty, error) {
	return s.change(call, in.KeyId, func(k *key) error { k.tags = without(k.tags, in.TagKeys...); return nil })
}

type listTagsOutput struct {
	Tags      []tag `wire:",required"`
	Truncated bool  `wire:",required"`
}

func (s *service) listTags(_ context.Context, call *wire.Call, in *listInput) (*listTagsOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.permitted(call, in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	return &listTagsOutput{Tags: k.tags}, nil
}
