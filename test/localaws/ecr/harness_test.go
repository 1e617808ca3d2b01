package ecr

import (
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
)

// local is a registry on a loopback port, alone.
type local struct {
	*Registry
	t     *testing.T
	clock *wire.ManualClock
	env   *wire.Env
	host  string
	admin *ecr.Client
}

func start(t *testing.T) *local {
	t.Helper()
	clock := wire.NewManualClock(time.Now())
	ids := wire.NewIdentities(clock)
	gateway := &wire.Gateway{AccountID: account, Region: region, Clock: clock, Identities: ids, Calls: wire.NewRecorder(0), Latencies: &wire.Latencies{}, Faults: &wire.Faults{}}
	env := &wire.Env{AccountID: account, Region: region, Dir: t.TempDir(), Clock: clock, Identities: ids, Gateway: gateway}
	service, err := New(env)
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Prepare(); err != nil {
		t.Fatal(err)
	}
	env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if service.Claims(r) {
			service.Data.ServeHTTP(w, r)
			return
		}
		gateway.Serve(w, r, service)
	})
	server := httptest.NewServer(env.Handler)
	t.Cleanup(server.Close)
	env.URL = server.URL
	l := &local{Registry: service.Data.(*Registry), t: t, clock: clock, env: env, host: server.Listener.Addr().String()}
	l.admin = l.client(env.Config(ids.Issue(wire.Principal{AccountID: account, ARN: "arn:aws:iam::" + account + ":user/admin", Root: true}, 0)))
	return l
}

func (l *local) client(cfg aws.Config) *ecr.Client {
	return ecr.NewFromConfig(cfg, func(o *ecr.Options) { o.Retryer = aws.NopRetryer{} })
}

func (l *local) repository(name string, change func(*ecr.CreateRepositoryInput)) {
	l.t.Helper()
	in := &ecr.CreateRepositoryInput{RepositoryName: aws.String(name)}
	if change != nil {
		change(in)
	}
	if _, err := l.admin.CreateRepository(l.t.Context(), in); err != nil {
		l.t.Fatal(err)
	}
}
