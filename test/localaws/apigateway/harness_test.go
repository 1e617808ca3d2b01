package apigateway

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account  = "123456789012"
	region   = "eu-central-1"
	function = "arn:aws:lambda:eu-central-1:123456789012:function:app-http:live"
)

// local is the service alone behind the real SDK, with a Lambda whose answer the test chooses.
type local struct {
	*Gateway
	*sdk.Client
	env   *wire.Env
	clock *wire.ManualClock
	// answer is what the function returns; source and event are what it was last given.
	answer         func(ctx context.Context) (result, functionError string, err error)
	source, target string
	event          map[string]any
}

func start(t *testing.T, options Options) *local {
	t.Helper()
	l := &local{clock: wire.NewManualClock(time.Now())}
	ids := wire.NewIdentities(l.clock)
	gateway := &wire.Gateway{
		AccountID: account, Region: region, Clock: l.clock, Identities: ids,
		Calls: wire.NewRecorder(0), Latencies: &wire.Latencies{}, Faults: &wire.Faults{},
	}
	l.env = &wire.Env{AccountID: account, Region: region, Clock: l.clock, Identities: ids, Gateway: gateway}
	options.Invoke = l.invoke
	l.Gateway = open(l.env, options)
	l.returns(`{"statusCode":200,"body":"ok"}`)
	service := l.Service()
	must(t, service.Prepare())
	l.env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if service.Claims(r) {
			service.Data.ServeHTTP(w, r)
			return
		}
		gateway.Serve(w, r, service)
	})
	admin := ids.Issue(wire.Principal{AccountID: account, Root: true}, 0)
	l.Client = sdk.NewFromConfig(l.env.Config(admin), func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} })
	return l
}

func (l *local) returns(result string) {
	l.answer = func(context.Context) (string, string, error) { return result, "", nil }
}

func (l *local) invoke(
	ctx context.Context, principal, source, function string, payload []byte,
) ([]byte, string, error) {
	l.source, l.target, l.event = principal+" "+source, function, map[string]any{}
	if err := json.Unmarshal(payload, &l.event); err != nil {
		return nil, "", err
	}
	result, failed, err := l.answer(ctx)
	return []byte(result), failed, err
}

// api makes an API with one integration and the given routes on the default stage.
func (l *local) api(t *testing.T, routeKeys ...string) (id, integration string) {
	t.Helper()
	created, err := l.CreateApi(t.Context(), &sdk.CreateApiInput{
		Name: aws.String("app"), ProtocolType: types.ProtocolTypeHttp,
	})
	must(t, err)
	_, err = l.CreateStage(t.Context(), &sdk.CreateStageInput{
		ApiId: created.ApiId, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true),
	})
	must(t, err)
	i, err := l.CreateIntegration(t.Context(), &sdk.CreateIntegrationInput{
		ApiId: created.ApiId, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: aws.String(function),
		PayloadFormatVersion: aws.String("2.0"),
	})
	must(t, err)
	for _, key := range routeKeys {
		_, err := l.CreateRoute(t.Context(), &sdk.CreateRouteInput{
			ApiId: created.ApiId, RouteKey: &key, Target: aws.String("integrations/" + *i.IntegrationId),
		})
		must(t, err)
	}
	return *created.ApiId, *i.IntegrationId
}

type response struct {
	*http.Response
	text string
}

// request goes to an API's data plane as from the internet.
func (l *local) request(t *testing.T, method, api, path, body string, change func(*http.Request)) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, "https://"+l.domain(api)+path, strings.NewReader(body))
	must(t, err)
	if change != nil {
		change(r)
	}
	out, err := (&http.Client{Transport: wire.Transport{Handler: l.env.Handler}}).Do(r)
	must(t, err)
	defer out.Body.Close()
	text, err := io.ReadAll(out.Body)
	must(t, err)
	return response{out, string(text)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expectCode(t *testing.T, err error, code string) {
	t.Helper()
	var coded smithy.APIError
	if !errors.As(err, &coded) || coded.ErrorCode() != code {
		t.Errorf("want %s, got %v", code, err)
	}
}
