package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/aloft-dev/aloft/controllers/image"
	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
	sample "github.com/aloft-dev/aloft/test/sampleapp/image"
)

// deployed is a version of a function on the local Lambda.
type deployed struct {
	*cloud
	client        *lambda.Client
	name, version string
}

// deployFunction releases a build of the sample application, a plain container, with the runtime appended as the
// operator appends it.
func (c *cloud) deployFunction(
	t *testing.T, build sample.Variant, role string, environment map[string]string,
) *deployed {
	t.Helper()
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	builder, err := sample.NewBuilder(t.Context(), folder, runtime.GOARCH)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := builder.Image(build)
	if err != nil {
		t.Fatal(err)
	}
	return c.deployImage(t, plain, role, environment)
}

// deployImage does so with any image.
func (c *cloud) deployImage(t *testing.T, plain v1.Image, role string, environment map[string]string) *deployed {
	t.Helper()
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	client := lambda.NewFromConfig(c.Config(), func(o *lambda.Options) { o.Retryer = aws.NopRetryer{} })
	d := &deployed{cloud: c, client: client, name: "demo-" + role}
	variables := map[string]string{"ALOFT_ROLE": role, "ALOFT_STAGE": stageName}
	maps.Copy(variables, environment)
	_, err := d.client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: &d.name, PackageType: types.PackageTypeImage, Role: aws.String(c.role(t)), Timeout: aws.Int32(20),
		MemorySize:  aws.Int32(256),
		Code:        &types.FunctionCode{ImageUri: aws.String(c.push(t, plain))},
		Environment: &types.Environment{Variables: variables},
	})
	if err != nil {
		t.Fatal(err)
	}
	quick := func(o *lambda.FunctionActiveV2WaiterOptions) {
		o.MinDelay, o.MaxDelay = 20*time.Millisecond, 20*time.Millisecond
	}
	if err := lambda.NewFunctionActiveV2Waiter(d.client, quick).Wait(
		t.Context(), &lambda.GetFunctionInput{FunctionName: &d.name}, patience,
	); err != nil {
		t.Fatal(err)
	}
	published, err := d.client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: &d.name})
	if err != nil {
		t.Fatal(err)
	}
	d.version = *published.Version
	if err := lambda.NewFunctionActiveV2Waiter(d.client, quick).Wait(
		t.Context(), &lambda.GetFunctionInput{FunctionName: &d.name, Qualifier: &d.version}, patience,
	); err != nil {
		t.Fatal(err)
	}
	return d
}

func (c *cloud) role(t *testing.T) string {
	t.Helper()
	created, err := iam.NewFromConfig(c.Config()).CreateRole(t.Context(), &iam.CreateRoleInput{
		RoleName: aws.String("demo-function"),
		AssumeRolePolicyDocument: aws.String(`{"Version":"2012-10-17","Statement":[
			{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":"sts:AssumeRole"}
		]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	return *created.Role.Arn
}

// push brings the image to the local registry and returns the name under which Lambda knows it.
func (c *cloud) push(t *testing.T, plain v1.Image) string {
	t.Helper()
	folder, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	program, err := image.RuntimeFromFile("test", filepath.Join(folder, "shipped"))
	if err != nil {
		t.Fatal(err)
	}
	full, err := image.WithRuntime(plain, program)
	if err != nil {
		t.Fatal(err)
	}
	reference, err := name.ParseReference(strings.TrimPrefix(c.URL(), "http://")+"/demo:v1", name.Insecure)
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.Write(reference, full, c.registry(t)); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("123456789012.dkr.ecr.%s.amazonaws.com/demo:v1", c.Config().Region)
}

// registry makes the repository that Lambda may pull from, and the right to push into it.
func (c *cloud) registry(t *testing.T) remote.Option {
	t.Helper()
	client := ecr.NewFromConfig(c.Config())
	if _, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{
		RepositoryName: aws.String("demo"),
	}); err != nil {
		t.Fatal(err)
	}
	_, err := client.SetRepositoryPolicy(t.Context(), &ecr.SetRepositoryPolicyInput{
		RepositoryName: aws.String("demo"),
		PolicyText: aws.String(`{"Statement":[{
			"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},
			"Action":["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]
		}]}`),
	})
	if err != nil {
		t.Fatal(err)
	}
	out, err := client.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{})
	if err != nil {
		t.Fatal(err)
	}
	token, err := base64.StdEncoding.DecodeString(*out.AuthorizationData[0].AuthorizationToken)
	if err != nil {
		t.Fatal(err)
	}
	user, secret, _ := strings.Cut(string(token), ":")
	return remote.WithAuth(&authn.Basic{Username: user, Password: secret})
}

// invoke returns the payload and whether the function failed.
func (d *deployed) invoke(t *testing.T, payload string) (answer string, failed bool) {
	t.Helper()
	out, err := d.client.Invoke(t.Context(), &lambda.InvokeInput{
		FunctionName: &d.name, Qualifier: &d.version, Payload: []byte(payload),
	})
	if err != nil {
		t.Error(err)
		return "", true
	}
	return string(out.Payload), out.FunctionError != nil
}

// warmed is the answer to a ping.
type warmed struct {
	Output, Environment string
	ColdStart           bool
}

// warm sends pings together, to an environment each, and returns the environments that answered.
func (d *deployed) warm(t *testing.T, pings int) map[string]bool {
	t.Helper()
	var mu sync.Mutex
	var all sync.WaitGroup
	environments := map[string]bool{}
	for range pings {
		all.Go(func() {
			answer, failed := d.invoke(t, `{"warmer_ping":true,"hold":"1500"}`)
			var got warmed
			if err := json.Unmarshal([]byte(answer), &got); err != nil || failed || !got.ColdStart {
				t.Errorf("a ping got %s", answer)
			}
			mu.Lock()
			defer mu.Unlock()
			environments[got.Environment] = true
		})
	}
	all.Wait()
	return environments
}

func TestPlainContainerServesAsAFunction(t *testing.T) {
	c := newCloud(t)
	c.storeBundle(t, stageName)
	const assets = "https://abc.execute-api.eu-central-1.amazonaws.com/_aloft/assets/v1"
	d := c.deployFunction(t, sample.V1, "http", map[string]string{
		"ALOFT_HTTP_PORT": "8080", "ALOFT_CONFIG": bundlePlace, "ASSET_URL": assets,
	})

	const pings = 3
	if environments := d.warm(t, pings); len(environments) != pings {
		t.Errorf("%d pings held at the same time met %d environments", pings, len(environments))
	}

	answer, failed := d.invoke(t, get("/", ""))
	if got := decode[response](t, answer); failed || got.StatusCode != 200 ||
		!strings.Contains(got.Body, "It flies.") || !strings.Contains(got.Body, assets+"/app.js") {
		t.Errorf("the page is %s", answer)
	}

	before := c.Calls().End()
	answer, failed = d.invoke(t, `{"warmer":true,"containers":3,"hold":"300"}`)
	if failed || decode[warmed](t, answer).Output != "Warming done!" {
		t.Errorf("the fan-out got %s", answer)
	}
	if calls := c.Calls().Since(before).Operation("lambda:Invoke"); len(calls) != pings {
		t.Errorf("one order and two pings are three invocations, not %d", len(calls))
	}
}

func TestPlainContainerRunsDeployCommands(t *testing.T) {
	c := newCloud(t)
	d := c.deployFunction(t, sample.V1, "cli", nil)
	if answer, failed := d.invoke(t, `{"warmer_ping":true}`); failed {
		t.Fatalf("the ping got %s", answer)
	}
	answer, failed := d.invoke(t, deploy(soon(), "/app", "no-such-command"))
	stored, found := c.get(t, runBase+".result.json")
	if failed || !found || decode[ended](t, stored).ExitCode != 2 ||
		!strings.Contains(string(decode[ended](t, stored).Output), "unknown command") {
		t.Errorf("answered %s, stored %s", answer, stored)
	}
}

func TestImageThatCrashesAtStartSaysWhyToTheCaller(t *testing.T) {
	c := newCloud(t)
	d := c.deployFunction(t, sample.CrashingAtStart, "http", map[string]string{"ALOFT_HTTP_PORT": "8080"})
	answer, failed := d.invoke(t, `{"warmer_ping":true}`)
	if !failed || !strings.Contains(answer, "Aloft.ApplicationStart") || !strings.Contains(answer, "exit status 70") ||
		!strings.Contains(answer, "a cache that does not exist") {
		t.Errorf("got %s", answer)
	}
}
