// Package cloudfront is CloudFront of the local AWS: distributions that really serve, each on a
// loopback port of its own.
//
// Rules it encodes (CloudFront Developer Guide and API reference):
//   - A change needs the ETag that was read (InvalidIfMatchVersion, PreconditionFailed); a distribution is deleted only
//     when disabled and deployed, an origin access control only when no origin names it; a caller reference makes one
//     distribution; an alias belongs to one and needs a certificate from us-east-1.
//   - The edge serves the former configuration until the new one is Deployed.
//   - The first behaviour in order whose pattern fits decides: viewer protocol (301 for reads, 307 for writes, 403),
//     methods (403), caching.
//   - Query strings, cookies and headers reach the origin only by a policy; an origin's custom headers replace the
//     viewer's; the Host header is the origin's unless AllViewer forwards it.
//   - A behaviour's function runs on the viewer's request before the cache, but not where CloudFront redirects to HTTPS
//     itself; it is real JavaScript. What it adds to the request is as if the viewer had sent it.
//   - An answer lives as long as the origin asks within the policy's bounds; errors live ten seconds, or as a custom
//     error response says, whatever the policy and whatever Cache-Control says.
//   - A bucket with an origin access control is asked as cloudfront.amazonaws.com for the distribution's ARN:
//     the bucket policy decides.
//
// Not yet proven against AWS itself: which of several errors in one configuration is reported, and whether errors are
// remembered under CachingDisabled (AWS's page makes no exception for it, so here they are).
package cloudfront

import (
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Options are the time that AWS takes; zero means at once.
type Options struct {
	// DeployDelay is how long a created or updated distribution stays InProgress: minutes on AWS.
	DeployDelay time.Duration
}

// CloudFront is the service and its distributions.
type CloudFront struct {
	env     *wire.Env
	options Options

	mu            sync.Mutex
	distributions map[string]*distribution
	controls      map[string]*accessControl
	functions     map[string]*function
}

// New plugs CloudFront in. The local AWS's setting "cloudfront.deploy" is the delay of Options, as "3m".
func New(env *wire.Env) (*wire.Service, error) {
	options := Options{}
	for key, value := range env.Settings {
		name, ours := strings.CutPrefix(key, "cloudfront.")
		if !ours {
			continue
		}
		if name != "deploy" {
			return nil, fmt.Errorf("reading the setting %s: there is no such setting", key)
		}
		var err error
		if options.DeployDelay, err = time.ParseDuration(value); err != nil {
			return nil, fmt.Errorf("reading the setting %s: %w", key, err)
		}
	}
	return open(env, options).Service(), nil
}

// open makes an empty service. Its distributions carry certificates of the local AWS's authority.
func open(env *wire.Env, options Options) *CloudFront {
	return &CloudFront{
		env: env, options: options, distributions: map[string]*distribution{}, controls: map[string]*accessControl{},
		functions: map[string]*function{},
	}
}

// Close stops every distribution from serving.
func (s *CloudFront) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, d := range s.distributions {
		d.stop()
	}
	return nil
}
