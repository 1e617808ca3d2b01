package wire

import "strings"

// ReservedTag says whether a tag key is AWS's own, which callers may not set. CloudFormation's are let through: here
// they come by the ordinary calls of its resource handlers.
func ReservedTag(key string) bool {
	key = strings.ToLower(key)
	return strings.HasPrefix(key, "aws:") && !strings.HasPrefix(key, "aws:cloudformation:")
}
