package apigateway

import (
	"cmp"
	"context"
	"net/http"
	"regexp"
	"time"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

// stageView is a stage. Changes of an API reach it at once when it deploys automatically, and else by a deployment.
type stageView struct {
	AutoDeploy           bool      `wire:",required"`
	CreatedDate          time.Time `wire:",iso8601"`
	DefaultRouteSettings *routeSettings
	DeploymentId         string
	Description          string
	LastUpdatedDate      time.Time                `wire:",iso8601"`
	RouteSettings        map[string]routeSettings `wire:",required"`
	StageName            string
	StageVariables       map[string]string `wire:",required"`
	Tags                 map[string]string `wire:",required"`
}

type routeSettings struct {
	DetailedMetricsEnabled *bool
	ThrottlingBurstLimit   *int
	ThrottlingRateLimit    *float64
}

var stageName = regexp.MustCompile(`^[-a-zA-Z0-9_]{1,128}$`)

type createStageInput struct {
	ApiId                string `wire:",path"`
	StageName            string `wire:",required"`
	AutoDeploy           bool
	DefaultRouteSettings *routeSettings
	DeploymentId         string
	Description          string
	StageVariables       map[string]string
	Tags                 map[string]string
}

func (g *Gateway) createStage(_ context.Context, call *wire.Call, in *createStageInput) (*stageView, error) {
	call.On(in.ApiId + " " + in.StageName)
	if in.StageName != defaultStage && !stageName.MatchString(in.StageName) {
		return nil, invalid("Stage name %s is not valid: only letters, digits, hyphens and underscores, or $default.",
			in.StageName)
	}
	if err := checkTags(in.Tags); err != nil {
		return nil, err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	if _, exists := a.stages[in.StageName]; exists {
		return nil, wire.Errorf(http.StatusConflict, "ConflictException", "Stage already exists")
	}
	if err := a.deployable(in.AutoDeploy, in.DeploymentId); err != nil {
		return nil, err
	}
	if in.AutoDeploy {
		in.DeploymentId = newID(6)
	}
	now := g.env.Clock.Now().UTC()
	stage := stageView{
		StageName: in.StageName, AutoDeploy: in.AutoDeploy, Description: in.Description, DefaultRouteSettings: in.DefaultRouteSettings,
		CreatedDate: now, LastUpdatedDate: now, DeploymentId: in.DeploymentId, StageVariables: merged(nil, in.StageVariables),
		Tags: merged(nil, in.Tags), RouteSettings: map[string]routeSettings{},
	}
	if stage.DefaultRouteSettings == nil {
		stage.DefaultRouteSettings = &routeSettings{DetailedMetricsEnabled: new(false)}
	}
	a.stages[in.StageName] = stage
	return &stage, nil
}

// deployable holds that a stage deploys by itself, or by a deployment that exists.
func (a *api) deployable(automatic bool, id string) error {
	if id == "" {
		return nil
	}
	if automatic {
		return invalid("Deployment ID can not be set on the stage because AutoDeploy is enabled")
	}
	if _, exists := a.deployments[id]; !exists {
		return notFound("Unable to find Deployment by name %s within the provided API", id)
	}
	return nil
}

type stageInput struct {
	ApiId     string `wire:",path"`
	StageName string `wire:",path"`
}

// stage finds one by name; the caller holds mu.
func (g *Gateway) stage(apiID, name string) (*api, stageView, error) {
	a, err := g.api(apiID)
	if err != nil {
		return nil, stageView{}, err
	}
	stage, found := a.stages[name]
	if !found {
		return nil, stageView{}, notFound("Unable to find Stage by name %s within the provided API", name)
	}
	return a, stage, nil
}

func (g *Gateway) getStage(_ context.Context, call *wire.Call, in *stageInput) (*stageView, error) {
	call.On(in.ApiId + " " + in.StageName)
	g.mu.RLock()
	defer g.mu.RUnlock()
	_, stage, err := g.stage(in.ApiId, in.StageName)
	return &stage, err
}

type partsInput struct {
	ApiId      string `wire:",path"`
	MaxResults int    `wire:",query"`
	NextToken  string `wire:",query"`
}

func (in *partsInput) paging() listInput {
	return listInput{MaxResults: in.MaxResults, NextToken: in.NextToken}
}

type stagesOutput struct {
	Items     []stageView `wire:",required"`
	NextToken string
}

func (g *Gateway) getStages(_ context.Context, call *wire.Call, in *partsInput) (*stagesOutput, error) {
	call.On(in.ApiId)
	g.mu.RLock()
	defer g.mu.RUnlock()
	a, err := g.api(in.ApiId)
	if err != nil {
		return nil, err
	}
	page, next := pageOf(a.stages, in.paging())
	return &stagesOutput{Items: page, NextToken: next}, nil
}

type updateStageInput struct {
	ApiId                string `wire:",path"`
	StageName            string `wire:",path"`
	AutoDeploy           *bool
	DefaultRouteSettings *routeSettings
	DeploymentId         string
	Description          *string
	StageVariables       map[string]string
}

func (g *Gateway) updateStage(_ context.Context, call *wire.Call, in *updateStageInput) (*stageView, error) {
	call.On(in.ApiId + " " + in.StageName)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, stage, err := g.stage(in.ApiId, in.StageName)
	if err != nil {
		return nil, err
	}
	apply(&stage.AutoDeploy, in.AutoDeploy)
	if err := a.deployable(stage.AutoDeploy, in.DeploymentId); err != nil {
		return nil, err
	}
	stage.DeploymentId = cmp.Or(in.DeploymentId, stage.DeploymentId)
	apply(&stage.Description, in.Description)
	if in.DefaultRouteSettings != nil {
		stage.DefaultRouteSettings = in.DefaultRouteSettings
	}
	if in.StageVariables != nil {
		stage.StageVariables = merged(nil, in.StageVariables)
	}
	stage.LastUpdatedDate = g.env.Clock.Now().UTC()
	a.stages[stage.StageName] = stage
	return &stage, nil
}

func (g *Gateway) deleteStage(_ context.Context, call *wire.Call, in *stageInput) (*wire.Empty, error) {
	call.On(in.ApiId + " " + in.StageName)
	g.mu.Lock()
	defer g.mu.Unlock()
	a, _, err := g.stage(in.ApiId, in.StageName)
	if err != nil {
		return nil, err
	}
	delete(a.stages, in.StageName)
	return nil, nil
}
