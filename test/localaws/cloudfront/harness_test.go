package cloudfront

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	account      = "123456789012"
	region       = "eu-central-1"
	bucketOrigin = "assets.s3.eu-central-1.amazonaws.com"
	apiOrigin    = "abc.execute-api.eu-central-1.amazonaws.com"

	optimized  = "658327ea-f89d-4fab-a63d-7e88639e58f6"
	disabled   = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
	exceptHost = "b689b0a8-53d0-40ab-baf2-68738e2966ac"
	allViewer  = "216adef6-5c7f-47e4-b989-5492eafa07d3"
)

// local is the service alone behind the real SDK; its origins are two handlers that the test chooses.
type local struct {
	*CloudFront
	*sdk.Client
	clock *wire.ManualClock
	env   *wire.Env
	// assets and api answer for the origins; asked is what they were asked last, and how often.
	assets, api http.HandlerFunc
	asked       *http.Request
	askedBy     wire.Principal
	body        string
	times       int
}

func start(t *testing.T, options Options) *local {
	t.Helper()
	l := &local{clock: wire.NewManualClock(time.Now())}
	ca, err := wire.NewCA()
	must(t, err)
	ids := wire.NewIdentities(l.clock)
	gateway := &wire.Gateway{
		AccountID: account, Region: region, Clock: l.clock, Identities: ids,
		Calls: wire.NewRecorder(0), Latencies: &wire.Latencies{}, Faults: &wire.Faults{},
	}
	l.env = &wire.Env{AccountID: account, Region: region, Clock: l.clock, Identities: ids, Gateway: gateway, CA: ca}
	l.CloudFront = open(l.env, options)
	t.Cleanup(func() { must(t, l.Close()) })
	service := l.Service()
	must(t, service.Prepare())
	l.assets = func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "asset") }
	l.api = func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, "page") }
	l.env.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Host {
		case bucketOrigin:
			l.note(r)
			l.assets(w, r)
		case apiOrigin:
			l.note(r)
			l.api(w, r)
		default:
			gateway.Serve(w, r, service)
		}
	})
	admin := ids.Issue(wire.Principal{AccountID: account, Root: true}, 0)
	l.Client = sdk.NewFromConfig(l.env.Config(admin), func(o *sdk.Options) { o.Retryer = aws.NopRetryer{} })
	return l
}

func (l *local) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	l.asked, l.body, l.askedBy = r, string(body), wire.Principal{}
	l.times++
	if scope, signed := wire.ScopeOf(r); signed {
		l.askedBy, _ = l.env.Identities.Lookup(scope.AccessKeyID)
	}
}

// control makes an origin access control.
func (l *local) control(t *testing.T, name string) string {
	t.Helper()
	out, err := l.CreateOriginAccessControl(t.Context(), &sdk.CreateOriginAccessControlInput{
		OriginAccessControlConfig: controlConfig(name),
	})
	must(t, err)
	return *out.OriginAccessControl.Id
}

func controlConfig(name string) *types.OriginAccessControlConfig {
	return &types.OriginAccessControlConfig{
		Name: &name, SigningProtocol: types.OriginAccessControlSigningProtocolsSigv4,
		SigningBehavior:               types.OriginAccessControlSigningBehaviorsAlways,
		OriginAccessControlOriginType: types.OriginAccessControlOriginTypesS3,
	}
}

// configuration is the distribution of a web application: assets from a bucket, all else from an API.
func configuration(reference, control string) *types.DistributionConfig {
	all := []types.Method{"GET", "HEAD", "OPTIONS", "PUT", "POST", "PATCH", "DELETE"}
	return &types.DistributionConfig{
		CallerReference: &reference, Comment: aws.String(""), Enabled: aws.Bool(true),
		Origins: &types.Origins{Quantity: aws.Int32(2), Items: []types.Origin{
			{
				Id: aws.String("assets"), DomainName: aws.String(bucketOrigin), OriginAccessControlId: &control,
				S3OriginConfig: &types.S3OriginConfig{OriginAccessIdentity: aws.String("")},
			},
			{
				Id: aws.String("api"), DomainName: aws.String(apiOrigin),
				CustomOriginConfig: &types.CustomOriginConfig{HTTPPort: aws.Int32(80), HTTPSPort: aws.Int32(443),
					OriginProtocolPolicy: "https-only"},
				CustomHeaders: &types.CustomHeaders{Quantity: aws.Int32(1), Items: []types.OriginCustomHeader{
					{HeaderName: aws.String("X-Origin-Secret"), HeaderValue: aws.String("s3cret")},
				}},
			},
		}},
		DefaultCacheBehavior: &types.DefaultCacheBehavior{
			TargetOriginId: aws.String("api"), ViewerProtocolPolicy: "redirect-to-https", CachePolicyId: aws.String(disabled),
			OriginRequestPolicyId: aws.String(exceptHost),
			AllowedMethods:        &types.AllowedMethods{Quantity: aws.Int32(7), Items: all},
		},
		CacheBehaviors: &types.CacheBehaviors{Quantity: aws.Int32(1), Items: []types.CacheBehavior{{
			PathPattern: aws.String("/assets/*"), TargetOriginId: aws.String("assets"), ViewerProtocolPolicy: "allow-all",
			CachePolicyId: aws.String(optimized), Compress: aws.Bool(true),
		}}},
	}
}

// distribution makes one of configuration, changed by the test, and returns its view.
func (l *local) distribute(t *testing.T, change func(*types.DistributionConfig)) *types.Distribution {
	t.Helper()
	config := configuration("ref", l.control(t, "oac"))
	if change != nil {
		change(config)
	}
	out, err := l.CreateDistribution(t.Context(), &sdk.CreateDistributionInput{DistributionConfig: config})
	must(t, err)
	return out.Distribution
}

type response struct {
	*http.Response
	text string
}

// view is a viewer that trusts the authority and follows no redirect; a name other than the address
// is dialed all the same.
func (l *local) view(t *testing.T, method, url, body string, change func(*http.Request)) response {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Accept-Encoding", "identity")
	if change != nil {
		change(r)
	}
	_, port, err := net.SplitHostPort(r.URL.Host)
	must(t, err)
	dial := &net.Dialer{}
	transport := &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: l.env.Pool()}, ForceAttemptHTTP2: true, DisableKeepAlives: true,
	}
	transport.DialContext = func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dial.DialContext(ctx, network, "127.0.0.1:"+port)
	}
	out, err := transport.RoundTrip(r)
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
