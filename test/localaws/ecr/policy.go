package ecr

import (
	"encoding/json"
	"path"
	"slices"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// texts is a JSON string or a list of them, as policies write both.
type texts []string

// UnmarshalJSON reads either form.
func (t *texts) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*t = texts{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(t))
}

type statement struct {
	Effect    string
	Principal json.RawMessage
	Action    texts
	Condition map[string]map[string]texts
}

// allowed evaluates a repository's policy for an AWS service: a matching Deny wins over a matching Allow, and
// nothing matching is a refusal.
func allowed(policy string, who wire.Principal, action string) bool {
	var document struct{ Statement []statement }
	if json.Unmarshal([]byte(policy), &document) != nil {
		return false
	}
	permitted := false
	for _, s := range document.Statement {
		if !s.names(who.Service) || !s.covers(action) || !s.holds(who) {
			continue
		}
		if s.Effect == "Deny" {
			return false
		}
		permitted = permitted || s.Effect == "Allow"
	}
	return permitted
}

func (s statement) names(service string) bool {
	var everyone string
	if json.Unmarshal(s.Principal, &everyone) == nil {
		return everyone == "*"
	}
	var named struct{ Service, AWS texts }
	if json.Unmarshal(s.Principal, &named) != nil {
		return false
	}
	return slices.Contains(named.Service, service) || slices.Contains(named.AWS, "*")
}

func (s statement) covers(action string) bool {
	return slices.ContainsFunc(s.Action, func(pattern string) bool { return like(strings.ToLower(pattern), strings.ToLower(action)) })
}

// holds evaluates the conditions on the source; one on anything else does not hold.
func (s statement) holds(who wire.Principal) bool {
	values := map[string]string{"aws:sourcearn": who.SourceARN, "aws:sourceaccount": who.AccountID}
	for operator, conditions := range s.Condition {
		for key, wanted := range conditions {
			value, known := values[strings.ToLower(key)]
			if !known || !slices.ContainsFunc(wanted, func(pattern string) bool { return compare(operator, pattern, value) }) {
				return false
			}
		}
	}
	return true
}

func compare(operator, pattern, value string) bool {
	switch operator {
	case "StringEquals":
		return pattern == value
	case "StringLike", "ArnLike", "ArnEquals":
		return like(pattern, value)
	default:
		return false
	}
}

// like matches "*" and "?" anywhere; path.Match stops "*" at slashes, so they are taken out first.
func like(pattern, value string) bool {
	hide := strings.NewReplacer("/", "\x00", "[", "\x01", `\`, "\x02")
	fits, err := path.Match(hide.Replace(pattern), hide.Replace(value))
	return err == nil && fits
}
