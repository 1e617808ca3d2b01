package policy

import (
	"cmp"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"
)

// operators compare one value of the request with one of the policy; those with Not are the others' opposites (IAM User
// Guide, reference_policies_elements_condition_operators).
var operators = map[string]func(got, want string) bool{
	"StringEquals":              func(got, want string) bool { return got == want },
	"StringEqualsIgnoreCase":    strings.EqualFold,
	"StringLike":                func(got, want string) bool { return Match(want, got) },
	"ArnEquals":                 func(got, want string) bool { return MatchARN(want, got) },
	"ArnLike":                   func(got, want string) bool { return MatchARN(want, got) },
	"Bool":                      strings.EqualFold,
	"BinaryEquals":              func(got, want string) bool { return got == want },
	"IpAddress":                 inNetwork,
	"NumericEquals":             numeric(func(order int) bool { return order == 0 }),
	"NumericLessThan":           numeric(func(order int) bool { return order < 0 }),
	"NumericLessThanEquals":     numeric(func(order int) bool { return order <= 0 }),
	"NumericGreaterThan":        numeric(func(order int) bool { return order > 0 }),
	"NumericGreaterThanEquals":  numeric(func(order int) bool { return order >= 0 }),
	"DateEquals":                dated(func(order int) bool { return order == 0 }),
	"DateLessThan":              dated(func(order int) bool { return order < 0 }),
	"DateLessThanEquals":        dated(func(order int) bool { return order <= 0 }),
	"DateGreaterThan":           dated(func(order int) bool { return order > 0 }),
	"DateGreaterThanEquals":     dated(func(order int) bool { return order >= 0 }),
	"StringNotEquals":           func(got, want string) bool { return got != want },
	"StringNotEqualsIgnoreCase": func(got, want string) bool { return !strings.EqualFold(got, want) },
	"StringNotLike":             func(got, want string) bool { return !Match(want, got) },
	"ArnNotEquals":              func(got, want string) bool { return !MatchARN(want, got) },
	"ArnNotLike":                func(got, want string) bool { return !MatchARN(want, got) },
	"NotIpAddress":              func(got, want string) bool { return !inNetwork(got, want) },
	"NumericNotEquals":          numeric(func(order int) bool { return order != 0 }),
	"DateNotEquals":             dated(func(order int) bool { return order != 0 }),
	"Null":                      nil,
}

func inNetwork(got, want string) bool {
	address, err := netip.ParseAddr(got)
	if err != nil {
		return false
	}
	if network, err := netip.ParsePrefix(want); err == nil {
		return network.Contains(address)
	}
	only, err := netip.ParseAddr(want)
	return err == nil && only == address
}

func numeric(holds func(order int) bool) func(got, want string) bool {
	return func(got, want string) bool {
		a, err := strconv.ParseFloat(got, 64)
		b, err2 := strconv.ParseFloat(want, 64)
		return err == nil && err2 == nil && holds(cmp.Compare(a, b))
	}
}

func dated(holds func(order int) bool) func(got, want string) bool {
	return func(got, want string) bool {
		a, ok := instant(got)
		b, ok2 := instant(want)
		return ok && ok2 && holds(a.Compare(b))
	}
}

// instant reads a date in one of the forms of ISO 8601 that W3C names, or as seconds since 1970.
func instant(text string) (time.Time, bool) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04Z07:00", time.DateOnly} {
		if at, err := time.Parse(layout, text); err == nil {
			return at, true
		}
	}
	seconds, err := strconv.ParseInt(text, 10, 64)
	return time.Unix(seconds, 0), err == nil
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
