package wire

import "slices"

import "encoding/json"

// TrustsService says whether a trust policy lets an AWS service assume the role: an Allow of
// sts:AssumeRole to its service principal.
func TrustsService(policy, service string) bool {
	var doc struct {
		Statement []struct {
			Effect    string
			Action    OneOrMany
			Principal struct{ Service OneOrMany }
		}
	}
	if json.Unmarshal([]byte(policy), &doc) != nil {
		return false
	}
	for _, s := range doc.Statement {
		if s.Effect == "Allow" && s.Action.Has("sts:AssumeRole") && s.Principal.Service.Has(service) {
			return true
		}
	}
	return false
}

// OneOrMany is a policy's value that may be a string or a list of strings.
type OneOrMany []string

// UnmarshalJSON takes both forms.
func (o *OneOrMany) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*o = OneOrMany{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(o))
}

// Has looks for a value.
func (o OneOrMany) Has(value string) bool {
	return slices.Contains(o, value)
}
