package cloudfront

import (
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/google/uuid"
)

// edge answers the viewers of one distribution, as every edge location would.
type edge struct {
	service      *CloudFront
	distribution *distribution
}

// exchange is one viewer request on its way.
type exchange struct {
	edge
	config   *distributionConfig
	behavior *cacheBehavior
	policy   cachePolicy
	id       string
	w        http.ResponseWriter
	r        *http.Request
	// path is the percent-encoded path, with the default root object in place of "/".
	path string
}

// maxURL is the longest URL in bytes. AWS: "Quotas", request.
const maxURL = 8192

// ServeHTTP answers one viewer.
func (e edge) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{edge: e, w: w, r: r, id: requestID()}
	config, deployed := e.service.live(e.distribution)
	x.config = config
	w.Header().Set("Via", "1.1 "+e.distribution.id+".cloudfront.net (CloudFront)")
	w.Header().Set("X-Amz-Cf-Pop", "LOC1-P1")
	w.Header().Set("X-Amz-Cf-Id", x.id)
	if !deployed {
		x.fail(http.StatusServiceUnavailable, "The distribution is still being deployed to its first edge location.")
		return
	}
	if refuse := x.check(); refuse != nil {
		refuse()
		return
	}
	x.policy = cachePolicies[x.behavior.CachePolicyId]
	if x.run() {
		x.serve()
	}
}

func requestID() string {
	return strings.ReplaceAll(uuid.NewString()+uuid.NewString(), "-", "")[:52] + "=="
}

// check applies, in order, what CloudFront decides without the origin; nil means go on.
func (x *exchange) check() (refuse func()) {
	forbidden := func(why string) func() { return func() { x.fail(http.StatusForbidden, why) } }
	if !isTrue(x.config.Enabled) || !x.service.answersTo(x.distribution, x.config, x.r.Host) {
		return forbidden("Bad request. We can't connect to the server for this app or website at this time.")
	}
	if len(x.r.URL.RequestURI()) > maxURL {
		return func() { x.fail(http.StatusRequestURITooLong, "The request URL is too long.") }
	}
	if !slices.Contains(allMethods, x.r.Method) {
		return func() { x.fail(http.StatusMethodNotAllowed, "The request method is not supported.") }
	}
	x.path = x.r.URL.EscapedPath()
	if root := text(x.config.DefaultRootObject); root != "" && x.path == "/" {
		x.path = "/" + root
	}
	x.behavior = behaviorFor(x.config, x.path)
	if redirect := x.checkProtocol(); redirect != nil {
		return redirect
	}
	return x.checkMethod(forbidden)
}

// checkMethod takes what the behaviour allows, and no body where there can be none.
func (x *exchange) checkMethod(forbidden func(why string) func()) func() {
	if !slices.Contains(x.behavior.AllowedMethods.Items, x.r.Method) {
		return forbidden("This distribution is not configured to allow the HTTP request method that was used for this " +
			"request. " +
			"The distribution supports only cachable requests.")
	}
	if x.r.ContentLength != 0 && (x.r.Method == http.MethodGet || x.r.Method == http.MethodHead) {
		return forbidden("Bad request. A GET or HEAD request must not have a body.")
	}
	return nil
}

// checkProtocol applies the viewer protocol policy. A redirect keeps method and body where there can
// be one: 301 for GET and HEAD, 307 for the others.
func (x *exchange) checkProtocol() func() {
	if x.r.TLS != nil || x.behavior.ViewerProtocolPolicy == "allow-all" {
		return nil
	}
	if x.behavior.ViewerProtocolPolicy == "https-only" {
		return func() { x.fail(http.StatusForbidden, "Bad request. This resource is available over HTTPS only.") }
	}
	status := http.StatusTemporaryRedirect
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		status = http.StatusMovedPermanently
	}
	return func() {
		x.w.Header().Set("Location", "https://"+x.r.Host+x.r.URL.RequestURI())
		x.page(status, "Redirect from cloudfront", http.StatusText(status))
	}
}

// fail answers with an error page of CloudFront's own.
func (x *exchange) fail(status int, why string) { x.page(status, "Error from cloudfront", why) }

func (x *exchange) page(status int, result, why string) {
	body := fmt.Sprintf("<!DOCTYPE html>\n<html><head><title>ERROR: The request could not be "+
		"satisfied</title></head><body>\n"+
		"<h1>%d %s</h1>\n<h2>The request could not be satisfied.</h2>\n<p>%s</p>\n"+
		"<pre>Request ID: %s</pre>\n</body></html>\n",
		status, http.StatusText(status), why, x.id)
	header := x.w.Header()
	header.Set("Server", "CloudFront")
	header.Set("X-Cache", result)
	header.Set("Content-Type", "text/html")
	header.Set("Content-Length", fmt.Sprint(len(body)))
	x.w.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.w.Write([]byte(body)) // a viewer that left is no error of ours
	}
}
