package apigateway

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// deployment is an API as it was: what a stage serves that does not deploy by itself.
type deployment struct {
	deploymentView
	routes       map[string]route
	integrations map[string]integrationView
}

type deploymentView struct {
	AutoDeployed     bool      `wire:",required"`
	CreatedDate      time.Time `wire:",iso8601"`
	DeploymentId     string
	DeploymentStatus string
	Description      string
}

// served are the routes and integrations that a stage answers with; false where it has no deployment yet.
func (a *api) served(stage stageView) (map[string]route, map[string]integrationView, bool) {
	if stage.AutoDeploy {
		return a.routes, a.integrations, true
	}
	d, ok := a.deployments[stage.DeploymentId]
	return d.routes, d.integrations, ok
}

type createDeploymentInput struct {
	ApiId       string `wire:",path"`
	Description string
	StageName   string
}

func (g *Gateway) createDeployment(
	_ context.Context, call *wire.Call, in *createDeploymentInput,
) (*deploymentView, error) {
	call.On(in.ApiId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	if len(a.routes) == 0 {
		return nil, invalid("Unable to deploy API because no routes exist in this API")
	}
	d := deployment{routes: maps.Clone(a.routes), integrations: maps.Clone(a.integrations), deploymentView: deploymentView{
		DeploymentId: newID(6), DeploymentStatus: "DEPLOYED", Description: in.Description,
		CreatedDate: g.env.Clock.Now().UTC(),
	}}
	if in.StageName != "" {
		_, stage, err := g.stage(in.ApiId, in.StageName)
		if err != nil {
			return nil, err
		}
		if stage.AutoDeploy {
			return nil, invalid("Deployment ID can not be set on stage %s because AutoDeploy is enabled", in.StageName)
		}
		stage.DeploymentId = d.DeploymentId
		a.stages[in.StageName] = stage
	}
	a.deployments[d.DeploymentId] = d
	return &d.deploymentView, nil
}

type deploymentInput struct {
	ApiId        string `wire:",path"`
	DeploymentId string `wire:",path"`
}

// deployment finds one by id; the caller holds mu.
func (g *Gateway) deployment(apiID, id string) (*api, deployment, error) {
	a, err := g.api(apiID)
	if err != nil {
		return nil, deployment{}, err
	}
	d, found := a.deployments[id]
	if !found {
		return nil, deployment{}, notFound("Unable to find Deployment by name %s within the provided API", id)
	}
	return a, d, nil
}

func (g *Gateway) getDeployment(_ context.Context, call *wire.Call, in *deploymentInput) (*deploymentView, error) {
	call.On(in.ApiId + " " + in.DeploymentId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, d, err := g.deployment(in.ApiId, in.DeploymentId)
	return &d.deploymentView, err
}

type updateDeploymentInput struct {
	deploymentInput
	Description *string
}

func (g *Gateway) updateDeployment(
	_ context.Context, call *wire.Call, in *updateDeploymentInput,
) (*deploymentView, error) {
	call.On(in.ApiId + " " + in.DeploymentId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, d, err := g.deployment(in.ApiId, in.DeploymentId)
	if err != nil {
		return nil, err
	}
	apply(&d.Description, in.Description)
	a.deployments[d.DeploymentId] = d
	return &d.deploymentView, nil
}

func (g *Gateway) deleteDeployment(_ context.Context, call *wire.Call, in *deploymentInput) (*wire.Empty, error) {
	call.On(in.ApiId + " " + in.DeploymentId)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, d, err := g.deployment(in.ApiId, in.DeploymentId)
	if err != nil {
		return nil, err
	}
	served := func(stage stageView) bool { return !stage.AutoDeploy && stage.DeploymentId == d.DeploymentId }
	if slices.ContainsFunc(slices.Collect(maps.Values(a.stages)), served) {
		return nil, invalid("Active stages pointing to this deployment must be moved or deleted")
	}
	delete(a.deployments, d.DeploymentId)
	return nil, nil
}
