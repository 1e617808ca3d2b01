// Package localaws is an AWS on loopback: AWS's own wire protocols for the unmodified SDK and the aws command line,
// with the semantics that a release depends on.
package localaws

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// The admin user's key pair, fixed so that a shell can keep it; it opens nothing but a local AWS.
const (
	AdminAccessKeyID     = "AKIALOCALAWSADMIN000"
	AdminSecretAccessKey = "local-aws-admin"
)

// Options change what New makes; the zero value is a complete local AWS.
type Options struct {
	// AccountID has twelve digits; default 123456789012.
	AccountID string
	// Region defaults to eu-central-1.
	Region string
	// Dir is the work folder; default a new temporary one, removed at Close.
	Dir string
	// Clock defaults to the machine's.
	Clock wire.Clock
	// Log hears of unknown operations and parameters; default slog's.
	Log *slog.Logger
	// EnforceIAM asks identity policies on every call; without it every known principal may do everything.
	EnforceIAM bool
	// Latencies is the table of injected waits, see wire.Latencies.
	Latencies map[string]time.Duration
	// CallLogLimit bounds the call log; 0 means half a million records.
	CallLogLimit int
	// Settings reach the services by name, as "cloudfront.deploy" = "3m"; each service's package documents its own.
	Settings map[string]string

	// identities and the administrator's access key are an account's own, unless it is one of several.
	identities *wire.Identities
	adminKey   string
}

// Server is a running local AWS.
type Server struct {
	env     *wire.Env
	gateway *wire.Gateway
	// admin is the access key of the account's administrator.
	admin string
	// plugged guards services and bySigner: a service that is plugged in early may call before the last one is.
	plugged  sync.RWMutex
	services []*wire.Service
	bySigner map[string]*wire.Service
	servers  []*http.Server
	ownDir   bool
	dir      string
}

// New starts a local AWS: every service, and one listener on a free loopback port for function
// processes and the registry.
func New(o Options) (*Server, error) {
	o = o.withDefaults()
	s := &Server{bySigner: map[string]*wire.Service{}, dir: o.Dir}
	if err := s.makeDir(); err != nil {
		return nil, err
	}
	if err := s.makeEnv(o); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	url, err := s.Listen("127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.env.URL = url
	for _, plug := range plugs {
		if err := s.plug(plug); err != nil {
			return nil, errors.Join(err, s.Close())
		}
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.AccountID == "" {
		o.AccountID = "123456789012"
	}
	if o.Region == "" {
		o.Region = "eu-central-1"
	}
	if o.Clock == nil {
		o.Clock = wire.RealClock{}
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	if o.identities == nil {
		o.identities = wire.NewIdentities(o.Clock)
	}
	if o.adminKey == "" {
		o.adminKey = AdminAccessKeyID
	}
	return o
}

func (s *Server) makeDir() error {
	if s.dir != "" {
		return os.MkdirAll(s.dir, 0o700)
	}
	dir, err := os.MkdirTemp("", "localaws-")
	if err != nil {
		return fmt.Errorf("making the work folder: %w", err)
	}
	s.dir, s.ownDir = dir, true
	return nil
}

func (s *Server) makeEnv(o Options) error {
	ca, err := wire.NewCA()
	if err != nil {
		return err
	}
	s.gateway = &wire.Gateway{
		AccountID: o.AccountID, Region: o.Region, Clock: o.Clock, Identities: o.identities,
		Calls: wire.NewRecorder(o.CallLogLimit), Latencies: &wire.Latencies{}, Quotas: &wire.Quotas{},
		Faults: &wire.Faults{},
		Unknown: func(call *wire.Call, e *wire.Error) {
			o.Log.Warn("the local AWS refused a request that it does not know", "service", call.Service, "operation",
				call.Operation, "error", e.Error())
		},
	}
	s.gateway.Latencies.Set(o.Latencies)
	s.admin = o.adminKey
	s.gateway.Identities.Register(s.admin, wire.Principal{
		AccountID: o.AccountID, UserID: "AIDALOCALAWSADMIN000", Root: true,
		ARN: "arn:aws:iam::" + o.AccountID + ":user/admin",
	})
	s.env = &wire.Env{
		AccountID: o.AccountID, Region: o.Region, Dir: s.dir, Clock: o.Clock, Identities: s.gateway.Identities,
		Gateway: s.gateway, Log: o.Log, CA: ca, Handler: s, EnforceIAM: o.EnforceIAM, Settings: o.Settings,
	}
	return nil
}

func (s *Server) plug(make func(*wire.Env) (*wire.Service, error)) error {
	service, err := make(s.env)
	if err != nil {
		return fmt.Errorf("plugging a service in: %w", err)
	}
	if err := service.Prepare(); err != nil {
		return fmt.Errorf("plugging %s in: %w", service.Name, err)
	}
	s.plugged.Lock()
	defer s.plugged.Unlock()
	s.services = append(s.services, service)
	for _, name := range service.SigningNames {
		s.bySigner[name] = service
	}
	return nil
}

// Listen serves the local AWS on one more address and returns its URL.
func (s *Server) Listen(addr string) (string, error) {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return "", fmt.Errorf("listening for AWS calls: %w", err)
	}
	server := &http.Server{Handler: s, ReadHeaderTimeout: 30 * time.Second}
	s.servers = append(s.servers, server)
	go server.Serve(listener)
	return "http://" + listener.Addr().String(), nil
}

// URL is the listener that New started.
func (s *Server) URL() string { return s.env.URL }

// Operations names what each service offers.
func (s *Server) Operations() map[string][]string {
	offered := map[string][]string{}
	for _, service := range s.services {
		for _, op := range service.Operations {
			offered[service.Name] = append(offered[service.Name], op.Name)
		}
	}
	return offered
}

// Config is the SDK configuration of the account's admin user over the in-process transport.
func (s *Server) Config() aws.Config {
	return s.env.Config(aws.Credentials{
		AccessKeyID: s.admin, SecretAccessKey: AdminSecretAccessKey, Source: "localaws",
	})
}

// ConfigFor is Config with other credentials, as those of an assumed role.
func (s *Server) ConfigFor(creds aws.Credentials) aws.Config { return s.env.Config(creds) }

// Transport hands HTTP requests of any client to this local AWS without a socket.
func (s *Server) Transport() http.RoundTripper { return wire.Transport{Handler: s} }

// Calls is a snapshot of the call log.
func (s *Server) Calls() wire.Log { return s.gateway.Calls.Snapshot() }

// Watch calls fn with every further call, before its caller gets the answer.
func (s *Server) Watch(fn func(wire.Record)) { s.gateway.Calls.Watch(fn) }

// Faults is the fault hook.
func (s *Server) Faults() *wire.Faults { return s.gateway.Faults }

// Quotas bound how often the account may call; there are none until they are set.
func (s *Server) Quotas() *wire.Quotas { return s.gateway.Quotas }

// Latencies is the table of injected waits.
func (s *Server) Latencies() *wire.Latencies { return s.gateway.Latencies }

// Identities is the register of access keys.
func (s *Server) Identities() *wire.Identities { return s.gateway.Identities }

// CA is a pool that trusts the certificates of this local AWS's TLS endpoints.
func (s *Server) CA() *x509.CertPool { return s.env.CA.Pool() }

// CAPEM is the same authority for curl --cacert.
func (s *Server) CAPEM() []byte { return s.env.CA.PEM() }

// Close ends every service, the listeners, and removes the work folder when New made it.
func (s *Server) Close() error {
	var failed []error
	for _, v := range slices.Backward(s.services) {
		if v.Close != nil {
			failed = append(failed, v.Close())
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	for _, server := range s.servers {
		if server.Shutdown(ctx) != nil {
			failed = append(failed, server.Close())
		}
	}
	if s.ownDir {
		failed = append(failed, os.RemoveAll(s.dir))
	}
	return errors.Join(failed...)
}
