package apigateway_test

import (
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"

	"github.com/aloft-dev/aloft/test/localaws"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// The registry's distribution API and this service both live under /v2/ of the one port.
func TestItsPathsAreNotTakenForTheRegistrys(t *testing.T) {
	server, err := localaws.New(localaws.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, server.Close()) })
	client := apigatewayv2.NewFromConfig(server.Config())
	api, err := client.CreateApi(t.Context(), &apigatewayv2.CreateApiInput{
		Name: aws.String("app"), ProtocolType: types.ProtocolTypeHttp,
	})
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, *api.ApiEndpoint+"/v2/things", nil)
	must(t, err)
	out, err := server.Transport().RoundTrip(r)
	must(t, err)
	defer out.Body.Close()
	if out.StatusCode != http.StatusNotFound || out.Header.Get("Apigw-Requestid") == "" {
		t.Errorf("an application's path under /v2/: %d %v", out.StatusCode, out.Header)
	}
}
