package template

import "slices"

// References are the names that a resource refers to, sorted.
func References(r Resource) []string { return slices.Sorted(slices.Values(r.references())) }
