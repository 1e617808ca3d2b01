package logs

import (
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"
)

func TestALogGroupIsCreatedOnce(t *testing.T) {
	l := rule(t)
	l.group(t, l.run+"/aws/lambda/app")
	_, err := l.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: aws.String(l.run + "/aws/lambda/app")})
	expectCode(t, err, "ResourceAlreadyExistsException")
	_, err = l.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{LogGroupName: aws.String("no spaces")})
	expectCode(t, err, "InvalidParameterException")
}

func TestALogGroupIsDescribedWithBothOfItsARNs(t *testing.T) {
	l := rule(t)
	l.group(t, l.run+"/aws/lambda/app")
	l.group(t, l.run+"/other")
	out, err := l.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{
		LogGroupNamePrefix: aws.String(l.run + "/aws/"),
	})
	must(t, err)
	if len(out.LogGroups) != 1 {
		t.Fatalf("%d groups begin with /aws/", len(out.LogGroups))
	}
	g := out.LogGroups[0]
	arn := aws.ToString(g.LogGroupArn)
	if !strings.HasSuffix(
		arn, ":log-group:"+l.run+"/aws/lambda/app",
	) || *g.Arn != arn+":*" || g.LogGroupClass != types.LogGroupClassStandard || g.RetentionInDays != nil {
		t.Errorf("described as %s %s %s %v", *g.Arn, arn, g.LogGroupClass, g.RetentionInDays)
	}
}

func TestLogGroupsAreListedInPages(t *testing.T) {
	l := start(t, Limits{})
	for _, name := range []string{"a", "b", "c"} {
		l.group(t, name)
	}
	var names []string
	pages := sdk.NewDescribeLogGroupsPaginator(l, &sdk.DescribeLogGroupsInput{Limit: aws.Int32(2)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, g := range page.LogGroups {
			names = append(names, *g.LogGroupName)
		}
	}
	if diff := cmp.Diff([]string{"a", "b", "c"}, names); diff != "" {
		t.Error(diff)
	}
	_, err := l.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{NextToken: aws.String("made up")})
	expectCode(t, err, "InvalidParameterException")
}

func TestADeletedLogGroupIsGoneWithItsStreams(t *testing.T) {
	l := rule(t)
	l.group(t, l.run+"app", "one")
	_, err := l.DeleteLogGroup(t.Context(), &sdk.DeleteLogGroupInput{LogGroupName: aws.String(l.run + "app")})
	must(t, err)
	_, err = l.DescribeLogStreams(t.Context(), &sdk.DescribeLogStreamsInput{LogGroupName: aws.String(l.run + "app")})
	expectCode(t, err, "ResourceNotFoundException")
	_, err = l.DeleteLogGroup(t.Context(), &sdk.DeleteLogGroupInput{LogGroupName: aws.String(l.run + "app")})
	expectCode(t, err, "ResourceNotFoundException")
}

func TestAProtectedLogGroupIsNotDeleted(t *testing.T) {
	l := start(t, Limits{})
	_, err := l.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{
		LogGroupName: aws.String("app"), DeletionProtectionEnabled: aws.Bool(true),
	})
	must(t, err)
	_, err = l.DeleteLogGroup(t.Context(), &sdk.DeleteLogGroupInput{LogGroupName: aws.String("app")})
	expectCode(t, err, "ValidationException")
}

func TestRetentionTakesOnlyTheListedDaysAndHidesWhatIsOlder(t *testing.T) {
	l := start(t, Limits{})
	l.group(t, "app")
	_, err := l.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{
		LogGroupName: aws.String("app"), RetentionInDays: aws.Int32(4),
	})
	expectCode(t, err, "InvalidParameterException")
	l.append("app", "s", l.clock.Now().AddDate(0, 0, -2), "old")
	l.append("app", "s", l.clock.Now(), "new")
	_, err = l.PutRetentionPolicy(t.Context(), &sdk.PutRetentionPolicyInput{
		LogGroupName: aws.String("app"), RetentionInDays: aws.Int32(1),
	})
	must(t, err)
	if got := l.messages(t, &sdk.FilterLogEventsInput{LogGroupName: aws.String("app")}); !cmp.Equal(got, []string{"new"}) {
		t.Errorf("with a day of retention: %v", got)
	}
	_, err = l.DeleteRetentionPolicy(t.Context(), &sdk.DeleteRetentionPolicyInput{LogGroupName: aws.String("app")})
	must(t, err)
	if got := l.messages(t, &sdk.FilterLogEventsInput{
		LogGroupName: aws.String("app"),
	}); !cmp.Equal(got, []string{"old", "new"}) {
		t.Errorf("without retention: %v", got)
	}
}

func TestTagsAreKeptByTheARNWithoutAStar(t *testing.T) {
	l := start(t, Limits{})
	_, err := l.CreateLogGroup(t.Context(), &sdk.CreateLogGroupInput{
		LogGroupName: aws.String("app"), Tags: map[string]string{"a": "1"},
	})
	must(t, err)
	arn := aws.String("arn:aws:logs:eu-central-1:123456789012:log-group:app")
	_, err = l.TagResource(t.Context(), &sdk.TagResourceInput{ResourceArn: arn, Tags: map[string]string{"b": "2"}})
	must(t, err)
	_, err = l.UntagResource(t.Context(), &sdk.UntagResourceInput{ResourceArn: arn, TagKeys: []string{"a"}})
	must(t, err)
	out, err := l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: arn})
	must(t, err)
	if diff := cmp.Diff(map[string]string{"b": "2"}, out.Tags); diff != "" {
		t.Error(diff)
	}
	_, err = l.ListTagsForResource(t.Context(), &sdk.ListTagsForResourceInput{ResourceArn: aws.String(*arn + ":*")})
	expectCode(t, err, "InvalidParameterException")
}

func TestStreamsAreListedByNameOrByTheirLastEvent(t *testing.T) {
	l := start(t, Limits{})
	l.group(t, "app", "a", "b", "c")
	l.append("app", "b", l.clock.Now(), "late")
	l.append("app", "a", l.clock.Now().Add(-time.Minute), "early")
	for _, row := range []struct {
		in   sdk.DescribeLogStreamsInput
		want []string
		why  string
	}{
		{sdk.DescribeLogStreamsInput{}, []string{"a", "b", "c"}, "by name is the default"},
		{sdk.DescribeLogStreamsInput{OrderBy: types.OrderByLastEventTime, Descending: aws.Bool(true)},
			[]string{"b", "a", "c"}, "an empty stream is the oldest"},
		{sdk.DescribeLogStreamsInput{LogStreamNamePrefix: aws.String("c")}, []string{"c"}, "a prefix of the name"},
	} {
		row.in.LogGroupName = aws.String("app")
		out, err := l.DescribeLogStreams(t.Context(), &row.in)
		must(t, err)
		var got []string
		for _, s := range out.LogStreams {
			got = append(got, *s.LogStreamName)
		}
		if !cmp.Equal(got, row.want) {
			t.Errorf("%v, want %v: %s", got, row.want, row.why)
		}
	}
	_, err := l.DescribeLogStreams(t.Context(), &sdk.DescribeLogStreamsInput{
		LogGroupName: aws.String("app"), OrderBy: types.OrderByLastEventTime, LogStreamNamePrefix: aws.String("a"),
	})
	expectCode(t, err, "InvalidParameterException")
}

func TestAKeyIsAssociatedAndTakenAway(t *testing.T) {
	l := start(t, Limits{})
	l.group(t, "app")
	key := "arn:aws:kms:eu-central-1:123456789012:key/1"
	_, err := l.AssociateKmsKey(t.Context(), &sdk.AssociateKmsKeyInput{LogGroupName: aws.String("app"), KmsKeyId: &key})
	must(t, err)
	with, err := l.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{})
	must(t, err)
	_, err = l.DisassociateKmsKey(t.Context(), &sdk.DisassociateKmsKeyInput{LogGroupName: aws.String("app")})
	must(t, err)
	without, err := l.DescribeLogGroups(t.Context(), &sdk.DescribeLogGroupsInput{})
	must(t, err)
	if aws.ToString(with.LogGroups[0].KmsKeyId) != key || without.LogGroups[0].KmsKeyId != nil {
		t.Errorf("with %v, without %v", with.LogGroups[0].KmsKeyId, without.LogGroups[0].KmsKeyId)
	}
}
