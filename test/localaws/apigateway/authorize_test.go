package apigateway

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestPoliciesAreAskedAboutMethodAndPath(t *testing.T) {
	l := start(t, Options{})
	id, _ := l.api(t)
	var asked []string
	l.env.Gateway.Authorize = func(_ *wire.Call, action, resource string) error {
		asked = append(asked, action+" "+resource)
		return nil
	}
	_, _ = l.GetApis(t.Context(), &sdk.GetApisInput{})
	_, _ = l.UpdateApi(t.Context(), &sdk.UpdateApiInput{ApiId: &id})
	_, _ = l.GetTags(t.Context(), &sdk.GetTagsInput{
		ResourceArn: aws.String("arn:aws:apigateway:eu-central-1::/apis/" + id),
	})
	const arn = "arn:aws:apigateway:eu-central-1::"
	want := []string{"apigateway:GET " + arn + "/apis", "apigateway:PATCH " + arn + "/apis/" + id,
		"apigateway:GET " + arn + "/tags/" + arn + "/apis/" + id}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
