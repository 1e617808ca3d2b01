package image

import (
	"cmp"
	"context"
	"crypto/x509"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/remote/transport"
)

// jobs is how many layers are under way at once to or from a registry.
const jobs = 4

const userAgent = "aloft"

// resolveWithin is how long a registry may take to say what a tag stands for: that is three or four small answers, and
// somebody waits for them.
const resolveWithin = 20 * time.Second

var retryBackoff = remote.Backoff{Duration: 200 * time.Millisecond, Factor: 3, Jitter: 0.2, Steps: 3}

// Options say where a Client may connect.
type Options struct {
	// AllowInsecureLoopback lets it speak http, and connect at all, to loopback addresses: for registries on this machine.
	AllowInsecureLoopback bool
	// PrivateNetworks of RFC 1918, RFC 6598 and unique local addresses that it may read images from: those with the
	// registries inside a company, as few as possible, for whoever names an image has it connect there.
	PrivateNetworks []netip.Prefix
	// RootCAs replaces the system's certificate authorities; nil leaves it at those.
	RootCAs *x509.CertPool
	// TempDir is where assets are kept while they are read; empty means the system's folder for temporary files.
	TempDir string
	// MemoryBytes and DiskBytes are what all images that are read at the same time may take together for their assets:
	// for names, and in TempDir. Zero is 256 MiB and 8 GiB.
	MemoryBytes, DiskBytes int64
}

// Client talks to registries. It is safe for concurrent use and keeps connections, but no credentials.
type Client struct {
	options Options
	// network leads to the registries that tenants name, own to those of the accounts that the platform team names.
	network *http.Transport
	own     *http.Transport
	barren  *barrenLayers
	budget  *budget
	// resolveWithin bounds a Resolve.
	resolveWithin time.Duration
}

// NewClient makes a Client; one serves all stages.
func NewClient(options Options) *Client {
	options.MemoryBytes = cmp.Or(options.MemoryBytes, defaultMemoryBytes)
	options.DiskBytes = cmp.Or(options.DiskBytes, defaultDiskBytes)
	return &Client{
		options: options, network: newTransport(options, options.PrivateNetworks), own: newTransport(options, everyPrivate),
		barren: newBarrenLayers(),
		budget: &budget{memory: options.MemoryBytes, disk: options.DiskBytes}, resolveWithin: resolveWithin,
	}
}

// Close ends idle connections.
func (c *Client) Close() {
	c.network.CloseIdleConnections()
	c.own.CloseIdleConnections()
}

// connect signs in to a repository's registry, for action transport.PullScope or transport.PushScope. The transport it
// returns adds the credentials to requests to that registry alone.
func (c *Client) connect(
	ctx context.Context, network http.RoundTripper, to name.Repository, auth authn.Authenticator, action string,
) (http.RoundTripper, error) {
	guarded := &guard{inner: network, registry: to.RegistryStr(), allowInsecureLoopback: c.options.AllowInsecureLoopback}
	retrying := transport.NewUserAgent(transport.NewRetry(guarded, transport.WithRetryBackoff(retryBackoff),
		transport.WithRetryStatusCodes(http.StatusTooManyRequests, http.StatusInternalServerError, http.StatusBadGateway,
			http.StatusServiceUnavailable, http.StatusGatewayTimeout)), userAgent)
	return transport.NewWithContext(ctx, to.Registry, auth, retrying, []string{to.Scope(action)})
}

// read signs in to a source's registry.
func (c *Client) read(ctx context.Context, source Source, from name.Repository) (*remote.Puller, error) {
	auth, err := authenticator(source.DockerConfig, from)
	if err != nil {
		return nil, err
	}
	signed, err := c.connect(ctx, c.network, from, auth, transport.PullScope)
	if err != nil {
		return nil, err
	}
	return remote.NewPuller(remote.WithContext(ctx), remote.WithTransport(signed), remote.WithJobs(jobs))
}
