package apigateway

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// api is one HTTP API with its parts. Reading and writing it is guarded by the gateway's mu.
type api struct {
	apiView
	stages       map[string]stageView
	routes       map[string]route
	integrations map[string]integrationView
	deployments  map[string]deployment
}

type apiView struct {
	ApiEndpoint               string
	ApiId                     string
	ApiKeySelectionExpression string
	CorsConfiguration         *cors
	CreatedDate               time.Time `wire:",iso8601"`
	Description               string
	DisableExecuteApiEndpoint bool `wire:",required"`
	IpAddressType             string
	Name                      string
	ProtocolType              string
	RouteSelectionExpression  string
	Tags                      map[string]string `wire:",required"`
	Version                   string
}

type cors struct {
	AllowCredentials *bool
	AllowHeaders     []string
	AllowMethods     []string
	AllowOrigins     []string
	ExposeHeaders    []string
	MaxAge           *int
}

type createAPIInput struct {
	Name                      string `wire:",required"`
	ProtocolType              string `wire:",required"`
	Description               string
	DisableExecuteApiEndpoint bool
	IpAddressType             string
	RouteSelectionExpression  string
	ApiKeySelectionExpression string
	Tags                      map[string]string
	Version                   string
}

// createAPI takes HTTP APIs only. CORS and the quick-create parameters are refused by their absence.
func (g *Gateway) createAPI(_ context.Context, call *wire.Call, in *createAPIInput) (*apiView, error) {
	if in.ProtocolType != "HTTP" {
		return nil, invalid("Only the protocol type HTTP is supported by the local AWS.")
	}
	if err := checkAPI(in.Name, in.Description); err != nil {
		return nil, err
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	id := newID(10)
	a := &api{
		apiView: apiView{
			ApiEndpoint: "https://" + g.domain(id), ApiId: id, CreatedDate: g.env.Clock.Now().UTC(), Name: in.Name,
			ProtocolType: in.ProtocolType, Description: in.Description, DisableExecuteApiEndpoint: in.DisableExecuteApiEndpoint,
			IpAddressType: cmp.Or(in.IpAddressType, "ipv4"), Version: in.Version, Tags: merged(nil, in.Tags),
			RouteSelectionExpression:  cmp.Or(in.RouteSelectionExpression, "$request.method $request.path"),
			ApiKeySelectionExpression: cmp.Or(in.ApiKeySelectionExpression, "$request.header.x-api-key"),
		},
		stages: map[string]stageView{}, routes: map[string]route{}, integrations: map[string]integrationView{},
		deployments: map[string]deployment{},
	}
	call.On(id)
	g.mu.Lock()
	defer g.mu.Unlock()
	g.apis[id] = a
	return new(a.apiView), nil
}

func checkAPI(name, description string) error {
	if name == "" || len(name) > 128 || len(description) > 1024 {
		return invalid("Invalid API name or description specified.")
	}
	return nil
}

// domain is the host name of an API's default endpoint.
func (g *Gateway) domain(id string) string {
	return id + ".execute-api." + g.env.Region + "." + suffix(g.env.Region)
}

func suffix(region string) string {
	if strings.HasPrefix(region, "cn-") {
		return "amazonaws.com.cn"
	}
	return "amazonaws.com"
}

// api finds one by id; the caller holds mu.
func (g *Gateway) api(id string) (*api, error) {
	if a := g.apis[id]; a != nil {
		return a, nil
	}
	return nil, notFound("Invalid API identifier specified %s:%s", g.env.AccountID, id)
}

type apiInput struct {
	ApiId string `wire:",path"`
}

func (g *Gateway) getAPI(_ context.Context, call *wire.Call, in *apiInput) (*apiView, error) {
	call.On(in.ApiId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	return new(a.apiView), nil
}

type apisOutput struct {
	Items     []apiView `wire:",required"`
	NextToken string
}

func (g *Gateway) getAPIs(_ context.Context, _ *wire.Call, in *listInput) (*apisOutput, error) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	page, next := pageOf(g.apis, *in)
	out := &apisOutput{NextToken: next}
	for _, a := range page {
		out.Items = append(out.Items, a.apiView)
	}
	return out, nil
}

type updateAPIInput struct {
	ApiId                     string `wire:",path"`
	Name                      *string
	Description               *string
	DisableExecuteApiEndpoint *bool
	Version                   *string
}

func (g *Gateway) updateAPI(_ context.Context, call *wire.Call, in *updateAPIInput) (*apiView, error) {
	call.On(in.ApiId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	changed := a.apiView
	apply(&changed.Name, in.Name)
	apply(&changed.Description, in.Description)
	apply(&changed.DisableExecuteApiEndpoint, in.DisableExecuteApiEndpoint)
	apply(&changed.Version, in.Version)
	if err := checkAPI(changed.Name, changed.Description); err != nil {
		return nil, err
	}
	a.apiView = changed
	return &changed, nil
}

// deleteAPI removes an API with its stages, routes and integrations.
func (g *Gateway) deleteAPI(_ context.Context, call *wire.Call, in *apiInput) (*wire.Empty, error) {
	call.On(in.ApiId)
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, err := g.api(in.ApiId); err != nil {
		return nil, err
	}
	delete(g.apis, in.ApiId)
	return nil, nil
}
