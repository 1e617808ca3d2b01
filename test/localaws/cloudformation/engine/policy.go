package engine

import (
	"encoding/json"
	"fmt"
	"path"
	"strings"
)

// policyDenied is the failure of a resource that the stack policy protects.
type policyDenied struct{ text string }

func (e *policyDenied) Error() string { return e.text }

type stackPolicy struct {
	Statement []policyStatement
}

type policyStatement struct {
	Effect      string
	Principal   any
	Action      texts
	NotAction   texts
	Resource    texts
	NotResource texts
	Condition   struct {
		StringEquals map[string]texts
		StringLike   map[string]texts
	}
}

// texts is a string or a list of strings.
type texts []string

func (t *texts) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*t = texts{one}
		return nil
	}
	var many []string
	if err := json.Unmarshal(raw, &many); err != nil {
		return fmt.Errorf("reading a string or a list of strings: %w", err)
	}
	*t = many
	return nil
}

func parsePolicy(text string) (*stackPolicy, error) {
	var policy stackPolicy
	if err := json.Unmarshal([]byte(text), &policy); err != nil || len(policy.Statement) == 0 {
		return nil, invalid("Error validating stack policy: Invalid stack policy")
	}
	for _, s := range policy.Statement {
		if s.Effect != "Allow" && s.Effect != "Deny" {
			return nil, invalid("Error validating stack policy: Unknown effect %s", s.Effect)
		}
	}
	return &policy, nil
}

// policyAllows asks the stack's policy about one action on one resource; creations are no updates.
func (r *run) policyAllows(res *Resource, action string) error {
	if r.stack.Policy == "" {
		return nil
	}
	policy, err := parsePolicy(r.stack.Policy)
	if err != nil {
		return err
	}
	allowed := false
	for i, s := range policy.Statement {
		if !s.covers(res, action) {
			continue
		}
		if s.Effect == "Deny" {
			return &policyDenied{fmt.Sprintf("Action denied by stack policy: Statement [#%d] does not allow [%s] for resource [LogicalResourceId/%s]", i+1, action, res.LogicalID)}
		}
		allowed = true
	}
	if !allowed {
		return &policyDenied{fmt.Sprintf("Action denied by stack policy: no statement allows [%s] for resource [LogicalResourceId/%s]", action, res.LogicalID)}
	}
	return nil
}

func (s policyStatement) covers(res *Resource, action string) bool {
	if len(s.Action) > 0 && !s.Action.match(action) || s.NotAction.match(action) {
		return false
	}
	name := "LogicalResourceId/" + res.LogicalID
	if len(s.Resource) > 0 && !s.Resource.match(name) || s.NotResource.match(name) {
		return false
	}
	for _, types := range []texts{s.Condition.StringEquals["ResourceType"], s.Condition.StringLike["ResourceType"]} {
		if len(types) > 0 && !types.match(res.Type) {
			return false
		}
	}
	return true
}

func (t texts) match(value string) bool {
	for _, pattern := range t {
		// A policy's star crosses slashes, which path.Match's does not.
		if ok, _ := path.Match(strings.ReplaceAll(pattern, "/", "|"), strings.ReplaceAll(value, "/", "|")); ok {
			return true
		}
	}
	return false
}
