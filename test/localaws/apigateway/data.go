package apigateway

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/smithy-go"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

const (
	// principal is who invokes the functions.
	principal = "apigateway.amazonaws.com"
	// defaultStage serves the paths that no other stage's name begins.
	defaultStage = "$default"
	// maxPayload is the largest request body in bytes.
	maxPayload = 10 << 20
	// maxHeaders is the size of request line and headers in bytes.
	maxHeaders = 10_240
)

// isAPIHost says whether a Host header is that of an API's default endpoint.
func isAPIHost(host string) bool {
	_, rest, _ := strings.Cut(host, ".")
	return strings.HasPrefix(rest, "execute-api.")
}

// ServeHTTP is the data plane of all APIs; the first label of the host names the API.
//
// The answers that the gateway itself gives are {"message": ...}: 404 for no route and a disabled endpoint, 403 for an
// unknown host, 413 and 431 for too large requests, 500 for a function that failed or may not be invoked, 503 for one
// that is too slow or throttled.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	requestID := base64.StdEncoding.EncodeToString([]byte(newID(11)))
	w.Header().Set("Apigw-Requestid", requestID)
	sent, status := g.serve(r, requestID)
	if status != 0 {
		sent = answer{
			status: status, header: http.Header{"Content-Type": {"application/json"}},
			body: []byte(`{"message":"` + messages[status] + `"}`),
		}
	}
	maps.Copy(w.Header(), sent.header)
	w.Header().Set("Content-Length", strconv.Itoa(len(sent.body)))
	w.WriteHeader(sent.status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(sent.body) // a client that left is no error of ours
	}
}

var messages = map[int]string{
	http.StatusForbidden:                   "Forbidden",
	http.StatusNotFound:                    "Not Found",
	http.StatusRequestEntityTooLarge:       "Request Entity Too Large",
	http.StatusRequestHeaderFieldsTooLarge: "Request Header Fields Too Large",
	http.StatusInternalServerError:         "Internal Server Error",
	http.StatusServiceUnavailable:          "Service Unavailable",
}

// destination is where a request goes, read in one look so that a change in between has no part of it.
type destination struct {
	apiID       string
	stage       stageView
	route       route
	key         routeKey
	parameters  map[string]string
	integration integrationView
}

func (g *Gateway) serve(r *http.Request, requestID string) (answer, int) {
	to, status := g.find(r)
	if status != 0 {
		return answer{}, status
	}
	if headerSize(r) > maxHeaders {
		return answer{}, http.StatusRequestHeaderFieldsTooLarge
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, maxPayload+1))
	if err != nil || len(body) > maxPayload {
		return answer{}, http.StatusRequestEntityTooLarge
	}
	now := g.env.Clock.Now()
	event := newEvent(r, arrival{
		account: g.env.AccountID, apiID: to.apiID, domain: g.domain(to.apiID), requestID: requestID, now: now,
		traceID: fmt.Sprintf("Root=1-%08x-%s", now.Unix(),
			wire.NewRequestID()[:8]+strings.ReplaceAll(wire.NewRequestID(), "-", "")[:16]),
		stage: to.stage.StageName, variables: to.stage.StageVariables, routeKey: to.route.RouteKey, parameters: to.parameters,
		sourceIP: sourceIP(r), body: body,
	})
	return g.invoke(r.Context(), to, r.Method, event)
}

// find resolves host, stage and route.
func (g *Gateway) find(r *http.Request) (destination, int) {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	id, _, _ := strings.Cut(host, ".")
	g.mu.RLock()
	defer g.mu.RUnlock()
	a := g.apis[id]
	if a == nil || host != g.domain(id) {
		return destination{}, http.StatusForbidden
	}
	if a.DisableExecuteApiEndpoint {
		return destination{}, http.StatusNotFound
	}
	path := decodedPath(r.URL)
	stage, path, found := a.stageFor(path)
	if !found {
		return destination{}, http.StatusNotFound
	}
	routes, integrations, deployed := a.served(stage)
	if !deployed {
		return destination{}, http.StatusNotFound
	}
	chosen, parameters, ok := selectRoute(slices.Collect(maps.Values(routes)), r.Method, path)
	integration, targeted := integrations[strings.TrimPrefix(chosen.Target, "integrations/")]
	if !ok || !targeted {
		return destination{}, http.StatusNotFound
	}
	key, _ := parseRouteKey(chosen.RouteKey) // it was checked when the route was made
	return destination{apiID: id, stage: stage, route: chosen, key: key, parameters: parameters,
		integration: integration}, 0
}

// stageFor takes the stage that the first segment names, else the default stage with the whole path.
func (a *api) stageFor(path string) (stageView, string, bool) {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if stage, named := a.stages[first]; named && first != defaultStage {
		return stage, "/" + rest, true
	}
	stage, found := a.stages[defaultStage]
	return stage, path, found
}

func headerSize(r *http.Request) int {
	size := len(r.Method) + len(r.URL.RequestURI())
	for name, values := range r.Header {
		for _, value := range values {
			size += len(name) + len(value) + len(": \r\n")
		}
	}
	return size
}

func sourceIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

// invoke calls the function and converts what it returns.
func (g *Gateway) invoke(ctx context.Context, to destination, method string, event Event) (answer, int) {
	payload, err := json.Marshal(event)
	if err != nil {
		return answer{}, http.StatusInternalServerError
	}
	timeout := time.Duration(to.integration.TimeoutInMillis) * time.Millisecond
	if g.options.MaxTimeout > 0 {
		timeout = min(timeout, g.options.MaxTimeout)
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	source := g.env.ARN("execute-api", to.apiID+"/"+to.stage.StageName+"/"+to.key.resource(method))
	returned, failed, err := g.options.Invoke(ctx, principal, source, functionARN(to.integration.IntegrationUri), payload)
	if err != nil {
		return answer{}, invocationStatus(ctx, err)
	}
	if failed != "" {
		return answer{}, http.StatusInternalServerError
	}
	converted, err := newAnswer(returned)
	if err != nil {
		return answer{}, http.StatusInternalServerError
	}
	return converted, 0
}

// invocationStatus tells "too slow", "throttled" and "too large for Lambda" from everything else that keeps a function
// from being invoked.
func invocationStatus(ctx context.Context, err error) int {
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		return http.StatusServiceUnavailable
	}
	var coded smithy.APIError
	switch errors.As(err, &coded); {
	case coded == nil:
	case coded.ErrorCode() == "TooManyRequestsException":
		return http.StatusServiceUnavailable
	case coded.ErrorCode() == "RequestTooLargeException":
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusInternalServerError
}

// invokeOverTheWire invokes with the SDK, so that the call shows in the call log with its principal. It never repeats
// an invocation: the gateway does not.
func (g *Gateway) invokeOverTheWire(
	ctx context.Context, principal, sourceARN, functionARN string, payload []byte,
) ([]byte, string, error) {
	client := lambda.NewFromConfig(g.env.ServiceConfig(principal, sourceARN), func(o *lambda.Options) {
		o.Retryer = aws.NopRetryer{}
	})
	out, err := client.Invoke(ctx, &lambda.InvokeInput{FunctionName: aws.String(functionARN), Payload: payload})
	if err != nil {
		return nil, "", err
	}
	return out.Payload, aws.ToString(out.FunctionError), nil
}
