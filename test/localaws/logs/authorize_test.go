package logs

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/google/go-cmp/cmp"

	"github.com/aloft-dev/aloft/test/localaws/wire"
)

func TestPoliciesAreAskedAboutTheGroupAndItsStreams(t *testing.T) {
	l := start(t, Limits{})
	var asked []string
	l.store.env.Gateway.Authorize = func(_ *wire.Call, action, resource string) error {
		asked = append(asked, action+" "+resource)
		return nil
	}
	l.group(t, "app", "one")
	_, _ = l.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{
		LogGroupIdentifier: aws.String(l.store.arn("app")),
	})
	_, _ = l.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{})
	_, _ = l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: aws.String(l.store.arn("app"))})
	const arn = "arn:aws:logs:eu-central-1:123456789012:log-group:"
	want := []string{
		"logs:CreateLogGroup " + arn + "app:log-stream:",
		"logs:CreateLogStream " + arn + "app:log-stream:one",
		"logs:FilterLogEvents " + arn + "app:log-stream:",
		"logs:DescribeLogGroups " + arn + ":log-stream:",
		"logs:ListTagsForResource " + arn + "app",
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}
