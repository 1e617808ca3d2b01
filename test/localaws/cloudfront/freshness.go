package cloudfront

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// errorLife is how long CloudFront remembers an origin's error unless a custom error response says
// otherwise: the default of ErrorCachingMinTTL.
const errorLife = 10 * time.Second

// cachedErrors are the statuses that CloudFront remembers. AWS: "How CloudFront caches HTTP 4xx and
// 5xx status codes from your origin".
var cachedErrors = map[int]bool{
	400: true, 403: true, 404: true, 405: true, 414: true, 416: true,
	500: true, 501: true, 502: true, 503: true, 504: true,
}

// cachedSuccesses are the statuses whose life the origin and the policy decide.
var cachedSuccesses = map[int]bool{200: true, 301: true, 308: true}

// life is how long an answer may be kept: what the origin asks for, within the bounds of the policy,
// and the policy's default when the origin says nothing.
//
// AWS: "Manage how long content stays in the cache". s-maxage goes before max-age, that before
// Expires; no-cache, no-store and private mean the minimum.
func life(policy cachePolicy, config *distributionConfig, status int, header http.Header, now time.Time) time.Duration {
	if cachedErrors[status] {
		return config.errorLife(policy, status, header, now)
	}
	if !policy.enabled() {
		return 0
	}
	if !cachedSuccesses[status] {
		return 0
	}
	return min(max(asked(policy, header, now), policy.minimum), policy.maximum)
}

func asked(policy cachePolicy, header http.Header, now time.Time) time.Duration {
	directives := cacheControl(header)
	for _, name := range []string{"no-store", "no-cache", "private"} {
		if _, set := directives[name]; set {
			return 0
		}
	}
	for _, name := range []string{"s-maxage", "max-age"} {
		if seconds, err := strconv.Atoi(directives[name]); err == nil {
			return time.Duration(max(seconds, 0)) * time.Second
		}
	}
	if expires, err := http.ParseTime(header.Get("Expires")); err == nil {
		return max(expires.Sub(now), 0)
	}
	return policy.standard
}

func cacheControl(header http.Header) map[string]string {
	directives := map[string]string{}
	for part := range strings.SplitSeq(strings.Join(header.Values("Cache-Control"), ","), ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		directives[strings.ToLower(name)] = strings.Trim(value, `"`)
	}
	return directives
}

// obedient are the errors that are not kept when the origin says so; for all others CloudFront does not mind.
var obedient = map[int]bool{404: true, 410: true, 414: true, 501: true}

// errorLife is how long an error is kept, whatever the cache policy. AWS: "Control how long CloudFront caches errors".
func (c *distributionConfig) errorLife(
	policy cachePolicy, status int, header http.Header, now time.Time,
) time.Duration {
	directives := cacheControl(header)
	for _, name := range []string{"no-store", "no-cache", "private"} {
		if _, set := directives[name]; set && obedient[status] {
			return 0
		}
	}
	policy.standard = 0
	return max(c.errorMinimum(status), min(asked(policy, header, now), policy.maximum))
}

func (c *distributionConfig) errorMinimum(status int) time.Duration {
	for _, r := range c.CustomErrorResponses.Items {
		if r.ErrorCode == status && r.ErrorCachingMinTTL != nil {
			return time.Duration(*r.ErrorCachingMinTTL) * time.Second
		}
	}
	return errorLife
}
