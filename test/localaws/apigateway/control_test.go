package apigateway

import (
	"errors"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func TestAnAPIIsReadBackUpdatedAndDeletedWithItsParts(t *testing.T) {
	l := start(t, Options{})
	created, err := l.CreateApi(t.Context(), &sdk.CreateApiInput{
		Name: aws.String("app"), ProtocolType: types.ProtocolTypeHttp, Tags: map[string]string{"a": "1"},
	})
	must(t, err)
	if want := "https://" + *created.ApiId + ".execute-api.eu-central-1.amazonaws.com"; *created.ApiEndpoint != want {
		t.Errorf("endpoint %s", *created.ApiEndpoint)
	}
	_, err = l.UpdateApi(t.Context(), &sdk.UpdateApiInput{ApiId: created.ApiId, DisableExecuteApiEndpoint: aws.Bool(true)})
	must(t, err)
	got, err := l.GetApi(t.Context(), &sdk.GetApiInput{ApiId: created.ApiId})
	must(t, err)
	if *got.Name != "app" || !*got.DisableExecuteApiEndpoint || got.CreatedDate == nil || got.Tags["a"] != "1" {
		t.Errorf("read back as %+v", got)
	}
	_, err = l.DeleteApi(t.Context(), &sdk.DeleteApiInput{ApiId: created.ApiId})
	must(t, err)
	_, err = l.GetApi(t.Context(), &sdk.GetApiInput{ApiId: created.ApiId})
	expectCode(t, err, "NotFoundException")
	_, err = l.GetRoutes(t.Context(), &sdk.GetRoutesInput{ApiId: created.ApiId})
	expectCode(t, err, "NotFoundException")
}

func TestAPIsAreListedInPages(t *testing.T) {
	l := start(t, Options{})
	want := map[string]bool{}
	for range 3 {
		id, _ := l.api(t)
		want[id] = true
	}
	in := &sdk.GetApisInput{MaxResults: aws.String("2")}
	for {
		out, err := l.GetApis(t.Context(), in)
		must(t, err)
		for _, a := range out.Items {
			delete(want, *a.ApiId)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if len(want) != 0 {
		t.Errorf("never listed: %v", want)
	}
}

func TestAStageIsUniqueAndTakesAnUpdate(t *testing.T) {
	l := start(t, Options{})
	id, _ := l.api(t)
	_, err := l.CreateStage(t.Context(), &sdk.CreateStageInput{
		ApiId: &id, StageName: aws.String("$default"), AutoDeploy: aws.Bool(true),
	})
	expectCode(t, err, "ConflictException")
	_, err = l.UpdateStage(t.Context(),
		&sdk.UpdateStageInput{ApiId: &id, StageName: aws.String("$default"), DefaultRouteSettings: &types.RouteSettings{
			ThrottlingBurstLimit: aws.Int32(10), ThrottlingRateLimit: aws.Float64(5),
		}})
	must(t, err)
	got, err := l.GetStage(t.Context(), &sdk.GetStageInput{ApiId: &id, StageName: aws.String("$default")})
	must(t, err)
	if !*got.AutoDeploy || *got.DefaultRouteSettings.ThrottlingBurstLimit != 10 || got.DeploymentId == nil {
		t.Errorf("read back as %+v", got)
	}
	_, err = l.DeleteStage(t.Context(), &sdk.DeleteStageInput{ApiId: &id, StageName: aws.String("$default")})
	must(t, err)
	_, err = l.GetStage(t.Context(), &sdk.GetStageInput{ApiId: &id, StageName: aws.String("$default")})
	expectCode(t, err, "NotFoundException")
}

func TestIntegrationsThatAWSRefusesAreRefused(t *testing.T) {
	l := start(t, Options{})
	id, _ := l.api(t)
	for _, row := range []struct {
		change func(*sdk.CreateIntegrationInput)
		why    string
	}{
		{func(i *sdk.CreateIntegrationInput) { i.TimeoutInMillis = aws.Int32(30_001) }, "30 seconds are the most"},
		{func(i *sdk.CreateIntegrationInput) { i.TimeoutInMillis = aws.Int32(49) }, "50 milliseconds are the least"},
		{func(i *sdk.CreateIntegrationInput) { i.IntegrationUri = aws.String("https://example.com") },
			"a proxy integration names a function"},
		{func(i *sdk.CreateIntegrationInput) { i.PayloadFormatVersion = nil }, "the payload format version must be given"},
		{func(i *sdk.CreateIntegrationInput) { i.IntegrationType = types.IntegrationTypeMock }, "HTTP APIs have no mocks"},
		{func(i *sdk.CreateIntegrationInput) { i.PassthroughBehavior = types.PassthroughBehaviorNever },
			"a parameter of WebSocket APIs"},
	} {
		in := &sdk.CreateIntegrationInput{
			ApiId: &id, IntegrationType: types.IntegrationTypeAwsProxy, IntegrationUri: aws.String(function),
			PayloadFormatVersion: aws.String("2.0"),
		}
		row.change(in)
		_, err := l.CreateIntegration(t.Context(), in)
		var coded smithy.APIError
		if !errors.As(err, &coded) || coded.ErrorCode() != "BadRequestException" {
			t.Errorf("%v: %s", err, row.why)
		}
	}
}

func TestAnIntegrationNamesItsFunctionInTwoWays(t *testing.T) {
	for _, uri := range []string{function,
		"arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/" + function + "/invocations"} {
		if got := functionARN(uri); got != function {
			t.Errorf("%s is the function %q", uri, got)
		}
	}
}

func TestAnIntegrationInUseIsNotDeleted(t *testing.T) {
	l := start(t, Options{})
	id, integration := l.api(t, "$default")
	_, err := l.DeleteIntegration(t.Context(), &sdk.DeleteIntegrationInput{ApiId: &id, IntegrationId: &integration})
	expectCode(t, err, "ConflictException")
	routes, err := l.GetRoutes(t.Context(), &sdk.GetRoutesInput{ApiId: &id})
	must(t, err)
	_, err = l.DeleteRoute(t.Context(), &sdk.DeleteRouteInput{ApiId: &id, RouteId: routes.Items[0].RouteId})
	must(t, err)
	_, err = l.DeleteIntegration(t.Context(), &sdk.DeleteIntegrationInput{ApiId: &id, IntegrationId: &integration})
	must(t, err)
}

func TestRouteKeysAreCheckedAndUnique(t *testing.T) {
	l := start(t, Options{})
	id, integration := l.api(t, "ANY /{proxy+}")
	target := aws.String("integrations/" + integration)
	for _, row := range []struct{ key, target, code, why string }{
		{"ANY /{proxy+}", *target, "ConflictException", "the key exists"},
		{"/path", *target, "BadRequestException", "there is no method"},
		{"FETCH /path", *target, "BadRequestException", "there is no such method"},
		{"GET path", *target, "BadRequestException", "the path begins with a slash"},
		{"GET /{proxy+}/more", *target, "BadRequestException", "a greedy variable is the last segment"},
		{"GET /{id", *target, "BadRequestException", "the brace closes"},
		{"GET /path", "integrations/missing", "BadRequestException", "the target exists"},
	} {
		_, err := l.CreateRoute(t.Context(), &sdk.CreateRouteInput{ApiId: &id, RouteKey: &row.key, Target: &row.target})
		var coded smithy.APIError
		if !errors.As(err, &coded) || coded.ErrorCode() != row.code {
			t.Errorf("%q: %v, want %s: %s", row.key, err, row.code, row.why)
		}
	}
	_, err := l.CreateRoute(t.Context(), &sdk.CreateRouteInput{
		ApiId: &id, RouteKey: aws.String("GET /x"), Target: target, AuthorizationType: types.AuthorizationTypeAwsIam,
	})
	expectCode(t, err, "BadRequestException")
}

func TestTagsOfAnAPIAndOfItsStage(t *testing.T) {
	l := start(t, Options{})
	id, _ := l.api(t)
	for _, arn := range []string{"arn:aws:apigateway:eu-central-1::/apis/" + id,
		"arn:aws:apigateway:eu-central-1::/apis/" + id + "/stages/$default"} {
		_, err := l.TagResource(t.Context(), &sdk.TagResourceInput{
			ResourceArn: &arn, Tags: map[string]string{"a": "1", "b": "2"},
		})
		must(t, err)
		_, err = l.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: &arn, TagKeys: []string{"a"}})
		must(t, err)
		out, err := l.GetTags(t.Context(), &sdk.GetTagsInput{ResourceArn: &arn})
		must(t, err)
		if diff := cmp.Diff(map[string]string{"b": "2"}, out.Tags); diff != "" {
			t.Errorf("%s: %s", arn, diff)
		}
	}
}
