package events

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestPoliciesAreAskedAboutTheRule(t *testing.T) {
	l := start(t, Options{Manual: true})
	var asked []string
	l.env.Gateway.Authorize = func(_ *wire.Call, action, resource string) error {
		asked = append(asked, action+" "+resource)
		return nil
	}
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	_, _ = l.ListRules(t.Context(), &sdk.ListRulesInput{})
	_, _ = l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceARN: aws.String(ruleARN)})
	want := []string{
		"events:PutRule " + ruleARN, "events:PutTargets " + ruleARN,
		"events:ListRules arn:aws:events:eu-central-1:123456789012:rule/*", "events:ListTagsForResource " + ruleARN,
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
