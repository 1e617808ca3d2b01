package cloudfront

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

func TestOnePortSpeaksTLSAndPlainHTTP(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	secure := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/a.js", "", nil)
	plain := l.view(t, http.MethodGet, "http://"+*d.DomainName+"/assets/b.js", "", nil)
	if secure.text != "asset" || plain.text != "asset" || secure.Proto != "HTTP/2.0" {
		t.Errorf("TLS %q over %s, plain %q", secure.text, secure.Proto, plain.text)
	}
}

func TestTheViewerProtocolPolicyDecides(t *testing.T) {
	for _, row := range []struct {
		policy   types.ViewerProtocolPolicy
		scheme   string
		method   string
		status   int
		location bool
		why      string
	}{
		{"redirect-to-https", "http", "GET", 301, true, "reads move"},
		{"redirect-to-https", "http", "POST", 307, true, "writes keep their method and body"},
		{"redirect-to-https", "https", "GET", 200, false, "TLS passes"},
		{"https-only", "http", "GET", 403, false, "plain HTTP is refused"},
		{"allow-all", "http", "POST", 200, false, "everything passes"},
	} {
		l := start(t, Options{})
		d := l.distribute(t, func(c *types.DistributionConfig) { c.DefaultCacheBehavior.ViewerProtocolPolicy = row.policy })
		got := l.view(t, row.method, row.scheme+"://"+*d.DomainName+"/a?b=c%20d", "", nil)
		want := ""
		if row.location {
			want = "https://" + *d.DomainName + "/a?b=c%20d"
		}
		if got.StatusCode != row.status || got.Header.Get("Location") != want {
			t.Errorf("%s %s over %s: %d %s: %s", row.policy, row.method, row.scheme, got.StatusCode, got.Header.Get("Location"),
				row.why)
		}
	}
}

func TestMethodsThatABehaviourDoesNotAllowAreRefused(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	for _, row := range []struct {
		method, path string
		status       int
		why          string
	}{
		{"POST", "/assets/a.js", 403, "the behaviour allows reads"},
		{"DELETE", "/a", 200, "the default one allows everything"},
		{"TRACE", "/a", 405, "no behaviour can allow it"},
	} {
		got := l.view(t, row.method, "https://"+*d.DomainName+row.path, "", nil)
		if got.StatusCode != row.status {
			t.Errorf("%s %s: %d, %s", row.method, row.path, got.StatusCode, row.why)
		}
		if row.status != 200 && (got.Header.Get("X-Cache") != "Error from cloudfront" || l.times != 0 && row.path != "/a") {
			t.Errorf("%s %s: X-Cache %s, origin asked %d times", row.method, row.path, got.Header.Get("X-Cache"), l.times)
		}
	}
	if got := l.view(t, "GET", "https://"+*d.DomainName+"/a", "body", nil); got.StatusCode != 403 {
		t.Errorf("a GET with a body: %d", got.StatusCode)
	}
}

func TestTheAPIOriginGetsTheViewersRequestExceptItsHost(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.view(t, http.MethodPost, "https://"+*d.DomainName+"/caf%C3%A9/a%2Fb?q=%20x&q=2", "hello", func(r *http.Request) {
		r.Header.Set("Cookie", "a=1; b=2")
		r.Header.Set("Authorization", "Bearer t")
		r.Header.Set("X-Custom", "c")
		r.Header.Set("X-Origin-Secret", "forged")
		r.Header.Set("User-Agent", "browser")
	})
	r := l.asked
	if r.Host != apiOrigin || r.URL.EscapedPath() != "/caf%C3%A9/a%2Fb" || r.URL.RawQuery != "q=%20x&q=2" ||
		r.Method != "POST" || l.body != "hello" {
		t.Errorf("%s %s%s?%s with %q", r.Method, r.Host, r.URL.EscapedPath(), r.URL.RawQuery, l.body)
	}
	for name, want := range map[string]string{
		"Cookie": "a=1; b=2", "Authorization": "Bearer t", "X-Custom": "c", "User-Agent": "browser",
		"X-Forwarded-For": "127.0.0.1",
		"X-Origin-Secret": "s3cret", "Via": "1.1 " + *d.Id + ".cloudfront.net (CloudFront)",
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if l.askedBy.Service != "" {
		t.Errorf("a custom origin is asked unsigned, not as %s", l.askedBy.Service)
	}
}

func TestWithoutAnOriginRequestPolicyNothingOfTheViewerIsForwarded(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, func(c *types.DistributionConfig) { c.DefaultCacheBehavior.OriginRequestPolicyId = nil })
	l.view(t, http.MethodPost, "https://"+*d.DomainName+"/a?q=1", "x", func(r *http.Request) {
		r.Header.Set("Cookie", "a=1")
		r.Header.Set("Authorization", "Bearer t")
		r.Header.Set("X-Custom", "c")
		r.Header.Set("Content-Type", "text/plain")
	})
	r := l.asked
	if r.URL.RawQuery != "" || r.Header.Get("Cookie")+r.Header.Get("Authorization")+r.Header.Get("X-Custom") != "" {
		t.Errorf("query %q, headers %v", r.URL.RawQuery, r.Header)
	}
	if r.Header.Get("User-Agent") != "Amazon CloudFront" || r.Header.Get("Content-Type") != "text/plain" || l.body != "x" {
		t.Errorf("headers %v, body %q", r.Header, l.body)
	}
}

func TestTheAllViewerPolicyForwardsTheHostToo(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, func(c *types.DistributionConfig) {
		c.DefaultCacheBehavior.OriginRequestPolicyId = aws.String(allViewer)
	})
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil)
	if l.asked.Host != *d.DomainName {
		t.Errorf("host %s", l.asked.Host)
	}
}

func TestABucketIsAskedAsTheDistribution(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/caf%C3%A9.js?v=1", "", func(r *http.Request) {
		r.Header.Set("Authorization", "Bearer t")
	})
	if l.askedBy.Service != "cloudfront.amazonaws.com" || l.askedBy.SourceARN != *d.ARN {
		t.Errorf("asked as %q for %q", l.askedBy.Service, l.askedBy.SourceARN)
	}
	if l.asked.URL.EscapedPath() != "/assets/caf%C3%A9.js" || l.asked.URL.RawQuery != "" {
		t.Errorf("asked for %s?%s", l.asked.URL.EscapedPath(), l.asked.URL.RawQuery)
	}
}

func TestABucketWithoutAccessControlIsAskedAnonymously(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, func(c *types.DistributionConfig) { c.Origins.Items[0].OriginAccessControlId = nil })
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/a.js", "", nil)
	if l.asked.Header.Get("Authorization") != "" {
		t.Errorf("signed: %s", l.asked.Header.Get("Authorization"))
	}
}

func TestADistributionAnswersToItsNamesOnly(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, withAlias("app.example.com", "*.apps.example.com"))
	port := (*d.DomainName)[strings.LastIndex(*d.DomainName, ":"):]
	for _, row := range []struct {
		host   string
		status int
	}{{"app.example.com", 200}, {"one.apps.example.com", 200}, {"localhost", 200}} {
		if got := l.view(t, http.MethodGet, "https://"+row.host+port+"/", "", nil); got.StatusCode != row.status {
			t.Errorf("%s: %d", row.host, got.StatusCode)
		}
	}
	if got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/", "", func(r *http.Request) {
		r.Host = "other.example.com"
	}); got.StatusCode != 403 {
		t.Errorf("a foreign name: %d", got.StatusCode)
	}
}

func TestTheDefaultRootObjectStandsForTheRoot(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, func(c *types.DistributionConfig) { c.DefaultRootObject = aws.String("index.html") })
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil)
	if l.asked.URL.Path != "/index.html" {
		t.Errorf("asked for %s", l.asked.URL.Path)
	}
}

func TestTheEdgeServesTheFormerConfigurationUntilTheNewOneIsDeployed(t *testing.T) {
	l := start(t, Options{DeployDelay: time.Minute})
	d := l.distribute(t, nil)
	url := "https://" + *d.DomainName + "/"
	if got := l.view(t, http.MethodGet, url, "", nil); got.StatusCode != 503 {
		t.Errorf("before the first deployment: %d", got.StatusCode)
	}
	l.clock.Advance(time.Minute)
	read, err := l.GetDistributionConfig(t.Context(), &sdk.GetDistributionConfigInput{Id: d.Id})
	must(t, err)
	read.DistributionConfig.Enabled = aws.Bool(false)
	_, err = l.UpdateDistribution(t.Context(), &sdk.UpdateDistributionInput{
		Id: d.Id, IfMatch: read.ETag, DistributionConfig: read.DistributionConfig,
	})
	must(t, err)
	if got := l.view(t, http.MethodGet, url, "", nil); got.StatusCode != 200 {
		t.Errorf("while being disabled: %d", got.StatusCode)
	}
	l.clock.Advance(time.Minute)
	if got := l.view(t, http.MethodGet, url, "", nil); got.StatusCode != 403 {
		t.Errorf("disabled: %d", got.StatusCode)
	}
}

func TestAnOriginThatIsNotThereIsABadGateway(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, nil)
	l.api = func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	if got := l.view(
		t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil,
	); got.StatusCode != 502 || got.Header.Get("X-Cache") != "Error from cloudfront" {
		t.Errorf("%d %s", got.StatusCode, got.Header.Get("X-Cache"))
	}
}

func TestAnOriginSlowerThanItsTimeoutIsAGatewayTimeout(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, func(c *types.DistributionConfig) {
		c.Origins.Items[1].CustomOriginConfig.OriginReadTimeout = aws.Int32(1)
	})
	l.api = func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
	if got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil); got.StatusCode != 504 {
		t.Errorf("%d", got.StatusCode)
	}
}
