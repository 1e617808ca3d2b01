// Package apigateway is API Gateway's HTTP APIs of the local AWS: APIs, stages, routes and integrations, and the data
// plane that turns requests into invocations of Lambda functions.
//
// Rules it encodes (API Gateway Developer Guide, "HTTP APIs", and the API reference):
//   - A request becomes an event of payload format 2.0, and what the function returns a response, inferred
//     when it names no status.
//   - rawPath is percent-decoded, and cut at a question mark that decoding brings to light; rawQueryString is
//     untouched. Only text/* and three application types travel as text; forms and bodies without a type are base64.
//     (Both as captured from AWS.)
//   - The function is invoked as apigateway.amazonaws.com for
//     arn:aws:execute-api:<region>:<account>:<api>/<stage>/<route>, synchronously and once. Without permission, or when
//     it fails, the client sees 500 and nothing else; slower than the timeout or throttled, 503.
//   - A full match goes before variables, these before greedy ones, these before $default. No route is 404, an unknown
//     host 403, a disabled endpoint 404; requests have at most 10 MB, events 6 MB (413), and
//     requests 10,240 bytes of headers.
//   - An integration's timeout is 50 ms to 30 s; an integration with a route and a target without an
//     integration are refused.
//
// Not yet proven against AWS itself: the bodies of 413 and 431, and the source ARN of a route with the method ANY.
package apigateway

import (
	"context"
	"crypto/rand"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// Invoke runs a function synchronously. A failed function is no error but a name in functionError, as
// "Unhandled"; errors carry AWS's code.
type Invoke func(ctx context.Context, principal, sourceARN, functionARN string, payload []byte) (
	result []byte, functionError string, err error,
)

// Options shape the gateway.
type Options struct {
	// Invoke reaches Lambda; nil means lambda:Invoke over the wire.
	Invoke Invoke
	// MaxTimeout shortens every integration's timeout, for tests of slow functions; 0 leaves them.
	MaxTimeout time.Duration
}

// Gateway is the service and its data plane.
type Gateway struct {
	env     *wire.Env
	options Options
	mu      sync.RWMutex
	apis    map[string]*api
}

// New plugs API Gateway in.
func New(env *wire.Env) (*wire.Service, error) { return open(env, Options{}).Service(), nil }

// open makes a service without APIs.
func open(env *wire.Env, options Options) *Gateway {
	g := &Gateway{env: env, options: options, apis: map[string]*api{}}
	if g.options.Invoke == nil {
		g.options.Invoke = g.invokeOverTheWire
	}
	return g
}

const (
	apis         = "/v2/apis"
	oneAPI       = apis + "/{apiId}"
	stages       = oneAPI + "/stages"
	oneStage     = stages + "/{stageName}"
	routes       = oneAPI + "/routes"
	oneRoute     = routes + "/{routeId}"
	integrations = oneAPI + "/integrations"
	oneIntegr    = integrations + "/{integrationId}"
	deployments  = oneAPI + "/deployments"
	oneDeploy    = deployments + "/{deploymentId}"
	tags         = "/v2/tags/{resource-arn+}"
)

// Service is the service on the wire; its data plane takes every request whose host is an API's.
func (g *Gateway) Service() *wire.Service {
	return &wire.Service{
		Name:     "apigateway",
		Protocol: wire.RESTJSON(),
		Names:    wire.LowerCamel,
		Invalid:  wire.Sender("BadRequestException"),
		Action:   action,
		Resource: g.resource,
		Claims:   func(r *http.Request) bool { return isAPIHost(r.Host) },
		Data:     http.HandlerFunc(g.ServeHTTP),
		Operations: slices.Concat([]wire.Operation{
			wire.Write("CreateApi", g.createAPI).At(http.MethodPost, apis).Answers(http.StatusCreated),
			wire.Read("GetApis", g.getAPIs).At(http.MethodGet, apis),
			wire.Read("GetApi", g.getAPI).At(http.MethodGet, oneAPI),
			wire.Write("UpdateApi", g.updateAPI).At(http.MethodPatch, oneAPI),
			wire.Write("DeleteApi", g.deleteAPI).At(http.MethodDelete, oneAPI).Answers(http.StatusNoContent),
			wire.Write("TagResource", g.tagResource).At(http.MethodPost, tags).Answers(http.StatusCreated),
			wire.Write("UntagResource", g.untagResource).At(http.MethodDelete, tags).Answers(http.StatusNoContent),
			wire.Read("GetTags", g.getTags).At(http.MethodGet, tags),
		}, g.partOperations()),
	}
}

func (g *Gateway) partOperations() []wire.Operation {
	return []wire.Operation{
		wire.Write("CreateStage", g.createStage).At(http.MethodPost, stages).Answers(http.StatusCreated),
		wire.Read("GetStages", g.getStages).At(http.MethodGet, stages),
		wire.Read("GetStage", g.getStage).At(http.MethodGet, oneStage),
		wire.Write("UpdateStage", g.updateStage).At(http.MethodPatch, oneStage),
		wire.Write("DeleteStage", g.deleteStage).At(http.MethodDelete, oneStage).Answers(http.StatusNoContent),
		wire.Write("CreateRoute", g.createRoute).At(http.MethodPost, routes).Answers(http.StatusCreated),
		wire.Read("GetRoutes", g.getRoutes).At(http.MethodGet, routes),
		wire.Read("GetRoute", g.getRoute).At(http.MethodGet, oneRoute),
		wire.Write("UpdateRoute", g.updateRoute).At(http.MethodPatch, oneRoute),
		wire.Write("DeleteRoute", g.deleteRoute).At(http.MethodDelete, oneRoute).Answers(http.StatusNoContent),
		wire.Write("CreateDeployment", g.createDeployment).At(http.MethodPost, deployments).Answers(http.StatusCreated),
		wire.Read("GetDeployment", g.getDeployment).At(http.MethodGet, oneDeploy),
		wire.Write("UpdateDeployment", g.updateDeployment).At(http.MethodPatch, oneDeploy),
		wire.Write("DeleteDeployment", g.deleteDeployment).At(http.MethodDelete, oneDeploy).Answers(http.StatusNoContent),
		wire.Write("CreateIntegration", g.createIntegration).At(http.MethodPost, integrations).Answers(http.StatusCreated),
		wire.Read("GetIntegrations", g.getIntegrations).At(http.MethodGet, integrations),
		wire.Read("GetIntegration", g.getIntegration).At(http.MethodGet, oneIntegr),
		wire.Write("UpdateIntegration", g.updateIntegration).At(http.MethodPatch, oneIntegr),
		wire.Write("DeleteIntegration", g.deleteIntegration).At(http.MethodDelete, oneIntegr).Answers(http.StatusNoContent),
	}
}

// invalid is API Gateway's answer to a parameter that it refuses.
func invalid(format string, args ...any) *wire.Error {
	return wire.Errorf(http.StatusBadRequest, "BadRequestException", format, args...)
}

func notFound(format string, args ...any) *wire.Error {
	return wire.Errorf(http.StatusNotFound, "NotFoundException", format, args...)
}

// newID is an identifier in API Gateway's form: lower-case letters and digits.
func newID(length int) string {
	return strings.ToLower(rand.Text())[:length]
}

// apply sets a field when an update names it.
func apply[T any](field *T, update *T) {
	if update != nil {
		*field = *update
	}
}

// listInput is the paging of every list.
type listInput struct {
	MaxResults int    `wire:",query"`
	NextToken  string `wire:",query"`
}

// pageOf cuts a page out of a list that is in order of ids; the token is the last id of the page before.
func pageOf[T any](items map[string]T, in listInput) ([]T, string) {
	ids := slices.Sorted(maps.Keys(items))
	if in.NextToken != "" {
		from, found := slices.BinarySearch(ids, in.NextToken)
		if found {
			from++
		}
		ids = ids[from:]
	}
	next := ""
	if in.MaxResults > 0 && in.MaxResults < len(ids) {
		ids = ids[:in.MaxResults]
		next = ids[len(ids)-1]
	}
	page := make([]T, len(ids))
	for i, id := range ids {
		page[i] = items[id]
	}
	return page, next
}
