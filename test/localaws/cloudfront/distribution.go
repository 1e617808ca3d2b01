package cloudfront

import (
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// distribution is one distribution. What changes is guarded by the service's mu.
type distribution struct {
	id      string
	arn     string
	domain  string
	created time.Time

	etag     string
	config   *distributionConfig
	modified time.Time
	tags     map[string]string
	// deploys is when config reaches the edge; until then the edge serves before, which is nil while
	// the first configuration is on its way.
	deploys time.Time
	before  *distributionConfig

	cache       *cache
	server      *http.Server
	certificate atomic.Pointer[tls.Certificate]
}

// live is the configuration that the edge serves now.
func (s *CloudFront) live(d *distribution) (*distributionConfig, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.deployed(d) {
		return d.config, true
	}
	return d.before, d.before != nil
}

// deployed says whether the newest configuration has reached the edge; the caller holds mu.
func (s *CloudFront) deployed(d *distribution) bool { return !s.env.Clock.Now().Before(d.deploys) }

func (s *CloudFront) status(d *distribution) string {
	if s.deployed(d) {
		return "Deployed"
	}
	return "InProgress"
}

// start opens the distribution's port and serves it. Its domain name is the address of that port.
func (s *CloudFront) start(d *distribution) error {
	inner, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listening for a distribution: %w", err)
	}
	d.domain = inner.Addr().String()
	config := &tls.Config{
		MinVersion:     tls.VersionTLS12,
		NextProtos:     []string{"h2", "http/1.1"},
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return d.certificate.Load(), nil },
	}
	d.server = &http.Server{
		Handler:           edge{service: s, distribution: d},
		TLSConfig:         config,
		ReadHeaderTimeout: firstByte,
		ErrorLog:          log.New(io.Discard, "", 0), // viewers that distrust the authority are no event
	}
	go func() { _ = d.server.Serve(newListener(inner, config)) }() // ends with stop
	return nil
}

func (d *distribution) stop() {
	_ = d.server.Close() // nothing depends on connections that are cut off
}

// distribution finds one by id; the caller holds mu.
func (s *CloudFront) distribution(id string) (*distribution, error) {
	if d := s.distributions[id]; d != nil {
		return d, nil
	}
	return nil, wire.Errorf(http.StatusNotFound, "NoSuchDistribution", "The specified distribution does not exist.")
}

// matching finds one by id and compares its version.
func (s *CloudFront) matching(id, ifMatch string) (*distribution, error) {
	d, err := s.distribution(id)
	if err != nil {
		return nil, err
	}
	return d, checkMatch(ifMatch, d.etag)
}

// checkMatch holds a change to the version that its caller has read.
func checkMatch(ifMatch, etag string) error {
	if ifMatch == "" {
		return wire.Errorf(400, "InvalidIfMatchVersion", "The If-Match version is missing or not valid for the resource.")
	}
	if ifMatch != etag {
		return wire.Errorf(http.StatusPreconditionFailed, "PreconditionFailed",
			"The request failed because it didn't meet the "+
				"preconditions in one or more request-header fields.")
	}
	return nil
}

// certify makes a certificate for the loopback address and the aliases, so that viewers which come by an
// alias can trust it.
func (s *CloudFront) certify(d *distribution, config *distributionConfig) error {
	certificate, err := s.env.CA.Certificate(append([]string{"127.0.0.1", "::1", "localhost"}, config.Aliases.Items...)...)
	if err != nil {
		return fmt.Errorf("certifying distribution %s: %w", d.id, err)
	}
	d.certificate.Store(&certificate)
	return nil
}
