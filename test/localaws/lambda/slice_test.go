package lambda

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/lambda"
)

func TestAFunctionIsCreatedPublishedNamedAndInvoked(t *testing.T) {
	l := start(t, nil)
	l.create("shop", func(in *sdk.CreateFunctionInput) { in.Description = aws.String("b=1") })
	version := l.publish("shop")
	l.alias("shop", "live", version)
	out := l.invoke("shop", "live", `{"do":"log","text":"hello"}`)
	if out.FunctionError != nil || *out.ExecutedVersion != "1" || out.StatusCode != 200 {
		t.Errorf("the alias answered %d by version %s with %v", out.StatusCode, *out.ExecutedVersion, out.FunctionError)
	}
	tail, err := base64.StdEncoding.DecodeString(*out.LogResult)
	if err != nil || !strings.Contains(string(tail), "hello\n") {
		t.Errorf("the log's tail is %q (%v)", tail, err)
	}
	env := string(l.invoke("shop", "live", `{"do":"env"}`).Payload)
	for _, want := range []string{`"AWS_LAMBDA_FUNCTION_NAME":"shop"`, `"AWS_LAMBDA_FUNCTION_VERSION":"1"`,
		`"AWS_ENDPOINT_URL":"` + l.env.URL + `"`, `"AWS_ACCESS_KEY_ID":"ASIA`} {
		if !strings.Contains(env, want) {
			t.Errorf("the environment lacks %s: %s", want, env)
		}
	}
	failed := l.invoke("shop", "live", `{"do":"fail"}`)
	if aws.ToString(failed.FunctionError) != "Unhandled" || failed.StatusCode != 200 ||
		string(failed.Payload) != `{"errorType":"App.Broken","errorMessage":"it broke"}` {
		t.Errorf("a failing function answers %d %q with %s", failed.StatusCode, aws.ToString(failed.FunctionError),
			failed.Payload)
	}
}
