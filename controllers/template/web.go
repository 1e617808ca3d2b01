package template

// api is AWS::ApiGatewayV2::Api.
type api struct {
	Name         string
	ProtocolType string
}

func (api) resourceType() string { return apiType }

// integration is AWS::ApiGatewayV2::Integration.
type integration struct {
	API                  value `json:"ApiId"`
	IntegrationType      string
	IntegrationURI       value `json:"IntegrationUri"`
	PayloadFormatVersion string
	TimeoutInMillis      int32
}

func (integration) resourceType() string { return "AWS::ApiGatewayV2::Integration" }

// route is AWS::ApiGatewayV2::Route.
type route struct {
	API      value `json:"ApiId"`
	RouteKey string
	Target   value
}

func (route) resourceType() string { return "AWS::ApiGatewayV2::Route" }

// apiStage is AWS::ApiGatewayV2::Stage.
type apiStage struct {
	API        value `json:"ApiId"`
	StageName  string
	AutoDeploy bool
}

func (apiStage) resourceType() string { return "AWS::ApiGatewayV2::Stage" }

const (
	apiType = "AWS::ApiGatewayV2::Api"
	// theRest is the key of the route, and the name of the stage, that take what no other takes.
	theRest = "$default"
	// maxIntegrationMillis is API Gateway's own limit. The function's timeout decides below it, so that the integration,
	// which belongs to no release, never changes.
	maxIntegrationMillis = 30000
)

// addWeb adds the HTTP API in front of the http function. The route is there from the start and reaches nothing
// before the permission exists.
func (a App) addWeb(t *Template) {
	f := a.Desired.HTTP()
	base := functionBase(f.Role, f.Name)
	t.add(apiID, api{Name: a.Desired.Names.Prefix, ProtocolType: "HTTP"})
	t.add(integrationID, integration{
		API: ref(apiID), IntegrationType: "AWS_PROXY", IntegrationURI: aliasARN(base),
		PayloadFormatVersion: "2.0", TimeoutInMillis: maxIntegrationMillis,
	})
	t.add(routeID, route{API: ref(apiID), RouteKey: theRest, Target: join{text("integrations/"), ref(integrationID)}})
	t.add(apiStageID, apiStage{API: ref(apiID), StageName: theRest, AutoDeploy: true})
	t.add(apiPermissionID, mayInvoke(base, "apigateway", arn("execute-api", ref(apiID), text("/*/*"))), whenLive(base),
		of(f.Name))
}
