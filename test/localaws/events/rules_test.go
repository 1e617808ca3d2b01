package events

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"
	"github.com/aws/smithy-go"
	"github.com/google/go-cmp/cmp"
)

func TestARuleIsDescribedAsItWasPut(t *testing.T) {
	l := start(t, Options{Manual: true})
	put, err := l.PutRule(t.Context(), &sdk.PutRuleInput{
		Name: aws.String("app-schedule"), ScheduleExpression: aws.String("rate(1 minute)"),
		Description: aws.String("each minute"), Tags: []types.Tag{{Key: aws.String("a"), Value: aws.String("1")}},
	})
	must(t, err)
	if want := "arn:aws:events:eu-central-1:123456789012:rule/app-schedule"; *put.RuleArn != want {
		t.Errorf("ARN %s", *put.RuleArn)
	}
	out, err := l.DescribeRule(t.Context(), &sdk.DescribeRuleInput{
		Name: aws.String("app-schedule"), EventBusName: aws.String("default"),
	})
	must(t, err)
	if out.State != types.RuleStateEnabled || *out.ScheduleExpression != "rate(1 minute)" ||
		*out.EventBusName != "default" {
		t.Errorf("described as %s %s on %s", out.State, *out.ScheduleExpression, *out.EventBusName)
	}
	tags, err := l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceARN: put.RuleArn})
	must(t, err)
	if len(tags.Tags) != 1 || *tags.Tags[0].Value != "1" {
		t.Errorf("tags %v", tags.Tags)
	}
}

func TestRulesThatAWSRefusesAreRefused(t *testing.T) {
	l := start(t, Options{Manual: true})
	for _, row := range []struct {
		in  sdk.PutRuleInput
		why string
	}{
		{sdk.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minutes)")}, "1 is singular"},
		{sdk.PutRuleInput{Name: aws.String("r")}, "there is neither a schedule nor a pattern"},
		{sdk.PutRuleInput{Name: aws.String("a b"), ScheduleExpression: aws.String("rate(1 minute)")}, "names have no spaces"},
		{sdk.PutRuleInput{Name: aws.String(strings.Repeat("a", 65)), ScheduleExpression: aws.String("rate(1 minute)")},
			"names have at most 64 characters"},
		{sdk.PutRuleInput{Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minute)"), State: "PAUSED"},
			"no such state"},
	} {
		_, err := l.PutRule(t.Context(), &row.in)
		var coded smithy.APIError
		if !errors.As(err, &coded) || coded.ErrorCode() != "ValidationException" {
			t.Errorf("%v: %s", err, row.why)
		}
	}
	_, err := l.PutRule(t.Context(), &sdk.PutRuleInput{
		Name: aws.String("r"), ScheduleExpression: aws.String("rate(1 minute)"), EventBusName: aws.String("other"),
	})
	expectCode(t, err, "ResourceNotFoundException")
	_, err = l.DescribeRule(t.Context(), &sdk.DescribeRuleInput{Name: aws.String("r")})
	expectCode(t, err, "ResourceNotFoundException")
}

func TestAnUpdateReplacesSettingsButNotTargetsAndTags(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	_, err := l.PutRule(t.Context(), &sdk.PutRuleInput{
		Name: aws.String("r"), ScheduleExpression: aws.String("rate(2 minutes)"), State: types.RuleStateDisabled,
		Tags: []types.Tag{{Key: aws.String("ignored"), Value: aws.String("1")}},
	})
	must(t, err)
	out, err := l.DescribeRule(t.Context(), &sdk.DescribeRuleInput{Name: aws.String("r")})
	must(t, err)
	targets, err := l.ListTargetsByRule(t.Context(), &sdk.ListTargetsByRuleInput{Rule: aws.String("r")})
	must(t, err)
	tags, err := l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceARN: out.Arn})
	must(t, err)
	if out.State != types.RuleStateDisabled || *out.ScheduleExpression != "rate(2 minutes)" || len(targets.Targets) != 1 ||
		len(tags.Tags) != 0 {
		t.Errorf("%s %s, %d targets, %d tags", out.State, *out.ScheduleExpression, len(targets.Targets), len(tags.Tags))
	}
}

func TestARuleIsDeletedOnlyWithoutTargets(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)", to("cli", function))
	_, err := l.DeleteRule(t.Context(), &sdk.DeleteRuleInput{Name: aws.String("r")})
	expectCode(t, err, "ValidationException")
	removed, err := l.RemoveTargets(t.Context(), &sdk.RemoveTargetsInput{
		Rule: aws.String("r"), Ids: []string{"cli", "other"},
	})
	must(t, err)
	if removed.FailedEntryCount != 1 || *removed.FailedEntries[0].TargetId != "other" {
		t.Errorf("an unknown id is a failed entry: %v", removed.FailedEntries)
	}
	for range 2 { // deleting what is gone is no error
		_, err = l.DeleteRule(t.Context(), &sdk.DeleteRuleInput{Name: aws.String("r")})
		must(t, err)
	}
}

func TestTargetsThatAWSRefusesAreRefused(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)")
	for _, row := range []struct {
		target types.Target
		why    string
	}{
		{types.Target{Id: aws.String("a"), Arn: aws.String(function), Input: aws.String("{not json")}, "input is JSON"},
		{types.Target{Id: aws.String("a b"), Arn: aws.String(function)}, "ids have no spaces"},
		{types.Target{Id: aws.String("a"), Arn: aws.String("app-cli")}, "a target is an ARN"},
		{types.Target{Id: aws.String("a"), Arn: aws.String(function), Input: aws.String("1"),
			InputPath: aws.String("$.detail")}, "one input only"},
		{types.Target{Id: aws.String("a"), Arn: aws.String(function),
			RetryPolicy: &types.RetryPolicy{MaximumRetryAttempts: aws.Int32(186)}}, "at most 185 retries"},
		{types.Target{Id: aws.String("a"), Arn: aws.String(function), SqsParameters: &types.SqsParameters{}},
			"queues are no targets here"},
	} {
		_, err := l.PutTargets(t.Context(), &sdk.PutTargetsInput{Rule: aws.String("r"), Targets: []types.Target{row.target}})
		var coded smithy.APIError
		if !errors.As(err, &coded) || coded.ErrorCode() != "ValidationException" {
			t.Errorf("%v: %s", err, row.why)
		}
	}
	_, err := l.PutTargets(t.Context(), &sdk.PutTargetsInput{
		Rule: aws.String("missing"), Targets: []types.Target{to("a", function)},
	})
	expectCode(t, err, "ResourceNotFoundException")
}

func TestARuleHasAtMostFiveTargetsAndReplacesThemByID(t *testing.T) {
	l := start(t, Options{Manual: true})
	l.rule(t, "r", "rate(1 minute)", to("1", function), to("2", function), to("3", function), to("4", function),
		to("5", function))
	_, err := l.PutTargets(t.Context(), &sdk.PutTargetsInput{
		Rule: aws.String("r"), Targets: []types.Target{to("5", function+"2")},
	})
	must(t, err)
	_, err = l.PutTargets(t.Context(), &sdk.PutTargetsInput{
		Rule: aws.String("r"), Targets: []types.Target{to("6", function)},
	})
	expectCode(t, err, "LimitExceededException")
	out, err := l.ListTargetsByRule(t.Context(), &sdk.ListTargetsByRuleInput{Rule: aws.String("r")})
	must(t, err)
	if len(out.Targets) != 5 || *out.Targets[4].Arn != function+"2" {
		t.Errorf("%d targets, the fifth is %s", len(out.Targets), *out.Targets[4].Arn)
	}
	names, err := l.ListRuleNamesByTarget(t.Context(), &sdk.ListRuleNamesByTargetInput{TargetArn: aws.String(function)})
	must(t, err)
	if diff := cmp.Diff([]string{"r"}, names.RuleNames); diff != "" {
		t.Error(diff)
	}
}

func TestRulesAreListedByPrefixAndInPages(t *testing.T) {
	l := start(t, Options{Manual: true})
	for _, name := range []string{"a-1", "a-2", "a-3", "b"} {
		l.rule(t, name, "rate(1 minute)")
	}
	in := &sdk.ListRulesInput{NamePrefix: aws.String("a-"), Limit: aws.Int32(2)}
	var names []string
	for {
		out, err := l.ListRules(t.Context(), in)
		must(t, err)
		for _, r := range out.Rules {
			names = append(names, *r.Name)
		}
		if in.NextToken = out.NextToken; in.NextToken == nil {
			break
		}
	}
	if diff := cmp.Diff([]string{"a-1", "a-2", "a-3"}, names); diff != "" {
		t.Error(diff)
	}
}
