package policy

import (
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Request is what a policy is asked about.
type Request struct {
	Principal wire.Principal
	Action    string
	Resource  string
	// Keys are condition keys beyond those of the principal, in any case.
	Keys map[string][]string
}

// Decision is the outcome of one or more documents.
type Decision int

// The decisions; Silent means that no statement applied.
const (
	Silent Decision = iota
	Allowed
	// AllowedAccount is an Allow that names only the principal's account: the caller's own policies must allow too.
	AllowedAccount
	Denied
)

// Identity evaluates documents attached to the caller: principals are not compared.
func Identity(docs []Document, r Request) Decision {
	return evaluate(docs, r, func(Statement) principalMatch { return matchExact })
}

// Resource evaluates documents attached to a resource or role: a statement applies to the principals that it names.
func Resource(docs []Document, r Request) Decision {
	return evaluate(docs, r, func(s Statement) principalMatch { return s.matchPrincipal(r.Principal) })
}

func evaluate(docs []Document, r Request, principal func(Statement) principalMatch) Decision {
	keys := r.keys()
	outcome := Silent
	for _, doc := range docs {
		for _, s := range doc.Statement {
			match := principal(s)
			if match == matchNone || !s.applies(r, keys) {
				continue
			}
			if s.Effect == "Deny" {
				return Denied
			}
			if match == matchExact {
				outcome = Allowed
			} else if outcome == Silent {
				outcome = AllowedAccount
			}
		}
	}
	return outcome
}

func (s Statement) applies(r Request, keys map[string][]string) bool {
	if !selected(s.Action, s.NotAction, r.Action, true) {
		return false
	}
	// The policies of trusts and of repositories have no resource: the one that they are attached to.
	anchored := len(s.Resource)+len(s.NotResource) > 0
	if r.Resource != "" && anchored && !selected(s.Resource, s.NotResource, r.Resource, false) {
		return false
	}
	for operator, wanted := range s.Condition {
		for key, values := range wanted {
			if !holds(operator, keys[strings.ToLower(key)], values) {
				return false
			}
		}
	}
	return true
}

// selected says whether a value is in the patterns, or outside the negated ones.
func selected(patterns, negated wire.OneOrMany, value string, fold bool) bool {
	if len(negated) > 0 {
		return !matchAny(negated, value, fold)
	}
	return matchAny(patterns, value, fold)
}

func matchAny(patterns []string, value string, fold bool) bool {
	for _, pattern := range patterns {
		if fold && Match(strings.ToLower(pattern), strings.ToLower(value)) || !fold && Match(pattern, value) {
			return true
		}
	}
	return false
}

// Match compares with the wildcards * (any text) and ? (one character).
func Match(pattern, value string) bool {
	star, mark, p, v := -1, 0, 0, 0
	for v < len(value) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, v
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == value[v]):
			p++
			v++
		case star >= 0:
			mark++
			p, v = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// MatchARN compares an ARN with a pattern, each of the six parts for itself: a wildcard does not reach over a colon but
// in the last one (IAM User Guide, reference_policies_elements_condition_operators, "ARN condition operators").
func MatchARN(pattern, value string) bool {
	patterns, values := strings.SplitN(pattern, ":", 6), strings.SplitN(value, ":", 6)
	if len(patterns) != 6 || len(values) != 6 {
		return false
	}
	for i := range patterns {
		if !Match(patterns[i], values[i]) {
			return false
		}
	}
	return true
}

type principalMatch int

const (
	matchNone principalMatch = iota
	matchAccount
	matchExact
)

func (s Statement) matchPrincipal(p wire.Principal) principalMatch {
	if s.NotPrincipal != nil {
		if s.NotPrincipal.match(p) == matchNone {
			return matchExact
		}
		return matchNone
	}
	if s.Principal == nil {
		return matchNone
	}
	return s.Principal.match(p)
}

func (ps *principals) match(p wire.Principal) principalMatch {
	if ps.all {
		return matchExact
	}
	if p.Service != "" {
		if matchAny(ps.byKind["Service"], p.Service, false) {
			return matchExact
		}
		return matchNone
	}
	best := matchNone
	for _, name := range ps.byKind["AWS"] {
		switch {
		case name == "*" || name == p.ARN || (p.RoleARN != "" && name == p.RoleARN):
			return matchExact
		case name == p.AccountID || name == "arn:aws:iam::"+p.AccountID+":root":
			best = matchAccount
		}
	}
	return best
}

// keys are the condition keys of a request, in small letters.
func (r Request) keys() map[string][]string {
	arn := r.Principal.RoleARN
	if arn == "" {
		arn = r.Principal.ARN
	}
	keys := map[string][]string{
		"aws:principalarn": {arn}, "aws:principalaccount": {r.Principal.AccountID}, "aws:userid": {r.Principal.UserID},
	}
	for name, value := range r.Principal.Tags {
		keys["aws:principaltag/"+strings.ToLower(name)] = []string{value}
	}
	if r.Principal.SourceARN != "" {
		keys["aws:sourcearn"] = []string{r.Principal.SourceARN}
		keys["aws:sourceaccount"] = []string{r.Principal.AccountID}
	}
	for name, value := range r.Keys {
		keys[strings.ToLower(name)] = value
	}
	return keys
}
