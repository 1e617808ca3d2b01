package kms

import (
	"context"
	"crypto/rand"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// The states of a key.
const (
	enabled         = "Enabled"
	disabled        = "Disabled"
	pendingDeletion = "PendingDeletion"
)

const maxDescription = 8192

type key struct {
	id          string
	arn         string
	created     time.Time
	description string
	state       string
	deletion    time.Time
	rotates     bool
	policyText  string
	policy      policy.Document
	tags        []tag
	material    [32]byte
}

type tag struct {
	TagKey   string `wire:",required"`
	TagValue string
}

type metadata struct {
	AWSAccountId          string
	Arn                   string
	KeyId                 string
	CreationDate          time.Time
	DeletionDate          time.Time
	Description           string `wire:",required"`
	Enabled               bool   `wire:",required"`
	KeyState              string
	KeyUsage              string
	KeySpec               string
	CustomerMasterKeySpec string
	KeyManager            string
	Origin                string
	EncryptionAlgorithms  []string
	MultiRegion           bool `wire:",required"`
}

func (s *service) metadata(k *key) metadata {
	return metadata{
		AWSAccountId: s.env.AccountID, Arn: k.arn, KeyId: k.id, CreationDate: k.created, DeletionDate: k.deletion,
		Description: k.description,
		Enabled:     k.state == enabled, KeyState: k.state, KeyUsage: "ENCRYPT_DECRYPT", KeySpec: "SYMMETRIC_DEFAULT",
		CustomerMasterKeySpec: "SYMMETRIC_DEFAULT", KeyManager: "CUSTOMER", Origin: "AWS_KMS",
		EncryptionAlgorithms: []string{"SYMMETRIC_DEFAULT"},
	}
}

type createKeyInput struct {
	Policy                         string
	Description                    string
	KeyUsage                       string
	KeySpec                        string
	Origin                         string
	MultiRegion                    bool
	BypassPolicyLockoutSafetyCheck bool
	Tags                           []tag
}

type keyOutput struct{ KeyMetadata metadata }

func (s *service) createKey(_ context.Context, call *wire.Call, in *createKeyInput) (*keyOutput, error) {
	if err := in.valid(); err != nil {
		return nil, err
	}
	if in.Policy == "" {
		in.Policy = fmt.Sprintf(`{"Version":"2012-10-17","Id":"key-default-1","Statement":[{"Sid":"Enable IAM User `+
			`Permissions","Effect":"Allow","Principal":{"AWS":"arn:aws:iam::%s:root"},"Action":"kms:*","Resource":"*"}]}`,
			s.env.AccountID)
	}
	doc, err := s.parse(call, in.Policy, in.BypassPolicyLockoutSafetyCheck)
	if err != nil {
		return nil, err
	}
	id := wire.NewRequestID()
	k := &key{
		id: id, arn: s.env.ARN("kms", "key/"+id), created: s.env.Clock.Now(), description: in.Description, state: enabled,
		policyText: in.Policy, policy: doc, tags: in.Tags,
	}
	rand.Read(k.material[:])
	call.On(id)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keys[id] = k
	return &keyOutput{s.metadata(k)}, nil
}

func (in *createKeyInput) valid() error {
	for _, choice := range [][2]string{{in.KeyUsage, "ENCRYPT_DECRYPT"}, {in.KeySpec, "SYMMETRIC_DEFAULT"},
		{in.Origin, "AWS_KMS"}} {
		if choice[0] != "" && choice[0] != choice[1] {
			return failure("UnsupportedOperationException", "%s is not supported", choice[0])
		}
	}
	if in.MultiRegion {
		return failure("UnsupportedOperationException", "Multi-Region keys are not supported")
	}
	return nil
}

// find resolves a key id, key ARN, alias name or alias ARN; callers hold the lock.
func (s *service) find(name string) (*key, error) {
	short := name
	if strings.HasPrefix(name, "arn:") {
		short = name[strings.LastIndexByte(name, ':')+1:]
		if name != s.env.ARN("kms", short) {
			return nil, failure("NotFoundException", "Invalid arn %s", name)
		}
	}
	if a, ok := s.aliases[short]; ok {
		short = a.target
	} else if strings.HasPrefix(short, "alias/") {
		return nil, failure("NotFoundException", "Alias %s is not found.", s.env.ARN("kms", short))
	}
	k, ok := s.keys[strings.TrimPrefix(short, "key/")]
	if !ok || k.state == pendingDeletion && !s.env.Clock.Now().Before(k.deletion) {
		return nil, failure("NotFoundException", "Key '%s' does not exist",
			s.env.ARN("kms", "key/"+strings.TrimPrefix(short, "key/")))
	}
	return k, nil
}

// byAlias are the operations that take an alias for a key (AWS KMS API reference, KeyId of each).
var byAlias = map[string]bool{"DescribeKey": true, "Encrypt": true, "Decrypt": true, "GenerateDataKey": true}

// permitted resolves a key and asks its policy, then the caller's own.
func (s *service) permitted(call *wire.Call, name string, keys map[string][]string) (*key, error) {
	call.On(name)
	if !byAlias[call.Operation] && (strings.HasPrefix(name, "alias/") || strings.Contains(name, ":alias/")) {
		return nil, failure("NotFoundException", "Invalid keyId '%s'", name)
	}
	k, err := s.find(name)
	if err != nil {
		return nil, err
	}
	action := "kms:" + call.Operation
	call.Keys = keys
	request := policy.Request{Principal: call.Principal, Action: action, Resource: k.arn, Keys: keys}
	switch policy.Resource([]policy.Document{k.policy}, request) {
	case policy.Allowed:
		return k, nil
	case policy.AllowedAccount:
		return k, call.Authorize(action, k.arn)
	}
	return nil, wire.Denied(call, action, k.arn)
}

type onKey struct {
	KeyId string `wire:",required"`
}

type describeInput struct {
	onKey
	GrantTokens []string
}

func (s *service) describeKey(_ context.Context, call *wire.Call, in *describeInput) (*keyOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	k, err := s.permitted(call, in.KeyId, nil)
	if err != nil {
		return nil, err
	}
	return &keyOutput{s.metadata(k)}, nil
}

type listInput struct {
	Limit  int
	Marker string
	KeyId  string
}

type keyEntry struct {
	KeyId  string
	KeyArn string
}

type listKeysOutput struct {
	Keys      []keyEntry `wire:",required"`
	Truncated bool       `wire:",required"`
}

func (s *service) listKeys(_ context.Context, _ *wire.Call, _ *listInput) (*listKeysOutput, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := &listKeysOutput{}
	for _, k := range s.keys {
		out.Keys = append(out.Keys, keyEntry{k.id, k.arn})
	}
	sort.Slice(out.Keys, func(i, j int) bool { return out.Keys[i].KeyId < out.Keys[j].KeyId })
	return out, nil
}
