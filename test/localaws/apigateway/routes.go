package apigateway

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// route sends requests that fit its key to its target, "integrations/<id>".
type route struct {
	ApiKeyRequired    bool `wire:",required"`
	AuthorizationType string
	OperationName     string
	RouteId           string
	RouteKey          string
	Target            string
}

type createRouteInput struct {
	ApiId             string `wire:",path"`
	RouteKey          string `wire:",required"`
	AuthorizationType string
	OperationName     string
	Target            string
}

func (g *Gateway) createRoute(_ context.Context, call *wire.Call, in *createRouteInput) (*route, error) {
	call.On(in.ApiId + " " + in.RouteKey)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	r := route{
		RouteId: newID(7), RouteKey: in.RouteKey, Target: in.Target, OperationName: in.OperationName,
		AuthorizationType: cmp.Or(in.AuthorizationType, "NONE"),
	}
	if err := a.checkRoute(r); err != nil {
		return nil, err
	}
	a.routes[r.RouteId] = r
	return &r, nil
}

// checkRoute holds route keys well formed and unique, and targets to integrations that exist.
func (a *api) checkRoute(r route) error {
	if _, err := parseRouteKey(r.RouteKey); err != nil {
		return invalid("%s", err)
	}
	if r.AuthorizationType != "NONE" {
		return invalid("Authorizers are not supported by the local AWS.")
	}
	for _, other := range a.routes {
		if other.RouteKey == r.RouteKey && other.RouteId != r.RouteId {
			return wire.Errorf(http.StatusConflict, "ConflictException", "Route with key %s already exists for this API",
				r.RouteKey)
		}
	}
	id, ours := strings.CutPrefix(r.Target, "integrations/")
	if _, exists := a.integrations[id]; r.Target != "" && !(ours && exists) {
		return invalid("Invalid target specified: %s does not name an integration of this API.", r.Target)
	}
	return nil
}

type routeInput struct {
	ApiId   string `wire:",path"`
	RouteId string `wire:",path"`
}

// route finds one by id; the caller holds mu.
func (g *Gateway) route(apiID, id string) (*api, route, error) {
	a, err := g.api(apiID)
	if err != nil {
		return nil, route{}, err
	}
	r, found := a.routes[id]
	if !found {
		return nil, route{}, notFound("Invalid Route identifier specified")
	}
	return a, r, nil
}

func (g *Gateway) getRoute(_ context.Context, call *wire.Call, in *routeInput) (*route, error) {
	call.On(in.ApiId + " " + in.RouteId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, r, err := g.route(in.ApiId, in.RouteId)
	return &r, err
}

type routesOutput struct {
	Items     []route `wire:",required"`
	NextToken string
}

func (g *Gateway) getRoutes(_ context.Context, call *wire.Call, in *partsInput) (*routesOutput, error) {
	call.On(in.ApiId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	page, next := pageOf(a.routes, in.paging())
	return &routesOutput{Items: page, NextToken: next}, nil
}

type updateRouteInput struct {
	ApiId         string `wire:",path"`
	RouteId       string `wire:",path"`
	RouteKey      *string
	OperationName *string
	Target        *string
}

func (g *Gateway) updateRoute(_ context.Context, call *wire.Call, in *updateRouteInput) (*route, error) {
	call.On(in.ApiId + " " + in.RouteId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, r, err := g.route(in.ApiId, in.RouteId)
	if err != nil {
		return nil, err
	}
	apply(&r.RouteKey, in.RouteKey)
	apply(&r.OperationName, in.OperationName)
	apply(&r.Target, in.Target)
	if err := a.checkRoute(r); err != nil {
		return nil, err
	}
	a.routes[r.RouteId] = r
	return &r, nil
}

func (g *Gateway) deleteRoute(_ context.Context, call *wire.Call, in *routeInput) (*wire.Empty, error) {
	call.On(in.ApiId + " " + in.RouteId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, _, err := g.route(in.ApiId, in.RouteId)
	if err != nil {
		return nil, err
	}
	delete(a.routes, in.RouteId)
	return nil, nil
}
