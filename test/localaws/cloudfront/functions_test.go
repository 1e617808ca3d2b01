package cloudfront

import (
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudfront"
	"github.com/aws/aws-sdk-go-v2/service/cloudfront/types"
)

func functionOf(name, code string) *sdk.CreateFunctionInput {
	return &sdk.CreateFunctionInput{
		Name: &name, FunctionCode: []byte(code),
		FunctionConfig: &types.FunctionConfig{Comment: aws.String(""), Runtime: types.FunctionRuntimeCloudfrontJs20},
	}
}

// publish makes a function that is live and returns its ARN.
func (l *local) publish(t *testing.T, name, code string) string {
	t.Helper()
	made, err := l.CreateFunction(t.Context(), functionOf(name, code))
	must(t, err)
	out, err := l.PublishFunction(t.Context(), &sdk.PublishFunctionInput{Name: &name, IfMatch: made.ETag})
	must(t, err)
	return *out.FunctionSummary.FunctionMetadata.FunctionARN
}

// running makes the default behaviour run a function.
func running(arn string) func(*types.DistributionConfig) {
	return func(c *types.DistributionConfig) {
		c.DefaultCacheBehavior.FunctionAssociations = &types.FunctionAssociations{
			Quantity: aws.Int32(1), Items: []types.FunctionAssociation{{EventType: "viewer-request", FunctionARN: &arn}},
		}
	}
}

const passOn = `function handler(event) { return event.request; }`

func TestAFunctionIsPublishedBeforeItIsUsedAndUnusedBeforeItIsDeleted(t *testing.T) {
	l := start(t, Options{})
	made, err := l.CreateFunction(t.Context(), functionOf("edge", passOn))
	must(t, err)
	arn := *made.FunctionSummary.FunctionMetadata.FunctionARN
	if arn != "arn:aws:cloudfront::123456789012:function/edge" {
		t.Errorf("the ARN is %s", arn)
	}
	config := configuration("unpublished", l.control(t, "unpublished"))
	running(arn)(config)
	_, err = l.CreateDistribution(t.Context(), &sdk.CreateDistributionInput{DistributionConfig: config})
	expectCode(t, err, "InvalidFunctionAssociation")
	_, err = l.CreateFunction(t.Context(), functionOf("edge", passOn))
	expectCode(t, err, "FunctionAlreadyExists")
	_, err = l.CreateFunction(t.Context(), functionOf("large", strings.Repeat(" ", maxFunctionCode+1)))
	expectCode(t, err, "FunctionSizeLimitExceeded")
	_, err = l.CreateFunction(t.Context(), functionOf("no name", passOn))
	expectCode(t, err, "MalformedXML")
	_, err = l.DescribeFunction(t.Context(), &sdk.DescribeFunctionInput{Name: aws.String("edge"), Stage: "LIVE"})
	expectCode(t, err, "NoSuchFunctionExists")

	_, err = l.PublishFunction(t.Context(), &sdk.PublishFunctionInput{Name: aws.String("edge"), IfMatch: aws.String("E")})
	expectCode(t, err, "PreconditionFailed")
	_, err = l.PublishFunction(t.Context(), &sdk.PublishFunctionInput{Name: aws.String("edge"), IfMatch: made.ETag})
	must(t, err)
	l.distribute(t, running(arn))
	updated, err := l.UpdateFunction(t.Context(), &sdk.UpdateFunctionInput{
		Name: aws.String("edge"), IfMatch: made.ETag, FunctionCode: []byte(passOn + "//"),
		FunctionConfig: functionOf("", "").FunctionConfig,
	})
	must(t, err)
	_, err = l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{Name: aws.String("edge"), IfMatch: updated.ETag})
	expectCode(t, err, "FunctionInUse")

	l.publish(t, "other", passOn)
	list, err := l.ListFunctions(t.Context(), &sdk.ListFunctionsInput{Stage: "LIVE"})
	must(t, err)
	if *list.FunctionList.Quantity != 2 || *list.FunctionList.Items[0].Name != "edge" {
		t.Errorf("listed %d", *list.FunctionList.Quantity)
	}
	read, err := l.DescribeFunction(t.Context(), &sdk.DescribeFunctionInput{Name: aws.String("other"), Stage: "LIVE"})
	must(t, err)
	_, err = l.DeleteFunction(t.Context(), &sdk.DeleteFunctionInput{Name: aws.String("other"), IfMatch: read.ETag})
	must(t, err)
	_, err = l.DescribeFunction(t.Context(), &sdk.DescribeFunctionInput{Name: aws.String("other")})
	expectCode(t, err, "NoSuchFunctionExists")
}

func TestAFunctionSeesTheRequestAsTheViewerSentItAndWhatItAddsReachesTheOrigin(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, running(l.publish(t, "edge", `function handler(event) {
		var r = event.request;
		r.headers["x-saw"] = {value: [event.viewer.ip, r.method, r.uri, r.querystring.q.value,
			r.querystring.q.multiValue.length, r.headers.host.value, r.cookies.a.value, "connection" in r.headers,
			event.context.eventType].join(" ")};
		delete r.headers["x-gone"];
		return r;
	}`)))
	host := *d.DomainName
	l.view(t, http.MethodPost, "https://"+host+"/caf%C3%A9/a%2Fb?q=%20x&q=2", "body", func(r *http.Request) {
		r.Header.Set("Cookie", "a=1; b=2")
		r.Header.Set("X-Saw", "forged")
		r.Header.Set("X-Gone", "1")
		r.Header["X-Twice"] = []string{"1", "2"}
	})
	want := "127.0.0.1 POST /caf%C3%A9/a%2Fb %20x 2 " + host + " 1 false viewer-request"
	if got := l.asked.Header.Values("X-Saw"); len(got) != 1 || got[0] != want {
		t.Errorf("the function saw %q, want %q", got, want)
	}
	if l.asked.Host != apiOrigin || l.asked.URL.EscapedPath() != "/caf%C3%A9/a%2Fb" || l.body != "body" ||
		l.asked.Header.Get("Cookie") != "a=1; b=2" || len(l.asked.Header.Values("X-Twice")) != 2 ||
		l.asked.Header.Get("X-Gone") != "" {
		t.Errorf("%s%s %q %v", l.asked.Host, l.asked.URL.EscapedPath(), l.body, l.asked.Header)
	}
}

func TestAFunctionDoesNotRunWhereCloudFrontRedirectsNorOnOtherPaths(t *testing.T) {
	l := start(t, Options{})
	d := l.distribute(t, running(l.publish(t, "edge", `function handler() { throw new Error("it ran"); }`)))
	if got := l.view(t, http.MethodGet, "http://"+*d.DomainName+"/", "", nil); got.StatusCode != 301 {
		t.Errorf("plain HTTP: %d", got.StatusCode)
	}
	if got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/assets/a.js", "", nil); got.StatusCode != 200 {
		t.Errorf("another behaviour: %d", got.StatusCode)
	}
	if got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/", "", nil); got.StatusCode != 503 {
		t.Errorf("a function that fails: %d", got.StatusCode)
	}
}

func TestAFunctionMayNotTouchWhatCloudFrontKeepsForItself(t *testing.T) {
	for change, why := range map[string]string{
		`r.headers.host = {value: "evil.example"}`:             "the host is read-only",
		`delete r.headers.host`:                                "and stays",
		`r.headers["x-forwarded-proto"] = {value: "http"}`:     "disallowed",
		`r.headers["x-real-ip"] = {value: "192.0.2.1"}`:        "disallowed",
		`r.headers["X-Capital"] = {value: "1"}`:                "names are in lower case",
		`r.headers["x-split"] = {value: "a\r\nx-evil: 1"}`:     "no header line",
		`r.uri = "no slash"`:                                   "no path",
		`r = undefined`:                                        "nothing came back",
		`r.method = "POST"`:                                    "read-only",
		`r.querystring = {}`:                                   "not in the local AWS",
		`r.headers["x-fine"] = {value: "1"}; r.uri = "/moved"`: "",
	} {
		l := start(t, Options{})
		d := l.distribute(t, running(l.publish(t, "edge",
			`function handler(event) { var r = event.request; `+change+`; return r; }`)))
		got := l.view(t, http.MethodGet, "https://"+*d.DomainName+"/?q=1", "", nil)
		if refused := got.StatusCode == 502; refused != (why != "") {
			t.Errorf("%s: %d %s: %s", change, got.StatusCode, why, got.text)
		}
	}
}

func TestANewFunctionIsEverywhereAsSoonAsItIsPublished(t *testing.T) {
	l := start(t, Options{})
	arn := l.publish(t, "edge", passOn)
	d := l.distribute(t, running(arn))
	read, err := l.DescribeFunction(t.Context(), &sdk.DescribeFunctionInput{Name: aws.String("edge")})
	must(t, err)
	updated, err := l.UpdateFunction(t.Context(), &sdk.UpdateFunctionInput{
		Name: aws.String("edge"), IfMatch: read.ETag, FunctionConfig: functionOf("", "").FunctionConfig,
		FunctionCode: []byte(`function handler(event) { event.request.uri = "/new"; return event.request; }`),
	})
	must(t, err)
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/old", "", nil)
	if l.asked.URL.Path != "/old" {
		t.Errorf("what is not published ran: %s", l.asked.URL.Path)
	}
	_, err = l.PublishFunction(t.Context(), &sdk.PublishFunctionInput{Name: aws.String("edge"), IfMatch: updated.ETag})
	must(t, err)
	l.view(t, http.MethodGet, "https://"+*d.DomainName+"/old", "", nil)
	if l.asked.URL.Path != "/new" {
		t.Errorf("the former function ran: %s", l.asked.URL.Path)
	}
}
