package cloudfront

import "strings"

// matchesPath says whether a path pattern of a cache behaviour takes a request's path.
//
// AWS: "Path pattern" of cache behaviour settings. "*" stands for zero or more characters, slashes
// included, and "?" for exactly one; letters are case sensitive; a leading slash is optional in the
// pattern. Neither query string nor fragment take part.
func matchesPath(pattern, path string) bool {
	return glob(strings.TrimPrefix(pattern, "/"), strings.TrimPrefix(path, "/"))
}

// glob compares without backtracking beyond the last star, so that no pattern is slow.
func glob(pattern, text string) bool {
	p, t := 0, 0
	star, mark := -1, 0
	for t < len(text) {
		switch {
		case p < len(pattern) && pattern[p] == '*':
			star, mark = p, t
			p++
		case p < len(pattern) && (pattern[p] == '?' || pattern[p] == text[t]):
			p++
			t++
		case star >= 0:
			mark++
			p, t = star+1, mark
		default:
			return false
		}
	}
	return strings.Trim(pattern[p:], "*") == ""
}

// behaviorFor is the first behaviour in order whose pattern takes the path, else the default one.
func behaviorFor(config *distributionConfig, path string) *cacheBehavior {
	for i := range config.CacheBehaviors.Items {
		if matchesPath(config.CacheBehaviors.Items[i].PathPattern, path) {
			return &config.CacheBehaviors.Items[i].cacheBehavior
		}
	}
	return &config.DefaultCacheBehavior
}
