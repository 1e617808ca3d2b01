package cloudfront

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
)

// hopByHop are headers that belong to one connection.
var hopByHop = []string{"Connection", "Keep-Alive", "Proxy-Connection", "Te", "Trailer", "Transfer-Encoding", "Upgrade"}

// bucketDomain is the regional or global REST endpoint of a bucket.
var bucketDomain = regexp.MustCompile(`^[a-z0-9][a-z0-9.-]*\.s3(\.[a-z0-9-]+)?\.amazonaws\.com(\.cn)?$`)

// originTimeout is CloudFront's default origin response timeout.
const originTimeout = 30 * time.Second

// fetch asks the origin. What is going to be remembered is asked for as a whole.
func (x *exchange) fetch(ctx context.Context, origin *origin, whole bool) (*http.Response, error) {
	request, err := x.originRequest(ctx, origin, whole)
	if err != nil {
		return nil, err
	}
	config := x.service.env.ServiceConfig(principal, x.distribution.arn)
	if bucketDomain.MatchString(origin.DomainName) && x.service.signs(text(origin.OriginAccessControlId)) {
		if err := x.sign(request, config); err != nil {
			return nil, err
		}
	}
	response, err := config.HTTPClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("asking %s: %w", origin.DomainName, err)
	}
	return response, nil
}

// sign makes the request one of CloudFront's own for this distribution: a bucket policy tells it by aws:SourceArn.
func (x *exchange) sign(request *http.Request, config aws.Config) error {
	credentials, err := config.Credentials.Retrieve(request.Context())
	if err != nil {
		return fmt.Errorf("getting credentials for the origin: %w", err)
	}
	request.Header.Set("X-Amz-Content-Sha256", unsigned)
	now := x.service.env.Clock.Now()
	unescaped := func(o *v4.SignerOptions) { o.DisableURIPathEscaping = true }
	if err := v4.NewSigner().SignHTTP(
		request.Context(), credentials, request, unsigned, "s3", config.Region, now, unescaped,
	); err != nil {
		return fmt.Errorf("signing the request to the bucket: %w", err)
	}
	return nil
}

const (
	principal = "cloudfront.amazonaws.com"
	unsigned  = "UNSIGNED-PAYLOAD"
)

// originRequest is what travels to the origin: of query string, cookies and headers only what the
// cache policy and the origin request policy name, CloudFront's own headers, and last the custom
// headers of the origin, which replace the viewer's.
func (x *exchange) originRequest(ctx context.Context, o *origin, whole bool) (*http.Request, error) {
	forwarded := originRequestPolicies[x.behavior.OriginRequestPolicyId]
	target, err := url.Parse("https://" + o.DomainName + text(o.OriginPath) + x.path)
	if err != nil {
		return nil, fmt.Errorf("making the origin's URL: %w", err)
	}
	if forwarded.queryStrings || x.policy.queryStrings {
		target.RawQuery = x.r.URL.RawQuery
	}
	request, err := http.NewRequestWithContext(ctx, x.r.Method, target.String(), x.r.Body)
	if err != nil {
		return nil, fmt.Errorf("making the origin's request: %w", err)
	}
	request.ContentLength = x.r.ContentLength
	request.Header = x.originHeader(forwarded)
	if whole {
		for _, name := range []string{"Range", "If-Range", "If-None-Match", "If-Modified-Since", "If-Match",
			"If-Unmodified-Since"} {
			request.Header.Del(name)
		}
	}
	if forwarded.takes("Host") {
		request.Host = x.r.Host
	}
	for _, custom := range o.CustomHeaders.Items {
		request.Header.Set(custom.HeaderName, custom.HeaderValue)
	}
	return request, nil
}

func (o *origin) timeout() time.Duration {
	if o.CustomOriginConfig != nil && o.CustomOriginConfig.OriginReadTimeout > 0 {
		return time.Duration(o.CustomOriginConfig.OriginReadTimeout) * time.Second
	}
	return originTimeout
}

// always are the viewer's headers that reach every origin: those that describe a body, ask for a
// part, or make a request conditional.
var always = []string{
	"Content-Type", "Content-Encoding", "Content-Language", "Content-Md5", "Range", "If-Range", "If-Match",
	"If-None-Match", "If-Modified-Since", "If-Unmodified-Since",
}

func (x *exchange) originHeader(forwarded originRequestPolicy) http.Header {
	header := http.Header{}
	header.Set("User-Agent", "Amazon CloudFront")
	for name, values := range x.r.Header {
		if forwarded.takes(name) || contains(x.policy.headers, name) || contains(always, name) {
			header[name] = values
		}
	}
	for _, name := range hopByHop {
		header.Del(name)
	}
	header.Del("Cookie")
	if forwarded.cookies || x.policy.cookies {
		if cookies := x.r.Header.Values("Cookie"); len(cookies) > 0 {
			header.Set("Cookie", strings.Join(cookies, "; "))
		}
	}
	if x.policy.encodings {
		header.Del("Accept-Encoding")
	}
	viewer, _, _ := net.SplitHostPort(x.r.RemoteAddr)
	header.Set("X-Forwarded-For", appended(x.r.Header.Get("X-Forwarded-For"), viewer))
	header.Set("Via", "1.1 "+x.distribution.id+".cloudfront.net (CloudFront)")
	header.Set("X-Amz-Cf-Id", x.id)
	if forwarded.cloudFront {
		header.Set("CloudFront-Viewer-Address", x.r.RemoteAddr)
		header.Set("CloudFront-Forwarded-Proto", map[bool]string{true: "https", false: "http"}[x.r.TLS != nil])
	}
	return header
}

// takes says whether an origin request policy forwards a header of the viewer.
func (p originRequestPolicy) takes(name string) bool {
	if p.allHeaders {
		return !contains(p.except, name)
	}
	return contains(p.headers, name)
}

func contains(names []string, name string) bool {
	for _, n := range names {
		if strings.EqualFold(n, name) {
			return true
		}
	}
	return false
}

func appended(before, last string) string {
	if before == "" {
		return last
	}
	return before + ", " + last
}
