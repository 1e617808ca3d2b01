package apigateway

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
)

func TestAStageServesWhatWasDeployedToIt(t *testing.T) {
	l := start(t, Options{})
	api, integration := l.api(t, "GET /old")
	_, err := l.CreateStage(t.Context(), &sdk.CreateStageInput{ApiId: &api, StageName: aws.String("beta")})
	must(t, err)
	serves := func(why, path string, want int) {
		t.Helper()
		if got := l.request(t, http.MethodGet, api, path, "", nil).StatusCode; got != want {
			t.Errorf("%s: %s answered %d, want %d", why, path, got, want)
		}
	}
	serves("nothing was deployed", "/beta/old", http.StatusNotFound)
	first, err := l.CreateDeployment(t.Context(), &sdk.CreateDeploymentInput{ApiId: &api, StageName: aws.String("beta")})
	must(t, err)
	serves("it was deployed", "/beta/old", http.StatusOK)
	_, err = l.CreateRoute(t.Context(), &sdk.CreateRouteInput{ApiId: &api, RouteKey: aws.String("GET /new"),
		Target: aws.String("integrations/" + integration)})
	must(t, err)
	serves("the default stage deploys by itself", "/new", http.StatusOK)
	serves("this one does not", "/beta/new", http.StatusNotFound)
	second, err := l.CreateDeployment(t.Context(), &sdk.CreateDeploymentInput{ApiId: &api})
	must(t, err)
	_, err = l.UpdateStage(t.Context(), &sdk.UpdateStageInput{ApiId: &api, StageName: aws.String("beta"),
		DeploymentId: second.DeploymentId})
	must(t, err)
	serves("it was moved", "/beta/new", http.StatusOK)

	_, err = l.DeleteDeployment(t.Context(), &sdk.DeleteDeploymentInput{ApiId: &api, DeploymentId: second.DeploymentId})
	expectCode(t, err, "BadRequestException")
	_, err = l.DeleteDeployment(t.Context(), &sdk.DeleteDeploymentInput{ApiId: &api, DeploymentId: first.DeploymentId})
	must(t, err)
	_, err = l.UpdateStage(t.Context(), &sdk.UpdateStageInput{ApiId: &api, StageName: aws.String("beta"),
		DeploymentId: first.DeploymentId})
	expectCode(t, err, "NotFoundException")
	_, err = l.UpdateStage(t.Context(), &sdk.UpdateStageInput{ApiId: &api, StageName: aws.String("$default"),
		DeploymentId: second.DeploymentId})
	expectCode(t, err, "BadRequestException")
}
