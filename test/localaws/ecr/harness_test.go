package ecr

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"

	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
)

// local is a registry on a loopback port, alone, or that of the AWS that a rule is tested on: then it has
// no Registry, clock and env.
type local struct {
	*Registry
	t     *testing.T
	clock *wire.ManualClock
	env   *wire.Env
	run   string
	admin *ecr.Client
}

// registry is the one of the AWS that a rule is tested on.
func registry(t *testing.T) *local {
	t.Helper()
	if !contract.Outside() {
		return start(t)
	}
	l := &local{t: t, run: contract.Name() + "/"}
	l.admin = ecr.NewFromConfig(contract.Config(t, nil))
	return l
}

// start makes a registry of this process, for what the rules of AWS alone do not show.
func start(t *testing.T) *local {
	t.Helper()
	contract.Local(t, "the local registry's own hooks")
	clock := wire.NewManualClock(time.Now())
	ids := wire.NewIdentities(clock)
	gateway := &wire.Gateway{AccountID: account, Region: region, Clock: clock, Identities: ids, Calls: wire.NewRecorder(0),
		Latencies: &wire.Latencies{}, Faults: &wire.Faults{}}
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
	l := &local{Registry: service.Data.(*Registry), t: t, clock: clock, env: env}
	l.admin = l.client(env.Config(ids.Issue(wire.Principal{AccountID: account,
		ARN: "arn:aws:iam::" + account + ":user/admin", Root: true}, 0)))
	return l
}

func (l *local) client(cfg aws.Config) *ecr.Client {
	return ecr.NewFromConfig(cfg, func(o *ecr.Options) { o.Retryer = aws.NopRetryer{} })
}

// name is that of a repository of this run.
func (l *local) name(short string) *string { return aws.String(l.run + short) }

// pass lets time go by: the registry's own, or real time outside.
func (l *local) pass(d time.Duration) {
	if l.clock == nil {
		time.Sleep(d)
		return
	}
	l.clock.Advance(d)
}

func (l *local) repository(short string, change func(*ecr.CreateRepositoryInput)) {
	l.t.Helper()
	in := &ecr.CreateRepositoryInput{RepositoryName: l.name(short)}
	if change != nil {
		change(in)
	}
	if _, err := l.admin.CreateRepository(l.t.Context(), in); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		_, _ = l.admin.DeleteRepository(context.Background(), &ecr.DeleteRepositoryInput{
			RepositoryName: in.RepositoryName, Force: true,
		})
	})
}
