package template

// References are the names that a resource refers to.
func References(r Resource) []string { return r.references() }
