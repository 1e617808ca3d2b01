package logs

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	sdk "github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatchlogs/types"
	"github.com/google/go-cmp/cmp"
)

// messages follows all pages of a search.
func (l *local) messages(t *testing.T, in *sdk.FilterLogEventsInput) []string {
	t.Helper()
	var got []string
	pages := sdk.NewFilterLogEventsPaginator(l, in)
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		must(t, err)
		for _, e := range page.Events {
			got = append(got, *e.Message)
		}
	}
	return got
}

func (l *local) put(t *testing.T, stream string, events ...types.InputLogEvent) (*sdk.PutLogEventsOutput, error) {
	t.Helper()
	return l.PutLogEvents(t.Context(), &sdk.PutLogEventsInput{
		LogGroupName: aws.String(l.run + "app"), LogStreamName: &stream, LogEvents: events,
	})
}

func line(at time.Time, message string) types.InputLogEvent {
	return types.InputLogEvent{Timestamp: aws.Int64(at.UnixMilli()), Message: &message}
}

func TestEventsOfAllStreamsComeInTheOrderOfTheirTime(t *testing.T) {
	l := start(t, Limits{})
	l.group(t, "app", "one", "two")
	now := l.clock.Now()
	_, err := l.put(t, "one", line(now, "1"), line(now.Add(2*time.Second), "3"))
	must(t, err)
	_, err = l.put(t, "two", line(now.Add(time.Second), "2"), line(now.Add(2*time.Second), "4"))
	must(t, err)
	if got := l.messages(t, &sdk.FilterLogEventsInput{
		LogGroupName: aws.String("app"),
	}); !cmp.Equal(got, []string{"1", "2", "3", "4"}) {
		t.Error(got)
	}
}

func TestABatchOfEventsIsRefusedAsAWhole(t *testing.T) {
	l := rule(t)
	l.group(t, l.run+"app", "one")
	now := l.now()
	for _, row := range []struct {
		events []types.InputLogEvent
		why    string
	}{
		{[]types.InputLogEvent{line(now, "b"), line(now.Add(-time.Second), "a")}, "events ascend in time"},
		{[]types.InputLogEvent{line(now.Add(-25*time.Hour), "a"), line(now, "b")}, "a batch spans at most a day"},
		{[]types.InputLogEvent{line(now, strings.Repeat("x", 1<<20))},
			"a batch has at most a MiB, 26 bytes per event included"},
	} {
		if _, err := l.put(t, "one", row.events...); codeOf(err) != "InvalidParameterException" {
			t.Errorf("%v: %s", err, row.why)
		}
	}
	if got := l.messages(t, &sdk.FilterLogEventsInput{LogGroupName: aws.String(l.run + "app")}); len(got) != 0 {
		t.Errorf("%d events of refused batches were kept", len(got))
	}
	_, err := l.put(t, "missing", line(now, "a"))
	expectCode(t, err, "ResourceNotFoundException")
}

func TestEventsTooOldOrTooNewAreReportedAndLeftOut(t *testing.T) {
	l := start(t, Limits{})
	l.group(t, "app", "one")
	now := l.clock.Now()
	out, err := l.put(t, "one", line(now.Add(-15*24*time.Hour), "too old"))
	must(t, err)
	if info := out.RejectedLogEventsInfo; info == nil || aws.ToInt32(info.TooOldLogEventEndIndex) != 1 {
		t.Errorf("too old: %+v", info)
	}
	out, err = l.put(t, "one", line(now, "kept"), line(now.Add(3*time.Hour), "too new"))
	must(t, err)
	if info := out.RejectedLogEventsInfo; info == nil || aws.ToInt32(info.TooNewLogEventStartIndex) != 1 {
		t.Errorf("too new: %+v", info)
	}
	if got := l.messages(t, &sdk.FilterLogEventsInput{
		LogGroupName: aws.String("app"),
	}); !cmp.Equal(got, []string{"kept"}) {
		t.Error(got)
	}
}

func TestFilterPatternsSelectByTerms(t *testing.T) {
	l := start(t, Limits{})
	lines := []string{"ERROR disk full", "WARN disk slow", "error lower case", "START RequestId: 8f-1", "[INFO] ok"}
	l.append("app", "s", l.clock.Now(), lines...)
	for _, row := range []struct {
		pattern string
		want    []string
		why     string
	}{
		{"", lines, "an empty pattern matches everything"},
		{"ERROR", lines[:1], "terms are case sensitive"},
		{"disk full", lines[:1], "all terms must occur"},
		{"?full ?slow", lines[:2], "one of the optional terms is enough"},
		{"disk -slow", lines[:1], "an excluded term must not occur"},
		{`"RequestId: 8f-1"`, lines[3:4], "quotes hold punctuation and spaces together"},
		{`"[INFO]"`, lines[4:], "brackets are quoted"},
		{"-ERROR -WARN -error", lines[3:], "only excluded terms"},
	} {
		got := l.messages(t, &sdk.FilterLogEventsInput{LogGroupName: aws.String("app"), FilterPattern: &row.pattern})
		if !cmp.Equal(got, row.want) {
			t.Errorf("%q found %v, want %v: %s", row.pattern, got, row.want, row.why)
		}
	}
	for _, pattern := range []string{"8f-1", `"open`, "{ $.level = 1 }", "%a.c%"} {
		_, err := l.FilterLogEvents(t.Context(), &sdk.FilterLogEventsInput{
			LogGroupName: aws.String("app"), FilterPattern: &pattern,
		})
		expectCode(t, err, "InvalidParameterException")
	}
}

func TestASearchGoesOnInPagesWhileEventsArrive(t *testing.T) {
	l := start(t, Limits{})
	for i := range 5 {
		l.append("app", "s", l.clock.Now(), fmt.Sprint(i))
	}
	in := &sdk.FilterLogEventsInput{LogGroupName: aws.String("app"), Limit: aws.Int32(2)}
	first, err := l.FilterLogEvents(t.Context(), in)
	must(t, err)
	l.append("app", "s", l.clock.Now().Add(-time.Minute), "before the mark")
	l.append("app", "s", l.clock.Now(), "5")
	in.NextToken = first.NextToken
	if got := l.messages(t, in); !cmp.Equal(got, []string{"2", "3", "4", "5"}) {
		t.Error(got)
	}
	in.NextToken = aws.String("made up")
	_, err = l.FilterLogEvents(t.Context(), in)
	expectCode(t, err, "InvalidParameterException")
}

func TestASearchIsNarrowedByTimeAndStream(t *testing.T) {
	l := start(t, Limits{})
	now := l.clock.Now()
	l.append("app", "2026/[1]a", now, "a")
	l.append("app", "2026/[2]b", now.Add(time.Second), "b")
	for _, row := range []struct {
		in   sdk.FilterLogEventsInput
		want []string
		why  string
	}{
		{sdk.FilterLogEventsInput{StartTime: aws.Int64(now.UnixMilli() + 1)}, []string{"b"}, "start"},
		{sdk.FilterLogEventsInput{EndTime: aws.Int64(now.UnixMilli())}, []string{"a"}, "the end is inclusive"},
		{sdk.FilterLogEventsInput{LogStreamNames: []string{"2026/[2]b"}}, []string{"b"}, "named streams"},
		{sdk.FilterLogEventsInput{LogStreamNamePrefix: aws.String("2026/[1]")}, []string{"a"}, "a prefix, as of one version"},
	} {
		row.in.LogGroupName = aws.String("app")
		if got := l.messages(t, &row.in); !cmp.Equal(got, row.want) {
			t.Errorf("%v, want %v: %s", got, row.want, row.why)
		}
	}
}

func TestTheTailCommandsRequestIsTaken(t *testing.T) {
	l := start(t, Limits{})
	l.append("/aws/lambda/app", "s", l.clock.Now(), "hello")
	got := l.messages(t, &sdk.FilterLogEventsInput{
		LogGroupIdentifier: aws.String("arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/app"),
		StartTime:          aws.Int64(l.clock.Now().Add(-10 * time.Minute).UnixMilli()),
		Interleaved:        aws.Bool(true), //nolint:staticcheck // aws logs tail still sends it
	})
	if !cmp.Equal(got, []string{"hello"}) {
		t.Error(got)
	}
}

func TestOneStreamIsReadInBothDirections(t *testing.T) {
	l := start(t, Limits{})
	for i := range 5 {
		l.append("app", "s", l.clock.Now().Add(time.Duration(i)*time.Second), fmt.Sprint(i))
	}
	in := &sdk.GetLogEventsInput{LogGroupName: aws.String("app"), LogStreamName: aws.String("s"), Limit: aws.Int32(2)}
	latest := l.get(t, in)
	if latest.text != "3 4" {
		t.Errorf("the newest come first: %s", latest.text)
	}
	in.NextToken = &latest.backward
	if before := l.get(t, in); before.text != "1 2" {
		t.Errorf("backward: %s", before.text)
	}
	in.NextToken = &latest.forward
	end := l.get(t, in)
	if end.text != "" || end.forward != latest.forward {
		t.Errorf("at the end the forward token stays: %q", end.text)
	}
	l.append("app", "s", l.clock.Now().Add(time.Minute), "5")
	if more := l.get(t, in); more.text != "5" {
		t.Errorf("forward after an arrival: %s", more.text)
	}
	if head := l.get(t, &sdk.GetLogEventsInput{
		LogGroupName: aws.String("app"), LogStreamName: aws.String("s"), StartFromHead: aws.Bool(true), Limit: aws.Int32(2),
	}); head.text != "0 1" {
		t.Errorf("from the head: %s", head.text)
	}
}

type read struct{ text, forward, backward string }

func (l *local) get(t *testing.T, in *sdk.GetLogEventsInput) read {
	t.Helper()
	out, err := l.GetLogEvents(t.Context(), in)
	must(t, err)
	var messages []string
	for _, e := range out.Events {
		messages = append(messages, *e.Message)
	}
	return read{strings.Join(messages, " "), *out.NextForwardToken, *out.NextBackwardToken}
}

func TestAStreamForgetsItsOldestEventsAtItsLimits(t *testing.T) {
	for _, row := range []struct {
		limits Limits
		want   []string
		why    string
	}{
		{Limits{StreamEvents: 2}, []string{"bb", "cc"}, "by number"},
		{Limits{StreamBytes: 2*eventOverhead + 5}, []string{"bb", "cc"}, "by size"},
	} {
		l := start(t, row.limits)
		l.append("app", "s", l.clock.Now(), "aa", "bb", "cc")
		if got := l.messages(t, &sdk.FilterLogEventsInput{LogGroupName: aws.String("app")}); !cmp.Equal(got, row.want) {
			t.Errorf("%v: %s", got, row.why)
		}
	}
}
