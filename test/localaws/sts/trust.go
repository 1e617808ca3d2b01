package sts

import (
	"github.com/aloft-dev/aloft/test/localaws/policy"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// trusted asks the role's trust policy, and the caller's own policies where the trust names only the account.
func trusted(call *wire.Call, role wire.Role, in *assumeRoleInput) error {
	doc, err := policy.Parse(policy.OfTrust, role.TrustPolicy)
	if err != nil {
		return denied(call, "sts:AssumeRole", role.ARN)
	}
	actions := []string{"sts:AssumeRole"}
	if len(in.Tags) > 0 {
		actions = append(actions, "sts:TagSession")
	}
	if in.SourceIdentity != "" {
		actions = append(actions, "sts:SetSourceIdentity")
	}
	for _, action := range actions {
		request := policy.Request{Principal: call.Principal, Action: action, Keys: in.keys()}
		switch policy.Resource([]policy.Document{doc}, request) {
		case policy.Allowed:
		case policy.AllowedAccount:
			if err := call.Authorize(action, role.ARN); err != nil {
				return denied(call, action, role.ARN)
			}
		default:
			return denied(call, action, role.ARN)
		}
	}
	return nil
}

// keys are the condition keys that an AssumeRole request brings.
func (in *assumeRoleInput) keys() map[string][]string {
	keys := map[string][]string{"sts:RoleSessionName": {in.RoleSessionName}}
	if in.ExternalId != "" {
		keys["sts:ExternalId"] = []string{in.ExternalId}
	}
	if in.SourceIdentity != "" {
		keys["sts:SourceIdentity"] = []string{in.SourceIdentity}
	}
	for _, t := range in.Tags {
		keys["aws:RequestTag/"+t.Key] = []string{t.Value}
		keys["aws:TagKeys"] = append(keys["aws:TagKeys"], t.Key)
	}
	return keys
}
