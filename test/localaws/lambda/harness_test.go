package lambda

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdkecr "github.com/aws/aws-sdk-go-v2/service/ecr"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft/test/localaws/contract"
	"github.com/aloft-dev/aloft/test/localaws/ecr"
	"github.com/aloft-dev/aloft/test/localaws/lambda/environment"
	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account = "123456789012"
	region  = "eu-central-1"
	role    = "arn:aws:iam::" + account + ":role/function"
)

// roles is a role directory with one role that Lambda may assume and one that it may not.
type roles struct{}

func (roles) Role(arn string) (wire.Role, bool) {
	switch arn {
	case role, role + "-2":
		return wire.Role{ARN: arn, ID: "AROA1", Name: "function",
			TrustPolicy: `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
				`"Action":"sts:AssumeRole"}]}`}, true
	case "arn:aws:iam::" + account + ":role/other":
		return wire.Role{ARN: arn, ID: "AROA2", Name: "other", TrustPolicy: `{"Statement":[]}`}, true
	}
	return wire.Role{}, false
}

// local is Lambda with the registry it needs, on a loopback port, or the clients alone of the AWS
// that a rule is tested on.
type local struct {
	*sdk.Client
	t   *testing.T
	env *wire.Env
	ecr *sdkecr.Client
	uri string
	// role is one that functions may have, and role + "-2" is another.
	role string
	// f is a function's name that no other run uses.
	f string
	// lambda is the service itself, for what AWS does not show.
	lambda *Lambda
}

func start(t *testing.T, settings map[string]string, more ...func(*wire.Env) (*wire.Service, error)) *local {
	t.Helper()
	return startAt(t, wire.RealClock{}, settings, more...)
}

func startAt(
	t *testing.T, clock wire.Clock, settings map[string]string, more ...func(*wire.Env) (*wire.Service, error),
) *local {
	t.Helper()
	contract.Local(t, "a look inside, or settings of the local Lambda")
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	ids := wire.NewIdentities(clock)
	gateway := &wire.Gateway{AccountID: account, Region: region, Clock: clock, Identities: ids, Calls: wire.NewRecorder(0),
		Latencies: &wire.Latencies{}, Faults: &wire.Faults{}}
	env := &wire.Env{AccountID: account, Region: region, Dir: t.TempDir(), Clock: clock, Identities: ids, Gateway: gateway,
		Roles: roles{}, Settings: settings}
	services := map[string]*wire.Service{}
	env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if registry := services["ecr"]; registry.Claims(r) {
			registry.Data.ServeHTTP(w, r)
			return
		}
		scope, _ := wire.ScopeOf(r)
		service := services[scope.Service]
		if service == nil {
			http.NotFound(w, r)
			return
		}
		gateway.Serve(w, r, service)
	})
	server := httptest.NewServer(env.Handler)
	t.Cleanup(server.Close)
	env.URL = server.URL
	var lambda *Lambda
	own := func(env *wire.Env) (*wire.Service, error) {
		options, err := readOptions(env.Settings)
		lambda = open(env, options)
		return lambda.service(), err
	}
	for _, plug := range append([]func(*wire.Env) (*wire.Service, error){ecr.New, own}, more...) {
		service, err := plug(env)
		if err != nil {
			t.Fatal(err)
		}
		if err := service.Prepare(); err != nil {
			t.Fatal(err)
		}
		services[service.SigningNames[0]] = service
	}
	t.Cleanup(func() {
		for _, service := range services {
			if service.Close != nil {
				if err := service.Close(); err != nil {
					t.Error(err)
				}
			}
		}
	})
	l := &local{lambda: lambda, t: t, env: env, role: role, f: "f"}
	config := l.admin()
	l.Client = l.client(config)
	l.ecr = sdkecr.NewFromConfig(config)
	l.repository("app")
	l.uri = l.push("app", "v1", bootstrapImage(t, nil))
	return l
}

func (l *local) admin() aws.Config {
	return l.env.Config(l.env.Identities.Issue(wire.Principal{AccountID: account,
		ARN: "arn:aws:iam::" + account + ":user/admin", Root: true}, 0))
}

func (l *local) client(config aws.Config) *sdk.Client {
	return sdk.NewFromConfig(config, func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} })
}

// repository makes a repository that Lambda may read.
func (l *local) repository(repo string) {
	l.t.Helper()
	if _, err := l.ecr.CreateRepository(l.t.Context(), &sdkecr.CreateRepositoryInput{RepositoryName: &repo}); err != nil {
		l.t.Fatal(err)
	}
	policy := `{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
		`"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]}]}`
	if _, err := l.ecr.SetRepositoryPolicy(l.t.Context(), &sdkecr.SetRepositoryPolicyInput{
		RepositoryName: &repo, PolicyText: &policy,
	}); err != nil {
		l.t.Fatal(err)
	}
}

// reference is where a tag is pushed to, and the login for that.
func (l *local) reference(repo, tag string) (name.Reference, remote.Option) {
	l.t.Helper()
	out, err := l.ecr.GetAuthorizationToken(l.t.Context(), &sdkecr.GetAuthorizationTokenInput{})
	if err != nil {
		l.t.Fatal(err)
	}
	plain, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		l.t.Fatal(err)
	}
	user, password, _ := strings.Cut(string(plain), ":")
	scheme, host, _ := strings.Cut(*out.AuthorizationData[0].ProxyEndpoint, "://")
	var options []name.Option
	if scheme == "http" {
		options = append(options, name.Insecure)
	}
	ref, err := name.ParseReference(host+"/"+repo+":"+tag, options...)
	if err != nil {
		l.t.Fatal(err)
	}
	return ref, remote.WithAuth(&authn.Basic{Username: user, Password: password})
}

// push brings an image to the registry and returns its URI by tag.
func (l *local) push(repo, tag string, image v1.Image) string {
	l.t.Helper()
	ref, auth := l.reference(repo, tag)
	if err := remote.Write(ref, image, auth); err != nil {
		l.t.Fatal(err)
	}
	if l.env != nil {
		return account + ".dkr.ecr." + region + ".amazonaws.com/" + repo + ":" + tag
	}
	out, err := l.ecr.DescribeRepositories(l.t.Context(), &sdkecr.DescribeRepositoriesInput{
		RepositoryNames: []string{repo},
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return *out.Repositories[0].RepositoryUri + ":" + tag
}

var bootstrapBinary = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "aloft-bootstrap-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "bootstrap")
	build := exec.Command("go", "build", "-ldflags=-s -w", "-o", file, "./environment/testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("%w\n%s", err, out)
	}
	return os.ReadFile(file)
})

var bootstrapLayer = sync.OnceValues(func() (v1.Layer, error) {
	program, err := bootstrapBinary()
	if err != nil {
		return nil, err
	}
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	if err := archive.WriteHeader(&tar.Header{Name: "bootstrap", Mode: 0o755, Size: int64(len(program))}); err != nil {
		return nil, err
	}
	if _, err := archive.Write(program); err != nil {
		return nil, err
	}
	if err := errors.Join(archive.Close(), zip.Close()); err != nil {
		return nil, err
	}
	return tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
})

// bootstrapImage is an image with the test's program as its entry point.
func bootstrapImage(t *testing.T, change func(*v1.Config)) v1.Image {
	t.Helper()
	layer, err := bootstrapLayer()
	if err != nil {
		t.Fatal(err)
	}
	image, err := mutate.AppendLayers(empty.Image, layer)
	if err != nil {
		t.Fatal(err)
	}
	config := v1.Config{Entrypoint: []string{"/bootstrap"}}
	if change != nil {
		change(&config)
	}
	if image, err = mutate.Config(image, config); err != nil {
		t.Fatal(err)
	}
	return image
}

// create makes a function and waits until it is active.
func (l *local) create(name string, change func(*sdk.CreateFunctionInput)) {
	l.t.Helper()
	in := &sdk.CreateFunctionInput{FunctionName: &name, PackageType: types.PackageTypeImage, Role: &l.role,
		Code: &types.FunctionCode{ImageUri: &l.uri}, Timeout: aws.Int32(20)}
	if change != nil {
		change(in)
	}
	if _, err := l.CreateFunction(l.t.Context(), in); err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		_, _ = l.DeleteFunction(context.Background(), &sdk.DeleteFunctionInput{FunctionName: in.FunctionName})
	})
	l.settled(name, "")
}

// settled waits until nothing is under way at a version and returns its state.
func (l *local) settled(name, qualifier string) *types.FunctionConfiguration {
	l.t.Helper()
	in := &sdk.GetFunctionInput{FunctionName: &name}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	for {
		out, err := l.GetFunction(l.t.Context(), in)
		if err != nil {
			l.t.Fatal(err)
		}
		c := out.Configuration
		if c.State != types.StatePending && c.LastUpdateStatus != types.LastUpdateStatusInProgress {
			return c
		}
		if l.env == nil {
			time.Sleep(time.Second)
			continue
		}
		if manual, ok := l.env.Clock.(*wire.ManualClock); ok {
			manual.Advance(time.Minute)
		}
		time.Sleep(time.Millisecond)
	}
}

// publish publishes and waits until the version is active.
func (l *local) publish(name string) string {
	l.t.Helper()
	out, err := l.PublishVersion(l.t.Context(), &sdk.PublishVersionInput{FunctionName: &name})
	if err != nil {
		l.t.Fatal(err)
	}
	if c := l.settled(name, *out.Version); c.State != types.StateActive {
		l.t.Fatalf("version %s is %s: %s", *out.Version, c.State, aws.ToString(c.StateReason))
	}
	return *out.Version
}

func (l *local) alias(name, alias, version string) string {
	l.t.Helper()
	out, err := l.CreateAlias(l.t.Context(), &sdk.CreateAliasInput{
		FunctionName: &name, Name: &alias, FunctionVersion: &version,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return *out.RevisionId
}

func (l *local) configure(name, description string) {
	l.t.Helper()
	if _, err := l.UpdateFunctionConfiguration(l.t.Context(), &sdk.UpdateFunctionConfigurationInput{
		FunctionName: &name, Description: &description,
	}); err != nil {
		l.t.Fatal(err)
	}
	l.settled(name, "")
}

func (l *local) invoke(name, qualifier, payload string) *sdk.InvokeOutput {
	l.t.Helper()
	in := &sdk.InvokeInput{FunctionName: &name, Payload: []byte(payload), LogType: types.LogTypeTail}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	out, err := l.Invoke(l.t.Context(), in)
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

// pool is the environments of a version.
func (l *local) pool(name, qualifier string) *environment.Pool {
	l.lambda.mu.Lock()
	defer l.lambda.mu.Unlock()
	return l.lambda.functions[name].version(qualifier).pool
}

// refused asserts an error's code and a piece of its message.
func refused(t *testing.T, reason string, err error, code, message string) {
	t.Helper()
	var api interface {
		error
		ErrorCode() string
		ErrorMessage() string
	}
	if !errors.As(err, &api) {
		t.Errorf("%s: got %v, want %s", reason, err, code)
		return
	}
	if api.ErrorCode() != code || !strings.Contains(api.ErrorMessage(), message) {
		t.Errorf("%s: got %s %q, want %s with %q", reason, api.ErrorCode(), api.ErrorMessage(), code, message)
	}
}
