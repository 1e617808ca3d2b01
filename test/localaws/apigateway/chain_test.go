package apigateway_test

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/tls"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	apitypes "github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront"
	cdn "github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/ecr"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	events "github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/tarball"

	"github.com/aloft-dev/aloft/test/localaws"
	"github.com/aloft-dev/aloft/test/localaws/lambda/jail"
)

const alias = "arn:aws:lambda:eu-central-1:123456789012:function:app-http:live"

// image holds the program that the tests of Lambda use: it echoes its event.
func image(t *testing.T) v1.Image {
	t.Helper()
	file := filepath.Join(t.TempDir(), "bootstrap")
	build := exec.CommandContext(t.Context(), "go", "build", "-ldflags=-s -w", "-o", file,
		"../lambda/environment/testdata/bootstrap")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	program, err := os.ReadFile(file)
	must(t, err)
	var packed bytes.Buffer
	zip := gzip.NewWriter(&packed)
	archive := tar.NewWriter(zip)
	must(t, archive.WriteHeader(&tar.Header{Name: "bootstrap", Mode: 0o755, Size: int64(len(program))}))
	_, err = archive.Write(program)
	must(t, errors.Join(err, archive.Close(), zip.Close()))
	layer, err := tarball.LayerFromOpener(func() (io.ReadCloser, error) {
		return io.NopCloser(bytes.NewReader(packed.Bytes())), nil
	})
	must(t, err)
	made, err := mutate.AppendLayers(empty.Image, layer)
	must(t, err)
	made, err = mutate.Config(made, v1.Config{Entrypoint: []string{"/bootstrap"}})
	must(t, err)
	return made
}

// push brings the image to a repository that Lambda may read and returns its URI.
func push(t *testing.T, server *localaws.Server) string {
	t.Helper()
	client := ecr.NewFromConfig(server.Config())
	repository, err := client.CreateRepository(t.Context(), &ecr.CreateRepositoryInput{RepositoryName: aws.String("app")})
	must(t, err)
	_, err = client.SetRepositoryPolicy(t.Context(),
		&ecr.SetRepositoryPolicyInput{RepositoryName: aws.String("app"), PolicyText: aws.String(
			`{"Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},"Action":["ecr:BatchGetImage",` +
				`"ecr:GetDownloadUrlForLayer"]}]}`)})
	must(t, err)
	token, err := client.GetAuthorizationToken(t.Context(), &ecr.GetAuthorizationTokenInput{})
	must(t, err)
	plain, err := base64.StdEncoding.DecodeString(*token.AuthorizationData[0].AuthorizationToken)
	must(t, err)
	_, password, _ := strings.Cut(string(plain), ":")
	ref, err := name.ParseReference(*repository.Repository.RepositoryUri+":v1", name.Insecure)
	must(t, err)
	must(t, remote.Write(ref, image(t), remote.WithAuth(&authn.Basic{Username: "AWS", Password: password})))
	return "123456789012.dkr.ecr.eu-central-1.amazonaws.com/app:v1"
}

// release makes a function with a version behind the alias "live".
func release(t *testing.T, server *localaws.Server, uri string) *lambda.Client {
	t.Helper()
	roles := iam.NewFromConfig(server.Config())
	role, err := roles.CreateRole(t.Context(),
		&iam.CreateRoleInput{RoleName: aws.String("app"), AssumeRolePolicyDocument: aws.String(
			`{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"lambda.amazonaws.com"},` +
				`"Action":"sts:AssumeRole"}]}`)})
	must(t, err)
	client := lambda.NewFromConfig(server.Config())
	_, err = client.CreateFunction(t.Context(), &lambda.CreateFunctionInput{
		FunctionName: aws.String("app-http"), PackageType: types.PackageTypeImage, Role: role.Role.Arn,
		Code: &types.FunctionCode{ImageUri: &uri},
	})
	must(t, err)
	function := &lambda.GetFunctionInput{FunctionName: aws.String("app-http")}
	must(t, lambda.NewFunctionActiveV2Waiter(client).Wait(t.Context(), function, time.Minute))
	version, err := client.PublishVersion(t.Context(), &lambda.PublishVersionInput{FunctionName: aws.String("app-http")})
	must(t, err)
	function.Qualifier = version.Version
	must(t, lambda.NewFunctionActiveV2Waiter(client).Wait(t.Context(), function, time.Minute))
	_, err = client.CreateAlias(t.Context(), &lambda.CreateAliasInput{
		FunctionName: aws.String("app-http"), Name: aws.String("live"), FunctionVersion: version.Version,
	})
	must(t, err)
	return client
}

func permit(t *testing.T, client *lambda.Client, id, qualifier, principal, source string) {
	t.Helper()
	in := &lambda.AddPermissionInput{
		FunctionName: aws.String("app-http"), Action: aws.String("lambda:InvokeFunction"), StatementId: &id,
		Principal: &principal, SourceArn: &source,
	}
	if qualifier != "" {
		in.Qualifier = &qualifier
	}
	_, err := client.AddPermission(t.Context(), in)
	must(t, err)
}

// publish makes an API with the function behind it, and a distribution in front of it.
func publish(t *testing.T, server *localaws.Server) (api, domain string) {
	t.Helper()
	client := apigatewayv2.NewFromConfig(server.Config())
	made, err := client.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("app"), ProtocolType: apitypes.ProtocolTypeHttp,
	})
	must(t, err)
	integration, err := client.CreateIntegration(t.Context(), &apigatewayv2.CreateIntegrationInput{
		ApiId: made.ApiId, IntegrationType: "AWS_PROXY", IntegrationUri: aws.String(alias),
		PayloadFormatVersion: aws.String("2.0"),
	})
	must(t, err)
	_, err = client.CreateRoute(t.Context(), &apigatewayv2.CreateRouteInput{
		ApiId: made.ApiId, RouteKey: aws.String("$default"), Target: aws.String("integrations/" + *integration.IntegrationId),
	})
	must(t, err)
	_, err = client.CreateStage(t.Context(), &apigatewayv2.CreateStageInput{
		ApiId: made.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true),
	})
	must(t, err)
	out, err := cloudfront.NewFromConfig(server.Config()).CreateDistribution(t.Context(),
		&cloudfront.CreateDistributionInput{DistributionConfig: &cdn.DistributionConfig{
			CallerReference: aws.String("app"), Comment: aws.String(""), Enabled: aws.Bool(true),
			Origins: &cdn.Origins{Quantity: aws.Int32(1), Items: []cdn.Origin{{
				Id: aws.String("api"), DomainName: aws.String(strings.TrimPrefix(*made.ApiEndpoint, "https://")),
				CustomOriginConfig: &cdn.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
					OriginProtocolPolicy: "https-only"},
			}}},
			CustomErrorResponses: &cdn.CustomErrorResponses{Quantity: aws.Int32(1), Items: []cdn.CustomErrorResponse{
				{ErrorCode: aws.Int32(500), ErrorCachingMinTTL: aws.Int64(0)},
			}},
			DefaultCacheBehavior: &cdn.DefaultCacheBehavior{
				TargetOriginId: aws.String("api"), ViewerProtocolPolicy: "redirect-to-https",
				CachePolicyId:         aws.String("4135ea2d-6df8-44a3-9df3-4b5a84be39ad"),
				OriginRequestPolicyId: aws.String("b689b0a8-53d0-40ab-baf2-68738e2966ac"),
			},
		}})
	must(t, err)
	return *made.ApiId, *out.Distribution.DomainName
}

func TestARequestGoesFromTheViewerToTheFunctionAndAScheduleToItsLog(t *testing.T) {
	if _, err := jail.Available(); err != nil {
		t.Skip(err)
	}
	server, err := localaws.New(localaws.Options{Settings: map[string]string{"events.rateMinute": "20ms"}})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	client := release(t, server, push(t, server))
	api, domain := publish(t, server)
	source := "arn:aws:execute-api:eu-central-1:123456789012:" + api + "/*/*"

	if status, _ := visit(t, server, domain); status != http.StatusInternalServerError {
		t.Errorf("without a permission: %d", status)
	}
	permit(t, client, "function", "", "apigateway.amazonaws.com", source)
	if status, _ := visit(t, server, domain); status != http.StatusInternalServerError {
		t.Errorf("with a permission on the function, which does not cover the alias: %d", status)
	}
	permit(t, client, "alias", "live", "apigateway.amazonaws.com", source)
	status, body := visit(t, server, domain)
	var answer struct{ Echo map[string]any }
	must(t, json.Unmarshal(body, &answer))
	if status != http.StatusOK || answer.Echo["rawPath"] != "/a b" || answer.Echo["rawQueryString"] != "q=%20" {
		t.Errorf("%d %s", status, body)
	}

	rules := eventbridge.NewFromConfig(server.Config())
	permit(t, client, "schedule", "live", "events.amazonaws.com", "arn:aws:events:eu-central-1:123456789012:rule/app-*")
	_, err = rules.PutRule(t.Context(), &eventbridge.PutRuleInput{
		Name: aws.String("app-schedule"), ScheduleExpression: aws.String("rate(1 minute)"),
	})
	must(t, err)
	_, err = rules.PutTargets(t.Context(),
		&eventbridge.PutTargetsInput{Rule: aws.String("app-schedule"), Targets: []events.Target{{
			Id: aws.String("command"), Arn: aws.String(alias), Input: aws.String(`{"Do":"log","Text":"scheduled"}`),
		}}})
	must(t, err)
	awaitLine(t, server, "scheduled")
}

func visit(t *testing.T, server *localaws.Server, domain string) (int, []byte) {
	t.Helper()
	viewer := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: server.CA()},
		DisableKeepAlives: true}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+domain+"/a%20b?q=%20", nil)
	must(t, err)
	out, err := viewer.Do(r)
	must(t, err)
	defer out.Body.Close()
	body, err := io.ReadAll(out.Body)
	must(t, err)
	return out.StatusCode, body
}

// awaitLine waits until the function's log holds a line; the test's own deadline ends a vain wait.
func awaitLine(t *testing.T, server *localaws.Server, text string) {
	t.Helper()
	client := cloudwatchlogs.NewFromConfig(server.Config())
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		out, err := client.FilterLogEvents(t.Context(), &cloudwatchlogs.FilterLogEventsInput{
			LogGroupName: aws.String("/aws/lambda/app-http"), FilterPattern: &text,
		})
		if err == nil && len(out.Events) > 0 {
			return
		}
	}
	t.Errorf("%q never appeared in the log", text)
}
