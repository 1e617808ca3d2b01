// Package cloudfront is CloudFront of the local AWS: distributions that really serve, each on a loopback port of its own.
package cloudfront

import (
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Options are the times that AWS takes; zero means at once.
type Options struct {
	// DeployDelay is how long a created or updated distribution stays InProgress: minutes on AWS.
	DeployDelay time.Duration
	// InvalidationDelay is how long an invalidation stays InProgress.
	InvalidationDelay time.Duration
}

// CloudFront is the service and its distributions.
type CloudFront struct {
	env     *wire.Env
	options Options

	mu            sync.Mutex
	distributions map[string]*distribution
	controls      map[string]*accessControl
}

// New makes an empty service. Its distributions carry certificates of the local AWS's authority.
func New(env *wire.Env, options Options) *CloudFront {
	return &CloudFront{
		env: env, options: options, distributions: map[string]*distribution{}, controls: map[string]*accessControl{},
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
