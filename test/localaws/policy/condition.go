package policy

import (
	"slices"
	"strings"
)

// operators compare one value of the request with one of the policy.
var operators = map[string]func(got, want string) bool{
	"StringEquals":              func(got, want string) bool { return got == want },
	"StringEqualsIgnoreCase":    strings.EqualFold,
	"StringLike":                func(got, want string) bool { return Match(want, got) },
	"ArnEquals":                 func(got, want string) bool { return Match(want, got) },
	"ArnLike":                   func(got, want string) bool { return Match(want, got) },
	"Bool":                      strings.EqualFold,
	"StringNotEquals":           func(got, want string) bool { return got != want },
	"StringNotEqualsIgnoreCase": func(got, want string) bool { return !strings.EqualFold(got, want) },
	"StringNotLike":             func(got, want string) bool { return !Match(want, got) },
	"ArnNotEquals":              func(got, want string) bool { return !Match(want, got) },
	"ArnNotLike":                func(got, want string) bool { return !Match(want, got) },
	"Null":                      nil,
}

func baseOperator(name string) string {
	_, after, qualified := strings.Cut(name, ":")
	if qualified {
		name = after
	}
	return strings.TrimSuffix(name, "IfExists")
}

// holds evaluates one key of a condition.
func holds(operator string, got []string, want values) bool {
	base := baseOperator(operator)
	if base == "Null" {
		return slices.Contains(want, "true") == (len(got) == 0)
	}
	compare, negated := operators[base], strings.Contains(base, "Not")
	if len(got) == 0 {
		return negated || strings.HasSuffix(operator, "IfExists") || strings.HasPrefix(operator, "ForAllValues:")
	}
	one := func(value string) bool {
		if negated {
			return !slices.ContainsFunc(want, func(w string) bool { return !compare(value, w) })
		}
		return slices.ContainsFunc(want, func(w string) bool { return compare(value, w) })
	}
	if strings.HasPrefix(operator, "ForAllValues:") {
		return !slices.ContainsFunc(got, func(value string) bool { return !one(value) })
	}
	return slices.ContainsFunc(got, one)
}
